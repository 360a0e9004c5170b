"""Traces of clients: workshops that are companies, chats, questions by telephone long after the deal."""

import uuid
from typing import TYPE_CHECKING, Protocol

from . import clients, fields
from .company import ACCOUNT_ID, LOST, ROBOT, WON
from .ledger import GROUP_OF, Deal
from .weeks import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from .traces import Traces

CHATTING = 0.12
WRITES_AGAIN = 0.55
ASKS_LATER = 0.1  # of those who bought
POSITIONS = ("Директор", "Мастер-приёмщик", "Закупщик", "Механик")


class Hearer(Protocol):
    def hear(self, event: dict) -> None: ...


class Companies:
    """A workshop becomes a company with its first wholesale deal; people and deals are tied to it."""

    def __init__(self, traces: "Traces") -> None:
        self.traces = traces
        self.ids: dict[str, int] = {}

    def hear(self, event: dict) -> None:
        if event["type"] != "lead_added":
            return
        deal = self.traces.lived[event["entity_id"]]
        if deal.born.key == "wholesale.request":
            name, by = deal.row["name"].partition("«")[2].partition("»")[0], event["created_by"]
            company = self.ids.get(name) or self._open(name, by)
            self._introduce(deal, name, company, by)

    def _open(self, name: str, by: int) -> int:
        traces, number = self.traces, len(self.ids) + 1
        company = self.ids[name] = 51900000 + 2 * number
        site = f"workshop{number}.example"
        values = [
            fields.standard("companies", "PHONE", clients.phone(traces.rng)),
            fields.standard("companies", "EMAIL", f"order@{site}"),
            fields.standard("companies", "WEB", f"https://{site}"),
            fields.standard(
                "companies", "ADDRESS", f"{traces.rng.choice(clients.CITIES)[0]}, промзона, {number}"
            ),
        ]
        traces.companies.append({
            "id": company, "name": f"«{name}»", "responsible_user_id": by, "group_id": GROUP_OF[by],
            "created_by": by, "updated_by": by, "created_at": traces.now, "updated_at": traces.now,
            "closest_task_at": None, "is_deleted": False, "custom_fields_values": values,
            "account_id": ACCOUNT_ID, "_embedded": {"tags": [], "companies": []},
        })  # fmt: skip
        traces.event("company_added", "company", company, by, [{"note": {"id": 96000000 + number}}])
        return company

    def _introduce(self, deal: Deal, name: str, company: int, by: int) -> None:
        traces, person = self.traces, self.traces.people[deal.contact]
        person["custom_fields_values"] += [
            fields.standard("contacts", "POSITION", traces.rng.choice(POSITIONS)),
            fields.standard("contacts", "EMAIL", f"p{deal.contact}@workshop{self._number(name)}.example"),
        ]
        person["_embedded"]["companies"] = [{"id": company}]
        deal.row["_embedded"]["companies"] = [{"id": company}]
        traces.link(("lead", deal.row["id"]), ("company", company), by)
        traces.link(("contact", deal.contact), ("company", company), by)

    def _number(self, name: str) -> int:
        return list(self.ids).index(name) + 1


class Chats:
    """Some of the chats from Авито are seen as such: the client writes, writes again, is answered, and it ends."""

    def __init__(self, traces: "Traces") -> None:
        self.traces = traces
        self.open: dict[int, dict] = {}
        self.answered: set[int] = set()

    def hear(self, event: dict) -> None:
        lead, kind = event["entity_id"], event["type"]
        if kind == "lead_added":
            deal = self.traces.lived[lead]
            if deal.born.key.startswith("avito.") and self.traces.chance(CHATTING):
                self._begin(deal)
        elif event["entity_type"] != "lead" or lead not in self.open or not event["created_by"]:
            return
        elif kind == "outgoing_call" and lead not in self.answered:
            self.answered.add(lead)
            self._say(lead, event["created_by"])
        elif kind == "lead_status_changed" and event["value_after"][0]["lead_status"]["id"] in (WON, LOST):
            self._end(lead, event["created_by"])

    def _begin(self, deal: Deal) -> None:
        traces, lead = self.traces, deal.row["id"]
        chat = str(uuid.UUID(int=traces.rng.getrandbits(128), version=4))
        number = len(traces.talks) + 1
        traces.chats.append({"id": number, "chat_id": chat, "contact_id": deal.contact})
        talk = {
            "talk_id": number, "created_at": traces.now, "updated_at": traces.now, "rate": 0,
            "contact_id": deal.contact, "chat_id": chat, "entity_id": lead, "entity_type": "lead",
            "is_in_work": True, "is_read": False, "origin": "avito", "missed_at": None, "account_id": ACCOUNT_ID,
        }  # fmt: skip
        traces.talks.append(talk)
        self.open[lead] = talk
        traces.event("talk_created", "lead", lead, after=[{"talk": {"id": number}}])
        self._say(lead)
        self._plan_another(lead)

    def _plan_another(self, lead: int) -> None:
        if self.traces.chance(WRITES_AGAIN):
            wait = self.traces.rng.randint(MINUTE, 3 * HOUR)
            self.traces.plan(self.traces.now + wait, lambda: self._write_again(lead))

    def _write_again(self, lead: int) -> None:
        if lead in self.open:
            self._say(lead)
            self._plan_another(lead)

    def _say(self, lead: int, by: int = ROBOT) -> None:
        traces, talk = self.traces, self.open[lead]
        talk["updated_at"], talk["is_read"] = traces.now, bool(by)
        message = {"id": str(uuid.UUID(int=traces.rng.getrandbits(128), version=4)), "origin": "avito",
                   "talk_id": talk["talk_id"]}  # fmt: skip
        kind = "outgoing_chat_message" if by else "incoming_chat_message"
        traces.event(kind, "lead", lead, by, [{"message": message}])

    def _end(self, lead: int, by: int) -> None:
        talk = self.open.pop(lead)
        talk.update(is_in_work=False, is_read=True, updated_at=self.traces.now)
        self.traces.event("talk_closed", "lead", lead, by, [{"talk": {"id": talk["talk_id"]}}])


class ContactCalls:
    """Days after the deal a buyer rings up again: no deal is open, so the call stands on the person."""

    def __init__(self, traces: "Traces") -> None:
        self.traces = traces

    def hear(self, event: dict) -> None:
        traces = self.traces
        if event["type"] != "lead_status_changed" or event["value_after"][0]["lead_status"]["id"] != WON:
            return
        deal = traces.lived[event["entity_id"]]
        if deal.born.key.startswith(("sales.", "avito.")) and traces.chance(ASKS_LATER):
            at = traces.now + traces.rng.randint(2 * DAY, 20 * DAY)
            traces.plan(at, lambda: self._ring(deal, traces.owners[deal.row["id"]]))

    def _ring(self, deal: Deal, owner: int) -> None:
        traces, note = self.traces, self.traces.new_id("note")
        if note is None:
            return
        answered = traces.on_shift(owner, traces.now)
        seconds, by = (traces.rng.randint(20, 240), owner) if answered else (0, ROBOT)
        person = traces.people[deal.contact]
        phone = person["custom_fields_values"][0]["values"][0]["value"]
        traces.notes.append({
            "id": note, "entity_id": deal.contact, "entity_type": "contacts", "created_by": by, "updated_by": by,
            "created_at": traces.now, "updated_at": traces.now, "responsible_user_id": owner,
            "group_id": GROUP_OF[owner], "note_type": "call_in", "account_id": ACCOUNT_ID,
            "params": {"uniq": f"q{note}", "duration": seconds, "source": "АТС", "link": None, "phone": phone,
                       "call_result": "", "call_status": 4 if seconds else 6, "call_responsible": owner},
        })  # fmt: skip
        traces.event("incoming_call", "contact", deal.contact, by, [{"note": {"id": note}}])
