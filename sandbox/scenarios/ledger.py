"""The account's books: every act changes a row and leaves the event that amoCRM would show."""

from collections.abc import Mapping
from typing import Any

from . import fields as cf
from .clients import Need
from .company import ACCOUNT_ID, LOSS_REASONS, LOST, ROBOT, STAGES, WON, Stage
from .fields import Field, Value
from .people import STAFF, group_id

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # half a million numbers are written
_PLACES = range(120, -1, -10)
_TAG_COLORS = {"авито": "C6F4DE", "сайт": "86C0FC", "звонок": "FFE193", "повторный": "D1A4DC", "опт": "FFCE5A",
               "прогрев": "FFC8C8", "бот": None}  # fmt: skip
_TAGS = {name: {"id": 340000 + n, "name": name, "color": color}
         for n, (name, color) in enumerate(_TAG_COLORS.items(), 1)}  # fmt: skip
GROUP_OF = {person.user_id: group_id(person) for person in STAFF}


def ulid(moment: int, sequence: int) -> str:
    """26 characters: milliseconds, a running number, a tail without meaning; sorts by time of writing."""
    return event_number(moment * 1000, sequence)


def event_number(milliseconds: int, sequence: int) -> str:
    number = (milliseconds << 80) | (sequence << 40) | (sequence * 0x9E3779B97F & 0xFFFFFFFFFF)
    return "".join([_PAIRS[number >> place & 1023] for place in _PLACES])


class Deal:
    """A lead's row with what the story has to know about it. `dropped`: somebody else ended its story.

    `born` and `born_to` are the stage and the owner that it began with.
    """

    __slots__ = ("row", "tasks", "filled", "stage", "dropped", "need", "born", "born_to")

    def __init__(self, row: dict, stage: Stage, need: Need) -> None:
        self.row = row
        self.tasks: list[dict] = []
        self.filled: dict[Field, list[dict]] = {}
        self.stage = self.born = stage
        self.born_to: int = row["responsible_user_id"]
        self.dropped = False
        self.need = need

    @property
    def owner(self) -> int:
        return self.row["responsible_user_id"]

    @property
    def contact(self) -> int:
        """The main contact, the only one."""
        return self.row["_embedded"]["contacts"][0]["id"]

    @property
    def is_closed(self) -> bool:
        return self.stage.status in (WON, LOST)


class Ledger:
    def __init__(self) -> None:
        self.deals: list[Deal] = []
        self.contacts: list[dict] = []
        self.tasks: list[dict] = []
        self.notes: list[dict] = []
        self.events: list[dict] = []
        self.open_tasks: dict[int, dict[int, dict]] = {}
        self._deal_of_task: dict[int, Deal] = {}
        self._phones: dict[int, str] = {}

    def add_contact(self, at: int, owner: int, name: tuple[str, str], phone: str) -> int:
        first, last = name
        row: dict[str, Any] = {
            "id": 51300001 + 2 * len(self.contacts), "name": f"{first} {last}".strip(), "first_name": first,
            "last_name": last, "responsible_user_id": owner, "group_id": GROUP_OF[owner], "created_by": ROBOT,
            "updated_by": ROBOT, "created_at": at, "updated_at": at, "closest_task_at": None,
            "is_deleted": False,
            "is_unsorted": False, "custom_fields_values": cf.phone(phone), "account_id": ACCOUNT_ID,
            "_embedded": {"tags": [], "companies": []},
        }  # fmt: skip
        self.contacts.append(row)
        self._phones[row["id"]] = phone
        return row["id"]

    def add_deal(self, at: int, by: int, owner: int, stage: str, need: Need, contact: int,
                 tags: tuple[str, ...],
                 filled: Mapping[Field, Value], name: str = "") -> Deal:  # fmt: skip
        place = STAGES[stage]
        row: dict[str, Any] = {
            "id": 41200001 + 2 * len(self.deals), "name": name or need.title, "price": 0,
            "responsible_user_id": owner,
            "group_id": GROUP_OF[owner], "status_id": place.status, "pipeline_id": place.pipeline,
            "loss_reason_id": None, "created_by": by, "updated_by": by, "created_at": at, "updated_at": at,
            "closed_at": None, "closest_task_at": None, "is_deleted": False, "custom_fields_values": None,
            "score": None, "account_id": ACCOUNT_ID, "labor_cost": None,
            "_embedded": {"tags": [dict(_TAGS[tag]) for tag in tags], "companies": [],
                          "contacts": [{"id": contact, "is_main": True}], "loss_reason": []},
        }  # fmt: skip
        deal = Deal(row, place, need)
        deal.filled = {field: cf.values(field, value) for field, value in filled.items()}
        self.deals.append(deal)
        self._event(
            at, by, "lead_added", "lead", row["id"], [{"note": {"id": 90000000 + len(self.deals)}}], []
        )
        return deal

    def move(self, deal: Deal, at: int, by: int, stage: str, loss: str | None = None) -> None:
        """To another stage; 143 takes a loss reason, which goes with the closing date when a deal is reopened."""
        before, after = deal.stage, STAGES[stage]
        deal.stage = after
        row = deal.row
        row["pipeline_id"], row["status_id"] = after.pipeline, after.status
        row["closed_at"] = at if deal.is_closed else None
        row["loss_reason_id"] = LOSS_REASONS[loss][0] if loss else None
        self._edited(deal, at, by, "lead_status_changed", _status(after), _status(before))

    def set_price(self, deal: Deal, at: int, by: int, price: int) -> None:
        before, deal.row["price"] = deal.row["price"], price
        self._edited(deal, at, by, "sale_field_changed", [{"sale_field_value": {"sale": price}}],
                     [{"sale_field_value": {"sale": before or None}}])  # fmt: skip

    def set_owner(self, deal: Deal, at: int, by: int, owner: int) -> None:
        before = deal.owner
        deal.row["responsible_user_id"], deal.row["group_id"] = owner, GROUP_OF[owner]
        self._edited(deal, at, by, "entity_responsible_changed", [{"responsible_user": {"id": owner}}],
                     [{"responsible_user": {"id": before}}])  # fmt: skip

    def set_field(self, deal: Deal, at: int, by: int, field: Field, value: Value) -> None:
        before, after = deal.filled.get(field, []), cf.values(field, value)
        deal.filled[field] = after
        self._edited(deal, at, by, f"custom_field_{field.id}_value_changed", cf.in_event(field, after),
                     cf.in_event(field, before))  # fmt: skip

    def add_tag(self, deal: Deal, at: int, by: int, tag: str) -> None:
        deal.row["_embedded"]["tags"].append(dict(_TAGS[tag]))
        self._edited(deal, at, by, "entity_tag_added", [{"tag": {"name": tag}}], [])

    def add_task(self, deal: Deal, at: int, by: int, owner: int, kind: int, text: str, due: int) -> dict:
        task = {
            "id": 61500001 + 2 * len(self.tasks), "created_by": by, "updated_by": by, "created_at": at,
            "updated_at": at, "responsible_user_id": owner, "group_id": GROUP_OF[owner],
            "entity_id": deal.row["id"],
            "entity_type": "leads", "duration": 0, "is_completed": False, "task_type_id": kind, "text": text,
            "result": [], "complete_till": due, "account_id": ACCOUNT_ID,
        }  # fmt: skip
        self.tasks.append(task)
        deal.tasks.append(task)
        self.open_tasks.setdefault(owner, {})[task["id"]] = task
        self._deal_of_task[task["id"]] = deal
        self._event(at, by, "task_added", "task", task["id"], [], [])
        return task

    def complete(self, task: dict, at: int, by: int, result: str) -> None:
        task.update(
            is_completed=True, updated_at=at, updated_by=by, result={"text": result} if result else []
        )
        self._deal_of_task[task["id"]].tasks.remove(task)
        del self.open_tasks[task["responsible_user_id"]][task["id"]]
        self._event(at, by, "task_completed", "task", task["id"], [], [])

    def postpone(self, task: dict, at: int, by: int, due: int) -> None:
        before = task["complete_till"]
        task.update(complete_till=due, updated_at=at, updated_by=by)
        self._event(at, by, "task_deadline_changed", "task", task["id"],
                    [{"task_deadline": {"timestamp": due}}],
                    [{"task_deadline": {"timestamp": before}}])  # fmt: skip

    def deal_of(self, task: dict) -> Deal:
        return self._deal_of_task[task["id"]]

    def call(self, deal: Deal, at: int, by: int, outgoing: bool, seconds: int, phone: str) -> None:
        """Written when the call has ended; a call of 0 seconds was not answered."""
        params = {
            "uniq": f"z{len(self.notes):07d}", "duration": seconds, "source": "АТС", "link": None,
            "phone": phone,
            "call_result": "", "call_status": 4 if seconds else 6, "call_responsible": deal.owner,
        }  # fmt: skip
        self._note(deal, at, by, "call_out" if outgoing else "call_in", params,
                   "outgoing_call" if outgoing else "incoming_call")  # fmt: skip

    def note(self, deal: Deal, at: int, by: int, text: str) -> None:
        self._note(deal, at, by, "common", {"text": text}, "common_note_added")

    def phone_of(self, deal: Deal) -> str:
        return self._phones[deal.row["_embedded"]["contacts"][0]["id"]]

    def leads(self, loss_reasons: list[dict]) -> list[dict]:
        """The rows as they are read at the end of the story."""
        reasons = {reason["id"]: reason for reason in loss_reasons}
        for deal in self.deals:
            row = deal.row
            row["closest_task_at"] = min((task["complete_till"] for task in deal.tasks), default=None)
            row["custom_fields_values"] = cf.in_lead(deal.filled)
            lost = row["loss_reason_id"]
            row["_embedded"]["loss_reason"] = [dict(reasons[lost])] if lost else []
        return [deal.row for deal in self.deals]

    def _note(self, deal: Deal, at: int, by: int, kind: str, params: dict, event: str) -> None:
        note = {
            "id": 71800001 + 2 * len(self.notes), "entity_id": deal.row["id"], "entity_type": "leads",
            "created_by": by, "updated_by": by, "created_at": at, "updated_at": at,
            "responsible_user_id": deal.owner, "group_id": deal.row["group_id"], "note_type": kind,
            "params": params,
            "account_id": ACCOUNT_ID,
        }  # fmt: skip
        self.notes.append(note)
        self._event(at, by, event, "lead", deal.row["id"], [{"note": {"id": note["id"]}}], [])

    def _edited(self, deal: Deal, at: int, by: int, kind: str, after: list[dict], before: list[dict]) -> None:
        deal.row["updated_at"], deal.row["updated_by"] = at, by
        self._event(at, by, kind, "lead", deal.row["id"], after, before)

    def _event(self, at: int, by: int, kind: str, entity: str, entity_id: int, after: list[dict],
               before: list[dict]) -> None:  # fmt: skip
        self.events.append({
            "id": ulid(at, len(self.events) + 1), "type": kind, "entity_id": entity_id, "entity_type": entity,
            "created_by": by, "created_at": at, "value_after": after, "value_before": before,
            "account_id": ACCOUNT_ID,
        })  # fmt: skip


def _status(stage: Stage) -> list[dict]:
    return [{"lead_status": {"id": stage.status, "pipeline_id": stage.pipeline}}]
