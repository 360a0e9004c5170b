"""The company at work: a clock that runs stories in order of time, and the acts that all stories are made of.

A story is a generator that yields the moment (Unix seconds) at which it wants to go on. One random source is
drawn from in order of time, so a later «now» continues the same life.
"""

import heapq
import random
from collections.abc import Generator, Iterator
from datetime import date, datetime

from . import phrases
from .company import CALL, ROBOT, STAGES
from .fields import Field, Value
from .ledger import Deal, Ledger
from .people import FORMER, MANAGERS, STAFF, Employee, Habits
from .shifts import NEVER, Shifts, company_term
from .weeks import DAY, HOUR, MINUTE, REFORM, first_monday, week_start

Story = Iterator[int]
Wait = Generator[int, None, Employee]
_PEOPLE = {person.user_id: person for person in STAFF}
_DAY_OFF = 6 * HOUR
_AT_CLOSING = 0.25
_TALK = 12 * MINUTE  # whoever keeps a term begins so long before it, and is done in time
_HANDS_OVER = 0.95  # what falls due on his days off is done by a colleague


class Office:
    def __init__(self, seed: int, now: datetime) -> None:
        self.rng = random.Random(seed)
        self.ledger = Ledger()
        self.begin: date = first_monday(now)
        self.until = int(now.timestamp())
        self.start = self.now = week_start(self.begin, 0)
        self.reform = week_start(self.begin, REFORM)
        self.shifts = {person.user_id: Shifts(person, self.begin) for person in STAFF}
        self.forgotten: dict[int, list[Deal]] = {person.user_id: [] for person in STAFF}
        self._queue: list[tuple[int, int, Story, Deal | None]] = []
        self._started = 0

    def run(self) -> None:
        while self._queue and self._queue[0][0] <= self.until:
            self.now, number, story, deal = heapq.heappop(self._queue)
            if deal is not None and deal.dropped:
                continue
            wish = next(story, NEVER)
            if wish < NEVER:
                heapq.heappush(self._queue, (max(wish, self.now), number, story, deal))

    def tell(self, story: Story, deal: Deal | None = None, at: int | None = None) -> None:
        """Start a story; it is given up when its deal is dropped."""
        self._started += 1
        heapq.heappush(self._queue, (self.now if at is None else at, self._started, story, deal))

    # People

    @property
    def week(self) -> float:
        return (self.now - self.start) / (7 * DAY)

    def person(self, user_id: int) -> Employee:
        return _PEOPLE[user_id]

    def habits(self, user_id: int) -> Habits:
        return _PEOPLE[user_id].habits_in(self.week)

    def is_in(self, user_id: int) -> bool:
        return self.shifts[user_id].on(self.now)

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def on_duty(self, moment: int, direction: str | None = None) -> Employee:
        """Someone of the shift that is on (or comes next), from the direction if anybody of it is there."""
        spans = [(max(self.shifts[p.user_id].span(moment)[0], moment), p) for p in MANAGERS]
        soonest = min(start for start, _ in spans)
        crew = [p for start, p in spans if start == soonest]
        return self.rng.choice([p for p in crew if direction in p.directions] or crew)

    def turn(self, deal: Deal, wish: int, helped: float = 0.65) -> tuple[Employee, int]:
        """Who gets to the deal and when: its owner, or, when he is off, often a colleague."""
        owner = _PEOPLE[deal.owner]
        at = self.shifts[owner.user_id].next(wish, self.rng)
        if at - wish > _DAY_OFF and owner is not FORMER and self.chance(helped):
            helper = self.on_duty(wish)
            earlier = self.shifts[helper.user_id].next(wish, self.rng)
            if earlier < at:
                return helper, earlier
        return owner, at

    def attend(self, deal: Deal, idle_hours: float = 20) -> Wait:
        """Wait till somebody works on the deal: by its nearest task, or when it comes to mind."""
        habits = self.habits(deal.owner)
        due = min((task["complete_till"] for task in deal.tasks), default=None)
        if due is None:
            wish = self.now + int(self.rng.expovariate(1 / (idle_hours * HOUR)))
        elif self.chance(habits.on_time):
            last = due - _TALK
            soonest = max(self.now + 2 * MINUTE, last - 3 * HOUR)
            wish = self.rng.randint(soonest, max(soonest, last))
            who, at = self.turn(deal, wish, _HANDS_OVER)
            yield max(self.shifts[who.user_id].span(wish)[0], wish, min(at, last))
            return self._take_over(deal, who)
        else:
            wish = max(self.now, due) + int(self.rng.expovariate(1 / (habits.late_hours * HOUR)))
        who, at = self.turn(deal, wish)
        yield at
        return self._take_over(deal, who)

    def _take_over(self, deal: Deal, who: Employee) -> Employee:
        if who.user_id != deal.owner and self.chance(0.12):
            self.ledger.set_owner(deal, self.now, who.user_id, who.user_id)
        return who

    # Acts

    def enter(self, deal: Deal, stage: str, by: int, loss: str | None = None) -> None:
        """Move, and let the robot set the task of the stage."""
        self.ledger.move(deal, self.now, by, stage, loss)
        self.auto_task(deal)

    def auto_task(self, deal: Deal) -> None:
        task = STAGES[deal.stage.key].task
        if task and (self.now >= self.reform or not task.after_reform):
            due = company_term(self.now, task.hours)
            self.ledger.add_task(deal, self.now, ROBOT, deal.owner, task.kind, task.text, due)

    def call(self, deal: Deal, who: Employee, answered: bool, mean_seconds: int = 150) -> Story:
        """Ring the client up (now and then he rings himself) and wait for the end of the talk."""
        seconds = min(20 + int(self.rng.expovariate(1 / mean_seconds)), 600) if answered else 0
        yield self.now + (seconds or self.rng.randint(20, 45))
        outgoing = not answered or self.chance(0.88)
        self.ledger.call(deal, self.now, who.user_id, outgoing, seconds, self.ledger.phone_of(deal))
        yield self.now + self.rng.randint(15, 80)

    def done(self, deal: Deal, who: Employee, kind: str, care: float = 1) -> None:
        """Close the tasks; an untidy person leaves some open, the fewer the nearer `care` is to 0."""
        habits = self.habits(who.user_id)
        for task in list(deal.tasks):
            if self.chance(habits.tidy**care):
                result = self.rng.choice(phrases.RESULTS[kind]) if self.chance(habits.writes) else ""
                self.ledger.complete(task, self.now, who.user_id, result)
        if self.chance(habits.writes * 0.25):
            self.ledger.note(deal, self.now, who.user_id, self.rng.choice(phrases.NOTES[kind]))

    def plan(
        self, deal: Deal, who: Employee, hours: float, text: str = "Перезвонить клиенту", kind: int = CALL
    ) -> bool:
        """Set the next task within the owner's shifts, or fail to."""
        habits = self.habits(who.user_id)
        if not self.chance(habits.plans):
            return False
        due = self.in_shift(deal.owner, self.now + int(hours * HOUR * self.rng.uniform(0.6, 1.4)))
        self.ledger.add_task(deal, self.now, who.user_id, deal.owner, kind, text, due)
        return True

    def in_shift(self, owner: int, wish: int) -> int:
        """A moment for a deadline: the wish itself, or some quarter of an hour in the owner's next shift."""
        start, end = self.shifts[owner].span(wish)
        if start <= wish or start == NEVER:
            return wish
        return self.rng.randrange(start + HOUR, end - HOUR, 15 * MINUTE)

    def win(self, deal: Deal, who: Employee, stage: str) -> None:
        self.done(deal, who, "ready", _AT_CLOSING)
        self.enter(deal, stage, who.user_id)

    def let_lie(self, deal: Deal, p: float | None = None) -> bool:
        """Nobody planned the next step: is the deal forgotten for good?"""
        if deal.tasks or not self.chance(self.habits(deal.owner).forgets if p is None else p):
            return False
        self.forgotten[deal.owner].append(deal)
        return True

    def fill(self, deal: Deal, who: Employee, field: Field, value: Value, p: float = 1) -> None:
        if self.chance(self.habits(who.user_id).fills * p):
            self.ledger.set_field(deal, self.now, who.user_id, field, value)

    def lose(self, deal: Deal, who: Employee, stage: str, reasons: tuple[str, ...], grip: float = 1) -> bool:
        """Close as lost, unless the person would rather keep it (`grip` is a factor). True when closed."""
        if self.chance(self.habits(who.user_id).keeps * grip):
            return False
        self.done(deal, who, "lost", _AT_CLOSING)
        self.enter(deal, stage, who.user_id, self.rng.choice(reasons))
        return True
