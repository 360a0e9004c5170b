"""How clients come in: channels with their rates by hour, by day of the week, and in the flood."""

from collections.abc import Callable
from typing import NamedTuple

from . import clients
from . import fields as cf
from .company import ROBOT
from .directions import ROUTES, chat, courier, first_owner, follow, open_deal
from .ledger import Deal
from .office import Office, Story
from .sales import sale
from .weeks import FLOOD, HOUR, local

# Share of the peak, by Moscow hour.
_BY_HOUR = (0.04, 0.02, 0.01, 0.01, 0.01, 0.03, 0.08, 0.2, 0.4, 0.65, 0.9, 1.0, 1.0, 0.95, 0.9, 0.9, 0.9, 0.9,
            0.85, 0.8, 0.75, 0.6, 0.35, 0.15)  # fmt: skip
_OPEN_HOURS = tuple(float(10 <= hour < 19) for hour in range(24))
_BY_DAY = (1.08, 1.05, 1.02, 1.0, 1.0, 0.85, 0.75)


class Channel(NamedTuple):
    a_day: float
    hours: tuple[float, ...]
    arrive: Callable[[Office], None]


def stream(office: Office, channel: Channel) -> Story:
    peak = channel.a_day / sum(channel.hours) * max(_BY_DAY) * 1.45 / HOUR
    while True:
        yield office.now + 1 + int(office.rng.expovariate(peak))
        moment = local(office.now)
        flood = 1.45 if FLOOD[0] <= office.week < FLOOD[1] else 1.0
        if office.chance(
            channel.hours[moment.hour] * _BY_DAY[moment.weekday()] * flood / (max(_BY_DAY) * 1.45)
        ):
            channel.arrive(office)


def _avito(office: Office) -> None:
    need = clients.need(office.rng)
    filled = {cf.BRAND: need.brand, cf.SOURCE: "Авито", cf.CITY: need.city}
    stage = "avito.unsorted" if office.chance(0.08) else "avito.chat"
    deal = open_deal(office, first_owner(office), stage, need, ("авито",), filled)
    office.tell(chat(office, deal), deal)


def _site(office: Office) -> None:
    need = clients.need(office.rng)
    deal = open_deal(office, office.on_duty(office.now).user_id, "sales.unsorted", need, ("сайт",),
                     {cf.SOURCE: "Сайт", cf.CITY: need.city})  # fmt: skip
    if not office.chance(0.02):  # the rest is never looked at
        office.tell(_accept(office, deal), deal)


def _accept(office: Office, deal: Deal) -> Story:
    who = yield from office.attend(deal, idle_hours=0.25)
    if who.user_id != deal.owner:
        office.ledger.set_owner(deal, office.now, who.user_id, who.user_id)
    office.enter(deal, "sales.taken", who.user_id)
    yield from sale(office, deal)


def _ring(office: Office) -> None:
    """A call in: taken by whoever is on shift, missed at night; an old client may bring his lost deal back to life."""
    need = clients.need(office.rng)
    old = office.rng.choice(office.ledger.deals) if office.ledger.deals and office.chance(0.16) else None
    seller = office.on_duty(office.now)
    if old and old.stage.key == "sales.lost" and office.chance(0.4):
        deal, old.dropped = old, False
        by = seller.user_id if office.is_in(seller.user_id) else ROBOT
        office.ledger.move(deal, office.now, by, "sales.taken")
        if deal.owner != seller.user_id:
            office.ledger.set_owner(deal, office.now, by, seller.user_id)
    else:
        source, tag = ("Повторное обращение", "повторный") if old else ("Звонок", "звонок")
        deal = open_deal(office, seller.user_id, "sales.taken", need, (tag,), {cf.SOURCE: source}, old)
    office.tell(_answer(office, deal), deal)


def _answer(office: Office, deal: Deal) -> Story:
    caller = office.person(deal.owner) if office.is_in(deal.owner) and office.chance(0.8) else None
    office.auto_task(deal)
    seconds = office.rng.randint(60, 400) if caller else 0
    yield office.now + seconds
    by = caller.user_id if caller else ROBOT
    office.ledger.call(deal, office.now, by, False, seconds, office.ledger.phone_of(deal))
    yield from sale(office, deal, caller)


def _guarantee(office: Office) -> None:
    won = [deal for deal in office.ledger.deals[-3000:] if deal.stage.key == "sales.won"]
    if won:
        old = office.rng.choice(won)
        owner = office.on_duty(office.now, "warranty").user_id
        deal = open_deal(
            office, owner, "warranty.received", old.need, (), {}, old, name=f"Гарантия: {old.need.title}"
        )
        office.tell(follow(office, deal, ROUTES["warranty"]), deal)


def _offer(office: Office) -> None:
    need = clients.need(office.rng)
    owner = office.on_duty(office.now, "buyout").user_id
    deal = open_deal(office, owner, "buyout.offered", need, (), {cf.BRAND: need.brand, cf.SOURCE: "Авито"},
                     name=f"Выкуп: {need.title}")  # fmt: skip
    office.tell(follow(office, deal, ROUTES["buyout"]), deal)


def _partner(office: Office) -> None:
    need = clients.need(office.rng)
    owner = office.on_duty(office.now, "wholesale")
    workshop = office.rng.choice(clients.WORKSHOPS)
    deal = open_deal(office, owner.user_id, "wholesale.request", need, ("опт",), {cf.SOURCE: "Опт"},
                     by=owner.user_id, name=f"Опт: «{workshop}», {need.services[0].lower()}")  # fmt: skip
    office.tell(follow(office, deal, ROUTES["wholesale"]), deal)


def _courier(office: Office) -> None:
    need = clients.need(office.rng)
    owner = office.on_duty(office.now).user_id
    deal = open_deal(office, owner, "couriers.called", need, ("бот",), {}, name="Как найти склад")
    office.tell(courier(office, deal), deal)


CHANNELS = (
    Channel(31.5, _BY_HOUR, _avito),
    Channel(11, _BY_HOUR, _site),
    Channel(15, _BY_HOUR, _ring),
    Channel(2.4, _BY_HOUR, _guarantee),
    Channel(3.6, _BY_HOUR, _offer),
    Channel(1.7, _OPEN_HOURS, _partner),
    Channel(13, _BY_HOUR, _courier),
)


def open_doors(office: Office) -> None:
    for channel in CHANNELS:
        office.tell(stream(office, channel))
