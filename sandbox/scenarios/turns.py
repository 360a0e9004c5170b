"""What happens beside the single deals: evenings, the head's Monday, a leaving, lessons, one Friday."""

from .company import CALL
from .office import Office, Story
from .people import FORMER, HEAD, MANAGERS, MASS_CLOSERS, NEWCOMER, NOVICE, STAFF, STAR, Employee
from .sales import revive
from .shifts import NEVER
from .weeks import DAY, HOUR, MASS_CLOSE, MINUTE, REFORM, WEEKS, week_start

_HEAPED_ON = ("sales.taken", "sales.target", "sales.qualified", "sales.waiting")


def begin(office: Office) -> None:
    for person in STAFF:
        if person.evening:
            office.tell(evenings(office, person), at=office.start)
    office.tell(mondays(office), at=office.start)
    office.tell(leaving(office), at=week_start(office.begin, REFORM))
    office.tell(lessons(office), at=office.reform)
    friday = mass_close_day(office)
    for person, count, hour in zip(MASS_CLOSERS, (44, 37), (16.2, 16.35), strict=True):
        office.tell(mass_close(office, person, count), at=friday + int(hour * HOUR))


def evenings(office: Office, person: Employee) -> Story:
    """After the shift, before anybody counts: what was due today is due tomorrow."""
    for _, end in office.shifts[person.user_id].days():
        yield end - office.rng.randint(1, 10) * MINUTE
        today = [
            t for t in office.ledger.open_tasks.get(person.user_id, {}).values() if t["complete_till"] <= end
        ]
        today = [t for t in today if not office.ledger.deal_of(t).is_closed]
        for task in office.rng.sample(today, min(len(today), office.rng.randint(5, 12))):
            yield office.now + office.rng.randint(15, 150)
            if not task["is_completed"]:
                due = office.in_shift(person.user_id, end + 15 * HOUR)
                office.ledger.postpone(task, office.now, person.user_id, due)


def mondays(office: Office) -> Story:
    """The head goes through what has no task: asks, sets a task, gives a few deals to better hands."""
    for week in range(WEEKS + 1):
        yield week_start(office.begin, week) + 11 * HOUR + office.rng.randint(0, 90) * MINUTE
        for manager in MANAGERS:
            pile = office.forgotten[manager.user_id]
            if not pile or manager is NEWCOMER or (manager is FORMER and office.week > REFORM):
                continue
            deal = pile.pop(office.rng.randrange(len(pile)))
            if not deal.dropped and not deal.is_closed:
                yield office.now + office.rng.randint(40, 200)
                office.ledger.note(deal, office.now, HEAD.user_id, "Почему без задачи? Свяжитесь с клиентом")
                if office.chance(0.25) and manager is not STAR:
                    office.ledger.set_owner(deal, office.now, HEAD.user_id, STAR.user_id)
                due = office.in_shift(deal.owner, office.now + 4 * HOUR)
                office.ledger.add_task(
                    deal, office.now, HEAD.user_id, deal.owner, CALL, "Вернуться к клиенту", due
                )
                office.tell(revive(office, deal), deal)


def leaving(office: Office) -> Story:
    """He leaves; his open deals stay in his name and nobody asks about them."""
    for deal in office.ledger.deals:
        if deal.owner == FORMER.user_id and not deal.is_closed:
            deal.dropped = True
    yield NEVER


def lessons(office: Office) -> Story:
    """Taught at last, the learner goes through his own heap, a few deals every shift."""
    pile = office.forgotten[NOVICE.user_id]
    for start, _ in office.shifts[NOVICE.user_id].days():
        if start < office.reform:
            continue
        yield start + office.rng.randint(60, 200) * MINUTE
        for _ in range(min(len(pile), 2)):
            deal = pile.pop()
            if not deal.dropped and not deal.is_closed:
                office.tell(revive(office, deal), deal)


def mass_close_day(office: Office) -> int:
    """Midnight of the first Friday from week 15 on which both closers are on shift."""
    friday = week_start(office.begin, MASS_CLOSE) + 4 * DAY
    while not office.shifts[MASS_CLOSERS[0].user_id].on(friday + 15 * HOUR):
        friday += 7 * DAY
    return friday


def mass_close(office: Office, person: Employee, count: int) -> Story:
    """«Сделок не должно быть так много», said the head: so they were closed, within an hour, wordlessly."""
    mine = [d for d in office.ledger.deals if d.owner == person.user_id and d.stage.key in _HEAPED_ON]
    for deal in mine[:count]:
        yield office.now + office.rng.randint(35, 85)
        if not deal.is_closed:
            deal.dropped = True
            for task in list(deal.tasks):
                if office.chance(0.7):
                    office.ledger.complete(task, office.now, person.user_id, "")
            office.ledger.move(deal, office.now, person.user_id, "sales.lost", "other")
