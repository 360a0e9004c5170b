"""What people, clients and the robot do in a living company: acts on a World, each one step after another.

An act is a generator; what it yields are the seconds that pass before its next step.
"""

from collections.abc import Generator, Iterator
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.rows import ContactRef

from . import clients, fields, phrases
from .company import CALL, LOSS_REASONS, LOST, MEETING, ROBOT, STAGES, Stage
from .people import NEVER_LEFT, Employee, Habits
from .shifts import company_term
from .weeks import HOUR

if TYPE_CHECKING:
    from sandbox.world import World

Act = Iterator[float]


class Onward(NamedTuple):
    """The next stage, and the chances that a visit brings the deal there or closes it as lost."""

    to: str
    on: float
    lost: float
    priced: bool = False


ONWARD = {
    "sales.unsorted": Onward("sales.taken", 1, 0),
    "sales.taken": Onward("sales.target", 0.6, 0.2),
    "sales.target": Onward("sales.contact", 0.28, 0.4),
    "sales.contact": Onward("sales.qualified", 0.85, 0.03, True),
    "sales.qualified": Onward("sales.payment", 0.65, 0.08),
    "sales.waiting": Onward("sales.payment", 0.3, 0.15),
    "sales.payment": Onward("sales.ready", 0.85, 0.04),
    "sales.ready": Onward("sales.won", 0.75, 0.02),
    "avito.chat": Onward("sales.taken", 0.5, 0.45),
    "avito.need": Onward("sales.taken", 0.9, 0.1),
    "warranty.received": Onward("warranty.booked", 0.9, 0.05),
    "warranty.booked": Onward("warranty.examined", 0.85, 0.05),
    "warranty.examined": Onward("warranty.agreed", 0.8, 0.1),
    "warranty.agreed": Onward("warranty.won", 0.95, 0.02),
    "buyout.offered": Onward("buyout.photos", 0.75, 0.15),
    "buyout.photos": Onward("buyout.priced", 0.75, 0.2),
    "buyout.priced": Onward("buyout.accepted", 0.7, 0.2),
    "buyout.accepted": Onward("buyout.won", 0.9, 0.05),
    "parts.arrived": Onward("parts.checked", 0.95, 0.03),
    "parts.checked": Onward("parts.restoring", 0.8, 0.15),
    "parts.restoring": Onward("parts.won", 0.95, 0.02),
    "wholesale.request": Onward("wholesale.terms", 0.7, 0.15),
    "wholesale.terms": Onward("wholesale.invoice", 0.6, 0.2, True),
    "wholesale.invoice": Onward("wholesale.shipping", 0.8, 0.05),
    "wholesale.shipping": Onward("wholesale.won", 0.95, 0.01),
}
_BY_PLACE = {(stage.pipeline, stage.status): stage for stage in STAGES.values()}
_REASONS = ("silent", "dear", "rival", "no_part", "changed_mind", "off_target")


def stage_of(lead: Any) -> Stage | None:
    return _BY_PLACE.get((lead.pipeline_id, lead.status_id))


class Acts:
    def __init__(self, world: "World", rng: Random) -> None:
        self.world = world
        self.rng = rng

    def visit(self, who: Employee, lead_id: int) -> Act:
        """Somebody works on a deal: rings, closes what was due, then moves it, drops it or plans the next step."""
        habits, rng = who.habits_in(NEVER_LEFT), self.rng
        lead = self.world.leads.rows[lead_id]
        onward = ONWARD.get(stage.key) if (stage := stage_of(lead)) else None
        if onward is None:
            return
        self._answer(lead, who)
        talked = rng.random() < 0.75
        if not onward.to.startswith("parts") and rng.random() < 0.8:
            self._call(lead, who, rng.randint(25, 420) if talked else 0)
            yield rng.uniform(1, 3)
        for task_id in self._open_tasks(lead_id):
            words = phrases.RESULTS["talked" if talked else "silent"]
            result = rng.choice(words) if rng.random() < habits.writes else None
            self.world.complete_task(task_id=task_id, result=result, by=who.user_id)
        yield rng.uniform(1, 3)
        fate = rng.random() if talked else 0.75
        if fate < onward.on:
            yield from self._go_on(lead, who, onward, habits)
        elif fate > 1 - onward.lost:
            self._lose(lead, who)
        elif rng.random() < habits.plans:
            due = company_term(self.world.clock.timestamp(), rng.choice((2, 5, 20, 26)))
            self.world.create_task(text="Перезвонить клиенту", complete_till=due, entity_id=lead_id, task_type_id=CALL,
                                   responsible_user_id=self._owner(lead, who), by=who.user_id)  # fmt: skip

    def remember(self, who: Employee, lead_id: int) -> Act:
        """A deal without a task comes to mind: a note and a task for today."""
        self.world.add_note(entity_id=lead_id, text=self.rng.choice(phrases.NOTES["talked"]), by=who.user_id)
        yield self.rng.uniform(1, 2)
        due = self.world.clock.timestamp() + self.rng.randint(1, 4) * HOUR
        self.world.create_task(text="Вернуться к клиенту", complete_till=due, entity_id=lead_id, task_type_id=MEETING,
                               responsible_user_id=who.user_id, by=who.user_id)  # fmt: skip

    def postpone(self, who: Employee, task_id: int) -> Act:
        due = company_term(self.world.clock.timestamp(), self.rng.choice((3, 22, 26)))
        self.world.reschedule_task(task_id=task_id, complete_till=due, by=who.user_id)
        yield 0

    def reprice(self, who: Employee, lead_id: int) -> Act:
        """A discount, or a first rough price."""
        price = self.world.leads.rows[lead_id].price
        new = round(price * self.rng.uniform(0.9, 0.98), -2) if price else clients.need(self.rng).price
        self.world.edit_lead(lead_id=lead_id, price=int(new), by=who.user_id)
        yield 0

    def chat(self, owner: int) -> Act:
        """A client writes on Авито."""
        need = clients.need(self.rng)
        values = [
            _written(fields.BRAND, need.brand),
            _written(fields.SOURCE, "Авито"),
            _written(fields.CITY, need.city),
        ]
        lead_id = yield from self._arrive("avito.chat", owner, need.title, "авито", values)
        contact = self.world.leads.rows[lead_id].embedded.contacts[0]
        self.world.receive_message(contact_id=contact.id, lead_id=lead_id, text=need.title, origin="avito")

    def ring_up(self, who: Employee) -> Act:
        """A client rings up and somebody answers."""
        need = clients.need(self.rng)
        lead_id = yield from self._arrive("sales.taken", who.user_id, need.title, "звонок",
                                          [_written(fields.SOURCE, "Звонок")])  # fmt: skip
        lead = self.world.leads.rows[lead_id]
        self._call(lead, who, self.rng.randint(40, 300), "inbound")

    def form(self) -> Act:
        """A form from the site: it waits in «Неразобранное»."""
        need = clients.need(self.rng)
        self.world.create_unsorted(
            category="forms", name=need.title, pipeline_id=STAGES["sales.unsorted"].pipeline,
            source_name="Заявка с сайта", contact=self._contact(),
            custom_fields_values=[_written(fields.SOURCE, "Сайт"), _written(fields.CITY, need.city)],
        )  # fmt: skip
        yield 0

    def accept(self, who: Employee, uid: str) -> Act:
        row = self.world.accept_unsorted(uid=uid, user_id=who.user_id, status_id=STAGES["sales.taken"].status,
                                         by=who.user_id)  # fmt: skip
        yield self.rng.uniform(0.5, 1.5)
        for ref in row.embedded.leads:
            self._auto_task(self.world.leads.rows[ref.id])

    def courier(self, owner: int) -> Act:
        lead_id = yield from self._arrive("couriers.called", owner, "Как найти склад", "бот", None)
        yield self.rng.uniform(1, 3)
        self.world.move_lead(lead_id=lead_id, status_id=STAGES["couriers.won"].status, by=ROBOT)

    # Steps

    def _arrive(self, stage: str, owner: int, name: str, tag: str,
                values: list[dict] | None) -> Generator[float, None, int]:  # fmt: skip
        contact = self.world.create_contact(by=ROBOT, responsible_user_id=owner, **self._contact())
        place = STAGES[stage]
        lead = self.world.create_lead(
            name=name, pipeline_id=place.pipeline, status_id=place.status, responsible_user_id=owner, tags=[tag],
            contacts=[ContactRef(contact.id, True)], custom_fields_values=values, by=ROBOT,
        )  # fmt: skip
        yield self.rng.uniform(0.5, 1.5)
        self._auto_task(lead)
        return lead.id

    def _contact(self) -> dict[str, Any]:
        first, last = clients.person(self.rng)
        return {"first_name": first, "last_name": last, "custom_fields_values": [
            {"field_id": fields.PHONE_ID, "values": [{"value": clients.phone(self.rng), "enum_code": "WORK"}]}
        ]}  # fmt: skip

    def _call(self, lead: Any, who: Employee, seconds: int, direction: str = "outbound") -> None:
        self.world.add_call(entity_id=lead.id, direction=direction, duration=seconds, phone=self._phone(lead),
                            source="АТС", by=who.user_id)  # fmt: skip

    def _answer(self, lead: Any, who: Employee) -> None:
        """Whoever works on a deal writes back to a client who has written."""
        for talk in list(self.world.talks.values()):
            if (talk.entity_type, talk.entity_id, talk.is_in_work, talk.is_read) == (
                "lead",
                lead.id,
                True,
                False,
            ):
                self.world.send_message(talk_id=talk.talk_id, text="Здравствуйте!", by=who.user_id)

    def _phone(self, lead: Any) -> str:
        for ref in lead.embedded.contacts:
            contact = self.world.contacts.get(ref.id)
            for field in (contact.custom_fields_values if contact else None) or ():
                if field.field_id == fields.PHONE_ID:
                    return str(field.values[0]["value"])
        return ""

    def _open_tasks(self, lead_id: int) -> list[int]:
        tasks = (self.world.tasks.rows[i] for i in self.world.tasks.group("card", ("leads", lead_id)))
        return [
            task.id for task in tasks if not task.is_completed and task.id not in self.world.trashed_tasks
        ]

    def _go_on(self, lead: Any, who: Employee, onward: Onward, habits: Habits) -> Act:
        place = STAGES[onward.to]
        changes: dict[str, Any] = {}
        if onward.priced:
            need = clients.need(self.rng)
            self.world.edit_lead(lead_id=lead.id, price=max(lead.price or 0, need.price), by=who.user_id)
            if self.rng.random() < habits.fills:
                changes["custom_fields_values"] = [_written(fields.MODEL, need.model),
                                                   _written(fields.SERVICE, need.services)]  # fmt: skip
            yield self.rng.uniform(0.5, 1.5)
        if self._owner(lead, who) != lead.responsible_user_id or lead.pipeline_id != place.pipeline:
            changes["responsible_user_id"] = who.user_id
        self.world.move_lead(lead_id=lead.id, pipeline_id=place.pipeline, status_id=place.status, by=who.user_id,
                             **changes)  # fmt: skip
        yield self.rng.uniform(0.5, 1.5)
        self._auto_task(lead)

    def _lose(self, lead: Any, who: Employee) -> None:
        reason = LOSS_REASONS[self.rng.choice(_REASONS)][0]
        self.world.move_lead(lead_id=lead.id, status_id=LOST, loss_reason_id=reason, by=who.user_id)

    def _auto_task(self, lead: Any) -> None:
        stage = stage_of(lead)
        if stage and stage.task:
            due = company_term(self.world.clock.timestamp(), stage.task.hours)
            self.world.create_task(text=stage.task.text, complete_till=due, entity_id=lead.id,
                                   task_type_id=stage.task.kind, by=ROBOT,
                                   responsible_user_id=lead.responsible_user_id)  # fmt: skip

    def _owner(self, lead: Any, who: Employee) -> int:
        """Nobody may be given work who has left: then whoever acts takes the deal."""
        owner = self.world.users.get(lead.responsible_user_id)
        return owner.id if owner and owner.is_active else who.user_id


def _written(field: fields.Field, value: fields.Value) -> dict[str, Any]:
    return {"field_id": field.id, "values": fields.values(field, value)}
