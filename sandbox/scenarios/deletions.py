"""Traces of what should not have been: a request sent twice and merged, spam deleted, a task set by mistake."""

from typing import TYPE_CHECKING

from . import clients
from .company import ACCOUNT_ID, ROBOT, STAGES
from .ledger import GROUP_OF, Deal
from .people import MANAGERS, QUALIFIER
from .weeks import HOUR, MINUTE

if TYPE_CHECKING:
    from .traces import Traces

TWICE = {"avito.unsorted": 0.12, "sales.unsorted": 0.03}
SPAM = 0.008  # as many as that share of the chats
TWIN_TASKS = 0.005  # of the tasks that people set


def add_lead(traces: "Traces", like: Deal, owner: int, contact: int) -> Deal | None:
    """A lead of the traces' own, born now where `like` was born."""
    lead = traces.new_id("lead")
    if lead is None:
        return None
    row = {
        **like.row, "id": lead, "price": 0, "responsible_user_id": owner, "group_id": GROUP_OF[owner],
        "status_id": like.born.status, "pipeline_id": like.born.pipeline, "loss_reason_id": None,
        "created_by": ROBOT, "updated_by": ROBOT, "created_at": traces.now, "updated_at": traces.now,
        "closed_at": None, "closest_task_at": None, "custom_fields_values": None,
        "_embedded": {"tags": [], "companies": [], "contacts": [{"id": contact, "is_main": True}],
                      "loss_reason": []},
    }  # fmt: skip
    deal = Deal(row, like.born, like.need)
    traces.deals.append(deal)
    traces.event("lead_added", "lead", lead, after=[{"note": {"id": 97000000 + len(traces.deals)}}])
    traces.link(("lead", lead), ("contact", contact), ROBOT)
    return deal


def delete_lead(traces: "Traces", deal: Deal, by: int) -> None:
    deal.row.update(is_deleted=True, updated_at=traces.now, updated_by=by)
    traces.event("lead_deleted", "lead", deal.row["id"], by)


class Duplicates:
    """A client sends the form twice, or writes twice: whoever takes up the first request merges the second into it.

    The merge falls on the second of that move, so the first request is edited no later than it was. A second request
    that nobody gets to within two hours is thrown away by the robot.
    """

    def __init__(self, traces: "Traces") -> None:
        self.traces = traces
        self.waiting: dict[int, Deal] = {}

    def hear(self, event: dict) -> None:
        traces, lead = self.traces, event["entity_id"]
        if event["type"] == "lead_added":
            deal = traces.lived[lead]
            if traces.chance(TWICE.get(deal.born.key, 0)):
                traces.plan(traces.now + traces.rng.randint(5, 50), lambda: self._come(deal))
        elif event["type"] == "lead_status_changed" and lead in self.waiting:
            self._merge(lead, self.waiting.pop(lead), event["created_by"])

    def _come(self, first: Deal) -> None:
        second = add_lead(self.traces, first, first.born_to, first.contact)
        if second is not None:
            lead = first.row["id"]
            self.waiting[lead] = second
            self.traces.plan(self.traces.now + 2 * HOUR, lambda: self._give_up(lead, second))

    def _give_up(self, lead: int, second: Deal) -> None:
        if self.waiting.get(lead) is second:
            delete_lead(self.traces, self.waiting.pop(lead), ROBOT)

    def _merge(self, survivor: int, loser: Deal, by: int) -> None:
        """As in amoCRM, what the loser went through is told by the survivor from now on."""
        for event in self.traces.events:
            if (event["entity_type"], event["entity_id"]) == ("lead", loser.row["id"]):
                event["entity_id"] = survivor
        self.traces.event("entity_merged", "lead", survivor, by)
        delete_lead(self.traces, loser, by)


class Spam:
    """Now and then it is no client who writes: somebody on shift deletes deal and contact."""

    def __init__(self, traces: "Traces") -> None:
        self.traces = traces

    def hear(self, event: dict) -> None:
        traces = self.traces
        if event["type"] == "lead_added":
            deal = traces.lived[event["entity_id"]]
            if deal.born.key == "avito.chat" and traces.chance(SPAM):
                traces.plan(traces.now + traces.rng.randint(1, 4) * MINUTE, lambda: self._come(deal))

    def _come(self, like: Deal) -> None:
        traces = self.traces
        seen_at = traces.now + traces.rng.randint(2, 20) * MINUTE
        crew = [p.user_id for p in (QUALIFIER, *MANAGERS) if traces.on_shift(p.user_id, seen_at)]
        contact = traces.new_id("contact") if crew else None
        if contact is None:
            return
        first, last = clients.person(traces.rng)
        traces.contacts.append({
            **traces.people[like.contact], "id": contact, "name": f"{first} {last}".strip(), "first_name": first,
            "last_name": last, "responsible_user_id": QUALIFIER.user_id, "group_id": GROUP_OF[QUALIFIER.user_id],
            "created_at": traces.now, "updated_at": traces.now, "custom_fields_values": None,
            "account_id": ACCOUNT_ID, "_embedded": {"tags": [], "companies": []},
        })  # fmt: skip
        person = traces.contacts[-1]
        traces.event(
            "contact_added", "contact", contact, after=[{"note": {"id": 98000000 + len(traces.contacts)}}]
        )
        deal = add_lead(traces, like, QUALIFIER.user_id, contact)
        if deal is not None:
            by = traces.rng.choice(crew)
            traces.plan(seen_at, lambda: self._delete(deal, person, by))

    def _delete(self, deal: Deal, person: dict, by: int) -> None:
        delete_lead(self.traces, deal, by)
        person.update(is_deleted=True, updated_at=self.traces.now, updated_by=by)
        self.traces.event("contact_deleted", "contact", person["id"], by)


class TwinTasks:
    """A task is set twice by a double click, and the second one deleted at once: only the log knows of it."""

    def __init__(self, traces: "Traces") -> None:
        self.traces = traces

    def hear(self, event: dict) -> None:
        if event["type"] == "task_added" and event["created_by"] and self.traces.chance(TWIN_TASKS):
            for kind in ("task_added", "task_deleted"):
                self.traces.event(kind, "task", event["entity_id"] + 1, event["created_by"])


def standing(traces: "Traces") -> list[Deal]:
    """Second requests that still wait for somebody, in «Неразобранное»."""
    return [deal for deal in traces.deals if not deal.row["is_deleted"] and deal.stage in _INCOMING]


_INCOMING = [STAGES[key] for key in TWICE]
