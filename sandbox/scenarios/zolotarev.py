"""The demo company `zolotarev`: six months of a workshop for air suspension, told forward up to «now»."""

from datetime import datetime
from typing import Any

from . import arrivals, company, fields, incoming, people, turns
from .office import Office
from .weeks import DAY


def build(seed: int, now: datetime) -> dict[str, Any]:
    """Everything that `--load` takes, with `unsorted` for the incoming leads. Nothing in it is later than `now`."""
    office = Office(seed, now)
    arrivals.open_doors(office)
    turns.begin(office)
    office.run()
    founded = office.start - 400 * DAY
    ledger, loss_reasons = office.ledger, company.loss_reasons(founded)
    return {
        "account": company.account(founded, people.HEAD.user_id),
        "users": people.users(),
        "pipelines": company.pipelines(),
        "custom_fields": fields.dictionary(),
        "loss_reasons": loss_reasons,
        "unsorted": incoming.unsorted(ledger),
        "contacts": ledger.contacts,
        "leads": ledger.leads(loss_reasons),
        "tasks": ledger.tasks,
        "events": ledger.events,
        "notes": ledger.notes,
    }
