"""What people do in amoCRM, drawn by chance: every act is a verb of the sandbox's world."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from random import Random
from typing import TypeVar

from sandbox.refused import NotFound, Refused
from sandbox.rows import Lead, Task
from sandbox.world import World

T = TypeVar("T")
WON, LOST = 142, 143
TOO_MUCH = 10**18


class People:
    """``act`` does one thing; what amoCRM refuses, or nothing is there for, is not done."""

    def __init__(self, world: World, chance: Random) -> None:
        self.world, self.chance = world, chance
        self.weights: dict[Callable[[], object], int] = {
            self.create_deal: 4,
            self.move_deal: 8,
            self.close_deal: 3,
            self.edit_deal: 4,
            self.give_deal: 3,
            self.delete_deal: 3,
            self.restore_deal: 2,
            self.merge_deals: 1,
            self.create_task: 4,
            self.complete_task: 4,
            self.reschedule_task: 3,
            self.reopen_task: 1,
            self.delete_task: 2,
            self.call: 4,
            self.write: 2,
            self.overcharge: 1,
            self.create_contact: 1,
            self.rename_contact: 2,
            self.delete_contact: 1,
            self.leave_request: 2,
            self.sort_request: 1,
            self.rename_stage: 1,
            self.create_stage: 1,
            self.delete_stage: 1,
            self.come_or_go: 1,
        }

    def act(self) -> str:
        (what,) = self.chance.choices(list(self.weights), list(self.weights.values()))
        with suppress(Refused, NotFound, IndexError):
            what()
        return what.__name__

    def one(self, rows: Iterable[T]) -> T:
        return self.chance.choice(list(rows))

    def deal(self) -> Lead:
        return self.one(lead for lead in self.world.leads if not lead.is_deleted)

    def task(self, *, done: bool) -> Task:
        gone = self.world.trashed_tasks
        return self.one(
            task for task in self.world.tasks if task.is_completed is done and task.id not in gone
        )

    def person(self) -> int:
        return self.one(user.id for user in self.world.users.values() if user.rights["is_active"])

    def stage(self) -> tuple[int, int]:
        pipeline = self.one(self.world.pipelines.values())
        status = self.one(one for one in pipeline.statuses if one.type == 0 and one.id not in (WON, LOST))
        return pipeline.id, status.id

    def create_deal(self) -> None:
        pipeline, status = self.stage()
        lead = self.world.create_lead(
            name="Новая", pipeline_id=pipeline, status_id=status, responsible_user_id=self.person()
        )
        self.world.create_task(
            text="Связаться",
            complete_till=self.world.clock.timestamp() + 3600,
            entity_id=lead.id,
            entity_type="leads",
        )

    def move_deal(self) -> None:
        pipeline, status = self.stage()
        self.world.move_lead(lead_id=self.deal().id, status_id=status, pipeline_id=pipeline, by=self.person())

    def close_deal(self) -> None:
        self.world.move_lead(lead_id=self.deal().id, status_id=self.one((WON, LOST)), by=self.person())

    def edit_deal(self) -> None:
        self.world.edit_lead(lead_id=self.deal().id, price=self.chance.randrange(100_000))

    def give_deal(self) -> None:
        self.world.edit_lead(lead_id=self.deal().id, responsible_user_id=self.person())

    def delete_deal(self) -> None:
        self.world.delete_lead(lead_id=self.deal().id)

    def restore_deal(self) -> None:
        self.world.restore_lead(lead_id=self.one(lead.id for lead in self.world.leads if lead.is_deleted))

    def merge_deals(self) -> None:
        survivor, loser = self.deal(), self.deal()
        if survivor is not loser and survivor.responsible_user_id:  # an incoming deal is accepted first
            self.world.merge_leads(survivor_id=survivor.id, loser_ids=[loser.id])

    def create_task(self) -> None:
        due = self.world.clock.timestamp() + self.chance.randrange(86_400)
        self.world.create_task(
            text="Позвонить", complete_till=due, entity_id=self.deal().id, entity_type="leads"
        )

    def complete_task(self) -> None:
        self.world.complete_task(task_id=self.task(done=False).id, result="Сделано")

    def reschedule_task(self) -> None:
        due = self.world.clock.timestamp() + self.chance.randrange(86_400)
        self.world.reschedule_task(task_id=self.task(done=False).id, complete_till=due)

    def reopen_task(self) -> None:
        self.world.reopen_task(task_id=self.task(done=True).id)

    def delete_task(self) -> None:
        self.world.delete_task(task_id=self.task(done=self.chance.random() < 0.5).id)

    def call(self) -> None:
        self.world.add_call(entity_id=self.deal().id, duration=self.chance.randrange(300), by=self.person())

    def write(self) -> None:
        """The client, in a chat."""
        now = self.world.clock.timestamp()
        self.world.record("incoming_chat_message", "lead", self.deal().id, by=0, at=now)

    def overcharge(self) -> None:
        """A price that no column of the portal holds."""
        self.world.edit_lead(lead_id=self.deal().id, price=TOO_MUCH)

    def correct_prices(self) -> None:
        for lead in self.world.leads:
            if lead.price >= TOO_MUCH and not lead.is_deleted:
                self.world.edit_lead(lead_id=lead.id, price=1)

    def create_contact(self) -> None:
        contact = self.world.create_contact(name="Клиент")
        self.world.link(
            entity_type="leads",
            entity_id=self.deal().id,
            to_entity_type="contacts",
            to_entity_id=contact.id,
        )

    def rename_contact(self) -> None:
        """Not one that waits with its incoming deal: it would come out of hiding without a word, and contacts are not
        compared at night."""
        shown = (card.id for card in self.world.contacts if not card.is_deleted and not card.is_unsorted)
        contact = self.one(shown)
        self.world.edit_contact(contact_id=contact, name=f"Клиент {self.chance.randrange(1000)}")

    def delete_contact(self) -> None:
        contact = self.one(card.id for card in self.world.contacts if not card.is_deleted)
        self.world.delete_card(entity_type="contacts", entity_id=contact)

    def leave_request(self) -> None:
        self.world.create_unsorted(name="Заявка с сайта", contact={"name": "Гость"})

    def sort_request(self) -> None:
        uid = self.one(self.world.unsorted)
        if self.chance.random() < 0.6:
            self.world.accept_unsorted(uid=uid, user_id=self.person())
        else:
            self.world.decline_unsorted(uid=uid)

    def rename_stage(self) -> None:
        pipeline, status = self.stage()
        name = f"Этап {self.chance.randrange(1000)}"
        self.world.rename_status(pipeline_id=pipeline, status_id=status, name=name)

    def create_stage(self) -> None:
        pipeline, _ = self.stage()
        self.world.create_status(pipeline_id=pipeline, name="Ещё этап", sort=35)

    def delete_stage(self) -> None:
        pipeline, status = self.stage()
        self.world.delete_status(pipeline_id=pipeline, status_id=status)

    def come_or_go(self) -> None:
        user = self.one(user for user in self.world.users.values() if not user.rights["is_admin"])
        if user.rights["is_active"]:
            self.world.deactivate_user(user_id=user.id)
        else:
            self.world.activate_user(user_id=user.id)
