"""Each rule's norm is a part of one document from here on; the columns say the same and go with the next step."""

from datetime import timedelta

from django.db import migrations

from qc.rules.parameters import read_length, write_length

# rule → parameter → the column that it had
COLUMNS = {
    "deal.stuck": {"max_stay": "max_stay", "clock": "stay_clock"},
    "task.none": {"demanded": "needs_task", "grace": "task_grace"},
    "field.missing": {"fields": "required_fields", "grace": "fields_grace"},
}
DEFAULTS = {"stay_clock": "calendar", "needs_task": False, "required_fields": []}


def document(row):
    found = {}
    for rule, columns in COLUMNS.items():
        for name, column in columns.items():
            value = getattr(row, column)
            if value == DEFAULTS.get(column):
                continue
            if isinstance(value, timedelta):
                value = write_length(value, days=column == "max_stay" and row.stay_clock == "calendar")
            elif isinstance(value, list):
                value = list(map(str, value))
            found.setdefault(rule, {})[name] = value
    return found


def forwards(apps, schema_editor):
    rows = list(apps.get_model("qc", "Regulation").objects.all())
    for row in rows:
        row.norms = document(row)
    apps.get_model("qc", "Regulation").objects.bulk_update(rows, ["norms"], batch_size=500)


def backwards(apps, schema_editor):
    for row in apps.get_model("qc", "Regulation").objects.all():
        for rule, columns in COLUMNS.items():
            for name, column in columns.items():
                value = row.norms.get(rule, {}).get(name, DEFAULTS.get(column))
                long = column in ("max_stay", "task_grace", "fields_grace") and value is not None
                setattr(row, column, read_length(value) if long else value)
        row.save()


class Migration(migrations.Migration):
    dependencies = [("qc", "0002_regulation_norms")]

    operations = [migrations.RunPython(forwards, backwards)]
