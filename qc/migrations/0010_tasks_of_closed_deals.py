"""Tasks of closed deals are held against nobody from now on; what was judged before stays as it was."""

from typing import Any

from django.db import migrations
from django.utils import timezone

RULE = "task.overdue"


def date_the_default(apps: Any, _schema: Any) -> None:
    mode = apps.get_model("qc", "RuleMode").objects.filter(rule=RULE, norm={}).first()
    if mode is None:
        return  # a new portal begins with the new default
    apps.get_model("qc", "RuleStep").objects.create(
        rule=RULE, mode=mode.mode, weight=mode.weight, norm={"counted": True}, since=mode.since
    )
    mode.since = timezone.now()
    mode.save(update_fields=["since"])


class Migration(migrations.Migration):
    dependencies = [("qc", "0009_drafts_signatures_and_switches")]

    operations = [migrations.RunPython(date_the_default, migrations.RunPython.noop)]
