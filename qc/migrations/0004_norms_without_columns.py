from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("qc", "0003_norms_from_columns")]

    operations = [
        migrations.RemoveField(model_name="regulation", name=name)
        for name in (
            "max_stay",
            "stay_clock",
            "needs_task",
            "task_grace",
            "required_fields",
            "fields_grace",
        )
    ]
