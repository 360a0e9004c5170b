"""Where on the portal what a notice tells of can be looked at."""

from typing import Any

from django.urls import reverse

from notices.kinds import KINDS
from notices.kinds.registry import ALERT

PAGES = {  # of kinds that name no thing of their own
    "digest": "tasks",
    "channel.down": "deliveries",
    "channel.stopped": "notice-settings",
    "mirror.stale": "sync",
    "mirror.set_aside": "sync",
}


def place_of(notice: Any) -> str:
    """The address; empty where there is none, or the notice is of a deal, which stands beside it with its name."""
    values = notice.values
    if notice.deal_id:
        return ""
    if notice.finding_id:
        return reverse("review-finding", args=[notice.finding_id])
    if "report" in values:
        return reverse("report", args=[values["report"]])
    if "decision" in values:
        return reverse("decision", args=[values["decision"]])
    if KINDS[notice.kind].source == ALERT:
        return f"{reverse('alerts')}?week={values['week']}"
    if "month" in values:
        return f"{reverse('my-month')}?period={values['month'][:7]}"
    if "rule" in values:
        return f"{reverse('rules')}#{values['rule']}"
    return reverse(PAGES[notice.kind]) if notice.kind in PAGES else ""
