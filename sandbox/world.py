"""The whole account as one object: `World.from_data` makes it, its verbs change it."""

from datetime import datetime
from typing import Any, Self

from sandbox.account_rows import Webhook
from sandbox.check import checked
from sandbox.clock import Clock
from sandbox.defaults import fill_gaps
from sandbox.load import without_collection
from sandbox.rows import Data, Event
from sandbox.switches import Switches
from sandbox.verbs.people import PeopleVerbs


class World(PeopleVerbs):
    """An account with verbs. Every verb takes keywords only: `by` (user id, 0 = robot, default an admin), `at`."""

    @classmethod
    def from_data(
        cls,
        data: dict[str, Any],
        *,
        now: datetime | None = None,
        seed: int = 0,
        switches: Switches | None = None,
    ) -> Self:
        """The account in the shape that `--load` takes; `now` stops the clock. Raises `load.Broken` with the place."""
        with without_collection():
            return cls.from_rows(checked(data), now=now, seed=seed, switches=switches)

    @classmethod
    def empty(cls, *, now: datetime | None = None, seed: int = 0, switches: Switches | None = None) -> Self:
        """An account with one admin and one pipeline."""
        return cls.from_data({}, now=now, seed=seed, switches=switches)

    @classmethod
    def from_rows(
        cls, data: Data, *, now: datetime | None = None, seed: int = 0, switches: Switches | None = None
    ) -> Self:
        clock = Clock(now)
        fill_gaps(data, clock.timestamp())
        world = cls(data.account, clock, switches or Switches(), seed)
        world.users = {user.id: user for user in data.users}
        world.roles = {role.id: role for role in data.roles}
        world.pipelines = {one.id: one for one in sorted(data.pipelines, key=lambda one: one.sort)}
        for field in data.custom_fields:
            world.fields[field.entity_type][field.id] = field
        world.loss_reasons = {one.id: one for one in data.loss_reasons}
        world.sources = {one.id: one for one in data.sources}
        world.unsorted = {one.uid: one for one in data.unsorted}
        world.chats = {one.id: one for one in data.chats}
        world.talks = {one.talk_id: one for one in data.talks}
        for kind, rows in (("leads", data.leads), ("contacts", data.contacts), ("companies", data.companies)):
            for row in rows:
                for tag in row.embedded.tags:
                    world.tags[kind][tag.id] = tag
        world.hidden_companies = {ref.id for one in data.unsorted for ref in one.embedded.companies}
        world.leads.fill(data.leads)
        world.contacts.fill(data.contacts)
        world.companies.fill(data.companies)
        world.tasks.fill(data.tasks)
        for kind, table in world.notes.items():
            table.fill(note for note in data.notes if note.entity_type == kind)
        encode = world.events.encode
        world.events.fill(
            Event(
                id=row.id,
                type=row.type,
                entity_id=row.entity_id,
                entity_type=row.entity_type,
                created_by=row.created_by,
                created_at=row.created_at,
                value_after=encode(row.value_after),
                value_before=encode(row.value_before),
            )
            for row in data.events
        )
        return world

    def subscribe(
        self, destination: str, settings: list[str], *, sort: int = 0, by: int | None = None
    ) -> Webhook:
        """Add a web hook, or change the one with this address (which switches it on again)."""
        with self.lock:
            at = self.moment(None)
            hook = next((one for one in self.webhooks.values() if one.destination == destination), None)
            if hook is None:
                hook = Webhook(
                    id=self.next_id("webhooks", self.webhooks),
                    destination=destination,
                    created_at=at,
                    updated_at=at,
                    account_id=self.account.id,
                    created_by=self.actor(by),
                )
                self.webhooks[hook.id] = hook
            hook.settings, hook.sort, hook.updated_at, hook.disabled = list(settings), sort, at, False
            return hook

    def set_switches(self, switches: Switches) -> None:
        with self.lock:
            before, self.switches = self.switches, switches
            if before.incoming_in_leads != switches.incoming_in_leads:
                self.leads.rearrange()

    def stop(self) -> None:
        """End the threads that send hooks."""
        self.sender.stop()
