"""What a year leaves in an account besides deals and tasks: companies, chats, calls on people, duplicates, spam, links.

It is told after the company's life, by walking once more through its events in order of time and drawing from a random
source of its own: so the life itself stays as it was, whatever is added here. Every decision rests on what had happened
by its moment, so a later «now» still continues the same life.
"""

import heapq
import random
from collections.abc import Callable
from typing import Any

from . import clientele, deletions
from .company import ACCOUNT_ID, ROBOT
from .ledger import Deal, event_number
from .office import Office

Act = Callable[[], None]
HALF_A_SECOND = 500  # milliseconds in an id: within one second, traces stand after what they hang on


class Traces:
    """The walk. `now` is its moment; rows of its own get the even ids next to those that the life has given last."""

    def __init__(self, office: Office, seed: int) -> None:
        ledger = office.ledger
        self.rng = random.Random(f"traces of {seed}")
        self.shifts = office.shifts
        self.now = office.start
        self.lived: dict[int, Deal] = {deal.row["id"]: deal for deal in ledger.deals}
        self.people: dict[int, dict] = {row["id"]: row for row in ledger.contacts}
        self.known: set[int] = set()
        """Contacts that have appeared by now."""
        self.owners: dict[int, int] = {}
        """Whose each deal is by now."""
        self.deals: list[Deal] = []
        self.contacts: list[dict] = []
        self.companies: list[dict] = []
        self.notes: list[dict] = []
        self.chats: list[dict] = []
        self.talks: list[dict] = []
        self.events: list[dict] = []
        self._until = office.until
        self._past = list(ledger.events)
        self._plans: list[tuple[int, int, Act]] = []
        self._planned = 0
        self._last = {"lead": 0, "contact": 0, "note": 0}
        self._taken: set[int] = set()

    def walk(self) -> None:
        hearers: tuple[clientele.Hearer, ...] = (
            clientele.Companies(self),
            clientele.Chats(self),
            clientele.ContactCalls(self),
            deletions.Duplicates(self),
            deletions.Spam(self),
            deletions.TwinTasks(self),
        )
        for event in self._past:
            self._carry_out(event["created_at"] - 1)
            self.now = event["created_at"]
            self._remember(event)
            for hearer in hearers:
                hearer.hear(event)
        self._carry_out(self._until)

    def plan(self, at: int, act: Act) -> None:
        """Do it at that moment, if the story gets so far."""
        self._planned += 1
        heapq.heappush(self._plans, (at, self._planned, act))

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def on_shift(self, user_id: int, at: int) -> bool:
        return self.shifts[user_id].on(at)

    def new_id(self, kind: str) -> int | None:
        """The even id right after the last one of the life; None when it is given away already."""
        found = self._last[kind] + 1
        if found == 1 or found in self._taken:
            return None
        self._taken.add(found)
        return found

    def event(
        self, kind: str, entity: str, entity_id: int, by: int = ROBOT, after: Any = (), before: Any = ()
    ) -> dict:
        row = {
            "id": event_number(self.now * 1000 + HALF_A_SECOND, len(self.events) + 1), "type": kind,
            "entity_id": entity_id, "entity_type": entity, "created_by": by, "created_at": self.now,
            "value_after": list(after), "value_before": list(before), "account_id": ACCOUNT_ID,
        }  # fmt: skip
        self.events.append(row)
        return row

    def link(self, owner: tuple[str, int], part: tuple[str, int], by: int) -> None:
        """Two cards are tied together: both tell it."""
        for one, other in ((owner, part), (part, owner)):
            kind = "entity_linked" if one == owner else f"{other[0]}_linked"
            self.event(kind, *one, by, [{"link": {"entity": {"type": other[0], "id": other[1]}}}])

    def _carry_out(self, until: int) -> None:
        while self._plans and self._plans[0][0] <= until:
            self.now, _, act = heapq.heappop(self._plans)
            act()

    def _remember(self, event: dict) -> None:
        if event["type"] == "lead_added":
            deal = self.lived[event["entity_id"]]
            self.owners[deal.row["id"]] = deal.born_to
            self._last["lead"] = deal.row["id"]
            self._meet(deal, event)
        elif event["type"] == "entity_responsible_changed" and event["entity_type"] == "lead":
            self.owners[event["entity_id"]] = event["value_after"][0]["responsible_user"]["id"]
        elif event["value_after"] and "note" in event["value_after"][0]:
            self._last["note"] = event["value_after"][0]["note"]["id"]

    def _meet(self, deal: Deal, event: dict) -> None:
        """A new contact appears; one that was known is tied to the deal."""
        contact = deal.contact
        if contact in self.known:
            self.link(("lead", deal.row["id"]), ("contact", contact), event["created_by"])
            return
        self.known.add(contact)
        self._last["contact"] = contact
        self.event("contact_added", "contact", contact, after=[{"note": {"id": 95000000 + len(self.known)}}])


def leave(office: Office, seed: int) -> Traces:
    """The traces of the life that `office` has told. Its deals, tasks, stages, people and times stay as they are."""
    traces = Traces(office, seed)
    traces.walk()
    return traces
