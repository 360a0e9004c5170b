"""What a part of the company calls for, as rows: what to do, why, whose it is, by when, and what it may bring."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from core import moment
from core.zone import local_day
from metrics.proposals import GONE, OWNERLESS, Proposal, due_on
from notices import decisions as life
from notices import proposed
from notices.decision_wording import ICONS, Names, describe
from web.frame.scope import Scope

GRAVE = (GONE, OWNERLESS)  # nobody answers for these


def propose_within(scope: Scope) -> proposed.Proposed:
    """What the part of the company calls for that somebody looks at, hidden piles too."""
    people = None if scope.everybody else list(scope.people)
    stages = scope.stages if "pipeline" in scope.chosen else None
    return proposed.list_proposals(moment.now(), people, stages=stages, with_hidden=True)


def list_within(scope: Scope, reader: Any) -> tuple[list[Proposal], datetime]:
    """What is proposed of it to the reader and as of when, without the deals one by one."""
    people = None if scope.everybody else list(scope.people)
    stages = scope.stages if "pipeline" in scope.chosen else None
    return proposed.list_piles(moment.now(), people, stages, reader)


def draw_proposals(proposals: Sequence[Proposal], now: datetime) -> list[dict[str, Any]]:
    """Three statements, whatever the number."""
    said, staff, today = (
        Names([life.facts_of(one) for one in proposals]),
        life.Staff(local_day(now)),
        local_day(now),
    )
    return [
        {
            "proposal": one,
            "icon": ICONS[one.kind],
            "owner": staff.find_owner(one),
            "due_on": due_on(one, today),
            "due": say_due(due_on(one, today), today),
            "tone": "bad" if one.kind in GRAVE else "warn",
            **dict(zip(("title", "why", "how"), describe(one, said), strict=True)),
        }
        for one in proposals
    ]


def say_due(day: date, today: date) -> str:
    days = (day - today).days
    return {0: _("today"), 1: _("tomorrow")}.get(days, "")
