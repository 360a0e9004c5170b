"""The demo company `zolotarev`: six months of a workshop for air suspension, told forward up to «now»."""

from datetime import datetime
from typing import Any

from . import arrivals, company, deletions, fields, incoming, people, traces, turns
from .office import Office
from .weeks import DAY


def build(seed: int, now: datetime) -> dict[str, Any]:
    """Everything that `--load` takes, with `unsorted` for the incoming leads. Nothing in it is later than `now`."""
    office = Office(seed, now)
    arrivals.open_doors(office)
    turns.begin(office)
    office.run()
    left = traces.leave(office, seed)
    founded = office.start - 400 * DAY
    ledger, loss_reasons = office.ledger, company.loss_reasons(founded)
    return {
        "account": company.account(founded, people.HEAD.user_id),
        "users": people.users(),
        "pipelines": company.pipelines(),
        "custom_fields": fields.dictionary(),
        "loss_reasons": loss_reasons,
        "unsorted": incoming.unsorted([*ledger.deals, *deletions.standing(left)], ledger.contacts),
        "contacts": ledger.contacts + left.contacts,
        "companies": left.companies,
        "leads": ledger.leads(loss_reasons) + [deal.row for deal in left.deals],
        "tasks": ledger.tasks,
        "events": sorted(ledger.events + left.events, key=_place),
        "notes": ledger.notes + left.notes,
        "chats": left.chats,
        "talks": left.talks,
    }


def _place(event: dict[str, Any]) -> tuple[int, str]:
    return event["created_at"], event["id"]
