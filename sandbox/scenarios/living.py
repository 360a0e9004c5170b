"""The company goes on living: every few seconds somebody on shift does something, through the World's verbs.

Off hours only clients and the robot act.
"""

import threading
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from sandbox.refused import NotFound, Refused

from .acts import ONWARD, Act, Acts, stage_of
from .people import MANAGERS, QUALIFIER, STAFF, Employee
from .shifts import Shifts
from .weeks import DAY, HOUR, first_monday, local

if TYPE_CHECKING:
    from sandbox.world import World

BY_DAY = (2.0, 5.0)
BY_NIGHT = (12.0, 30.0)
_FRESH = 4 * DAY  # a task overdue for longer seldom comes to mind


class Company:
    """Who is in and what there is to do, read from the World at every act."""

    def __init__(self, world: "World", rng: Random) -> None:
        self.world = world
        self.rng = rng
        self.acts = Acts(world, rng)
        self._shifts: dict[int, Shifts] = {}
        self._shifts_of: date | None = None

    def crew(self) -> list[Employee]:
        """Managers, and the qualifier, whose shift is on."""
        begin = first_monday(self.world.now())
        if self._shifts_of != begin:
            self._shifts_of = begin
            self._shifts = {p.user_id: Shifts(p, begin) for p in STAFF}
        now = self.world.clock.timestamp()
        return [p for p in (*MANAGERS, QUALIFIER) if self._shifts[p.user_id].on(now)]

    def next_act(self, crew: list[Employee]) -> Act | None:
        """Something plausible for this moment, or None when the chosen thing has nothing to work on."""
        sellers = [p for p in crew if p in MANAGERS]
        dice = self.rng.random()
        if not sellers or dice < 0.1:
            return self._client(crew)
        who = self.rng.choice(crew)
        if dice < 0.8:
            lead_id = self._due_deal(who)
            return None if lead_id is None else self.acts.visit(who, lead_id)
        if dice < 0.85:
            uid = min(
                self.world.unsorted, default=None, key=lambda one: self.world.unsorted[one].created_at * -1
            )
            return None if uid is None else self.acts.accept(self.rng.choice(sellers), uid)
        if dice < 0.9:
            task_id = self._task_of(who)
            return None if task_id is None else self.acts.postpone(who, task_id)
        lead_id = self._lead_of(who, priced=dice < 0.94)
        if lead_id is None:
            return None
        return self.acts.reprice(who, lead_id) if dice < 0.94 else self.acts.remember(who, lead_id)

    def _client(self, crew: list[Employee]) -> Act:
        dice, in_house = self.rng.random(), [p for p in crew if p in MANAGERS]
        active = [p for p in MANAGERS if self._is_active(p)]
        if in_house and dice < 0.3:
            return self.acts.ring_up(self.rng.choice(in_house))
        if dice < 0.65:
            return self.acts.chat(
                (QUALIFIER if QUALIFIER in crew else self.rng.choice(in_house or active)).user_id
            )
        return self.acts.form() if dice < 0.8 else self.acts.courier(self.rng.choice(active).user_id)

    def _is_active(self, person: Employee) -> bool:
        user = self.world.users.get(person.user_id)
        return user is not None and user.is_active

    def _due_deal(self, who: Employee) -> int | None:
        """The deal of a task that is due about now, seldom of an old one."""
        now = self.world.clock.timestamp()
        tasks = [task for task in list(self.world.tasks) if task.responsible_user_id == who.user_id
                 and not task.is_completed and task.entity_type == "leads" and task.complete_till < now + 5 * HOUR
                 and self._is_open(task.entity_id)]  # fmt: skip
        fresh = [task for task in tasks if task.complete_till > now - _FRESH]
        pool = fresh if fresh and self.rng.random() < 0.9 else tasks
        return self.rng.choice(pool).entity_id if pool else None

    def _task_of(self, who: Employee) -> int | None:
        """A task of his that falls due today."""
        now = self.world.clock.timestamp()
        today = local(now).date()
        ids = [task.id for task in list(self.world.tasks) if task.responsible_user_id == who.user_id
               and not task.is_completed and local(task.complete_till).date() == today
               and self._is_open(task.entity_id)]  # fmt: skip
        return self.rng.choice(ids) if ids else None

    def _lead_of(self, who: Employee, priced: bool) -> int | None:
        """An open deal in sales to name a price in, or one without a task to remember."""
        ids = [lead.id for lead in list(self.world.leads) if lead.responsible_user_id == who.user_id
               and self._is_open(lead.id) and (priced or lead.closest_task_at is None)]  # fmt: skip
        return self.rng.choice(ids) if ids else None

    def _is_open(self, lead_id: int | None) -> bool:
        lead = self.world.leads.get(lead_id or 0)
        return lead is not None and not lead.is_deleted and (stage := stage_of(lead)) is not None and (
            stage.key in ONWARD and not stage.key.endswith(".unsorted"))  # fmt: skip


def live(world: "World", rng: Random, stop: threading.Event) -> None:
    """Act until `stop` is set. What somebody else has deleted or moved meanwhile only ends the act."""
    company = Company(world, rng)
    while not stop.wait(rng.uniform(*(BY_DAY if (crew := company.crew()) else BY_NIGHT))):
        try:
            for seconds in company.next_act(crew) or ():
                if stop.wait(seconds):
                    return
        except (Refused, NotFound, KeyError):
            continue
