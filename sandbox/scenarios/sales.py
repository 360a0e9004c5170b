"""The story of a deal in «Продажи», from the first call to the money."""

from collections.abc import Generator
from datetime import timedelta
from random import Random

from . import fields as cf
from .company import FIND_OUT, MEETING, OFFER, ROBOT
from .ledger import Deal
from .office import Office, Story
from .people import Employee
from .weeks import DAY, HOUR, at, local

# What the department does on the average; a person's skill comes on top.
ANSWERS = 0.68
OFF_TARGET = 0.17
CONVERSION = 0.30
LONG_TALKS = 0.3  # of clients who need not one talk but three before they are known to be ours
HANGS = 0.15  # of deals in between that nobody has planned to go on with
_LOST_ON_TARGET = ("dear", "rival", "rival", "no_part", "changed_mind", "silent", "silent")
_LOST_LATER = ("dear", "rival", "changed_mind")
Step = Generator[int, None, bool]


def sale(office: Office, deal: Deal, caller: Employee | None = None) -> Story:
    """From «Взяли в работу» to the end; `caller` has just talked with a client who rang himself."""
    if (yield from first_contact(office, deal, caller)):
        yield from after_target(office, deal)


def after_target(office: Office, deal: Deal) -> Story:
    if (yield from persuade(office, deal)):
        yield from settle(office, deal)


def revive(office: Office, deal: Deal) -> Story:
    """A forgotten deal is taken up again: most clients have bought elsewhere by then."""
    who = yield from office.attend(deal)
    answered = office.chance(0.55)
    yield from office.call(deal, who, answered)
    office.done(deal, who, "talked" if answered else "silent")
    if not answered or office.chance(0.75):
        office.lose(deal, who, "sales.lost", ("silent",) if not answered else _LOST_ON_TARGET)
    elif office.plan(deal, who, 24):
        if deal.stage.key == "sales.taken":
            office.enter(deal, "sales.target", who.user_id)
        if deal.stage.key == "sales.target":
            yield from after_target(office, deal)
        elif deal.stage.key == "sales.waiting":
            yield from _pay(office, deal, (yield from office.attend(deal)))
        else:
            yield from settle(office, deal)


def first_contact(office: Office, deal: Deal, caller: Employee | None) -> Step:
    """Up to four calls; True when the client has turned out to be one of ours («Целевой клиент»)."""
    who = caller or (yield from _get_through(office, deal))
    if who is None:
        return False
    if office.chance(OFF_TARGET):
        office.lose(deal, who, "sales.lost", ("off_target", "off_target", "no_part"), 0.25)
        return False
    if office.chance(LONG_TALKS):
        who = yield from _find_out(office, deal, who)
        if who is None:
            return False
    office.done(deal, who, "talked")
    office.enter(deal, "sales.target", who.user_id)
    if office.chance(0.42):
        yield office.now + office.rng.randint(20, 90)
        office.ledger.set_price(deal, office.now, who.user_id, _rough(office, deal))
    return True


def _get_through(office: Office, deal: Deal) -> Generator[int, None, Employee | None]:
    for attempt in range(4):
        who = yield from office.attend(deal)
        answered = office.chance(ANSWERS - 0.08 * attempt)
        yield from office.call(deal, who, answered, 100)
        if answered:
            return who
        if attempt and deal.tasks and office.chance(0.3):
            office.ledger.postpone(
                deal.tasks[0], office.now, who.user_id, office.in_shift(deal.owner, office.now + 20 * HOUR)
            )
            continue
        office.done(deal, who, "silent")
        if not office.plan(deal, who, 2 + 4 * attempt) and office.let_lie(deal, 0.2):
            return None
    office.lose(deal, who, "sales.lost", ("silent",), 0.3)
    return None


def _find_out(office: Office, deal: Deal, who: Employee) -> Generator[int, None, Employee | None]:
    """The contact is made, and the same stage asks for two more things: what is needed, and what could help."""
    for kind, text in (FIND_OUT, "Выяснить потребность"), (OFFER, "Предложить варианты решения"):
        office.done(deal, who, "talked")
        for attempt in range(3):
            if not office.plan(deal, who, 3 + 4 * attempt, text, kind) and office.let_lie(deal, HANGS):
                return None
            who = yield from office.attend(deal)
            answered = office.chance(0.8)
            yield from office.call(deal, who, answered)
            if answered:
                break
            office.done(deal, who, "silent")
        else:
            office.lose(deal, who, "sales.lost", ("silent", "rival"), 0.3)
            return None
    return who


def persuade(office: Office, deal: Deal) -> Step:
    """«Целевой клиент»: a quarter or so goes on, the rest fades away; True when contact is made."""
    will_buy = office.chance(CONVERSION * office.habits(deal.owner).skill)
    touches = office.rng.choice((1, 1, 2) if will_buy else (1, 1, 2, 3))
    for left in range(touches - 1, -1, -1):
        who = yield from office.attend(deal)
        yield from office.call(deal, who, will_buy or office.chance(0.5))
        if will_buy and not left:
            break
        office.done(deal, who, "talked" if will_buy else "silent")
        if not office.plan(deal, who, 6 if will_buy else 20) and office.let_lie(deal):
            return False
    if not will_buy:
        yield from _give_up(office, deal, who)
        return False
    office.done(deal, who, "talked")
    office.enter(deal, "sales.contact", who.user_id)
    return True


def _give_up(office: Office, deal: Deal, who: Employee) -> Story:
    """Close what will not be bought, or keep it: without a task, with an overdue one, or till next time."""
    if office.lose(deal, who, "sales.lost", _LOST_ON_TARGET):
        return
    if office.chance(0.75):
        office.done(deal, who, "silent", 0)
        office.let_lie(deal, 1)
    elif office.chance(0.7):
        who = yield from office.attend(deal)
        office.lose(deal, who, "sales.lost", _LOST_ON_TARGET)


def settle(office: Office, deal: Deal) -> Story:
    """From «Контакт установлен» on: nearly all who come here buy."""
    if deal.stage.key != "sales.qualified":
        yield from _qualify(office, deal)
    who = yield from office.attend(deal)
    yield from office.call(deal, who, True, 120)
    fate = office.rng.random()
    stuck = office.habits(deal.owner).keeps * 0.3
    if fate < stuck:
        yield from _stall(office, deal, who)
    elif fate < stuck + 0.3:
        yield from _wait(office, deal, who)
    elif fate > 0.95 and office.lose(deal, who, "sales.lost", _LOST_LATER):
        return
    else:
        yield from _pay(office, deal, who)


def _qualify(office: Office, deal: Deal) -> Story:
    who = yield from office.attend(deal)
    yield from office.call(deal, who, True, 260)
    if cf.BRAND not in deal.filled:
        office.fill(deal, who, cf.BRAND, deal.need.brand)
    office.fill(deal, who, cf.MODEL, deal.need.model)
    office.fill(deal, who, cf.SERVICE, deal.need.services)
    yield office.now + office.rng.randint(30, 200)
    office.done(deal, who, "offer")
    if deal.row["price"] != deal.need.price:
        office.ledger.set_price(deal, office.now, who.user_id, deal.need.price)
    office.enter(deal, "sales.qualified", who.user_id)


def _wait(office: Office, deal: Deal, who: Employee) -> Story:
    """«База ожидания»: vague before the reform, with a reason and a term afterwards."""
    office.done(deal, who, "offer")
    office.enter(deal, "sales.waiting", who.user_id)
    reason = office.rng.choice(cf.WAITING_REASONS)
    office.fill(deal, who, cf.REASON, reason, 0.25 if office.now < office.reform else 0.9)
    length = int(office.rng.uniform(3, 35) * DAY)
    _promise(office, deal, who, length)
    if deal.tasks and office.chance(
        office.habits(who.user_id).plans
    ):  # the day that was agreed, not the robot's week
        due = office.in_shift(deal.owner, office.now + length + 2 * HOUR)
        office.ledger.postpone(deal.tasks[-1], office.now, who.user_id, due)
    yield office.now + length
    for _ in range(3):
        who = yield from office.attend(deal)
        yield from office.call(deal, who, office.chance(0.75))
        fate = office.rng.random()
        if fate < 0.42:
            yield from _pay(office, deal, who)
            return
        office.done(deal, who, "silent")
        if fate < 0.62 and office.lose(deal, who, "sales.lost", _LOST_LATER):
            return
        if not office.plan(deal, who, 120) and office.let_lie(deal):
            return


def _promise(office: Office, deal: Deal, who: Employee, length: int) -> None:
    """Since the reform most who wait have named a day, some of them too early; chances of the deal's own."""
    rng = Random(deal.row["id"])
    if office.now >= office.reform and cf.REASON in deal.filled and rng.random() < 0.75:
        day = local(office.now).date() + timedelta(days=max(1, int(length / DAY * rng.uniform(0.6, 1.3))))
        office.ledger.set_field(deal, office.now, who.user_id, cf.PROMISED, at(day))


def _stall(office: Office, deal: Deal, who: Employee) -> Story:
    """A named price and no word more: after the reform the robot warms such deals up once a week is over."""
    office.done(deal, who, "offer", 0)
    yield max(office.now + 7 * DAY, office.reform + office.rng.randint(0, 3 * DAY))
    office.ledger.add_tag(deal, office.now, ROBOT, "прогрев")
    office.enter(deal, "sales.waiting", ROBOT)
    who = yield from office.attend(deal)
    yield from office.call(deal, who, office.chance(0.6))
    if office.chance(0.4):
        yield from _pay(office, deal, who)
    else:
        office.lose(deal, who, "sales.lost", _LOST_LATER)


def _pay(office: Office, deal: Deal, who: Employee) -> Story:
    office.done(deal, who, "offer")
    office.enter(deal, "sales.payment", who.user_id)
    promised = local(office.now).date() + timedelta(days=office.rng.randint(0, 3))
    office.fill(deal, who, cf.PROMISED, at(promised))
    if office.chance(0.14):
        yield office.now + office.rng.randint(20, 60)
        discount = round(deal.need.price * office.rng.uniform(0.9, 0.97), -2)
        office.ledger.set_price(deal, office.now, who.user_id, int(discount))
    who = yield from office.attend(deal)
    if office.chance(0.5):
        yield from office.call(deal, who, True, 80)
    if office.chance(0.05) and office.lose(deal, who, "sales.lost", _LOST_LATER):
        return
    office.done(deal, who, "payment")
    office.enter(deal, "sales.ready", who.user_id)
    yield from _hand_out(office, deal, who)


def _hand_out(office: Office, deal: Deal, who: Employee) -> Story:
    """Ordered and waiting on the shelf: either handed out within days, or buried."""
    if office.chance(office.habits(deal.owner).buries * (1.25 if office.now < office.reform else 0.6)):
        for task in list(deal.tasks):
            office.ledger.complete(task, office.now, who.user_id, "")
        return
    if not deal.tasks:
        office.plan(deal, who, 8, "Выдать заказ", MEETING)
    who = yield from office.attend(deal, idle_hours=24)
    if office.chance(0.5):
        yield from office.call(deal, who, True, 60)
    office.win(deal, who, "sales.won")


def _rough(office: Office, deal: Deal) -> int:
    """The price named at first sight, in hundreds of roubles."""
    return int(round(deal.need.price * office.rng.uniform(0.7, 1.0), -2))
