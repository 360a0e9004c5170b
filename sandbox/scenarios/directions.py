"""The stories of the other pipelines: chats from Авито, guarantees, buying parts in, wholesale, couriers."""

from collections.abc import Mapping
from typing import NamedTuple

from . import clients, phrases
from . import fields as cf
from .company import ROBOT
from .ledger import Deal
from .office import Office, Story
from .people import QUALIFIER
from .sales import sale
from .weeks import HOUR, MINUTE

NEEDS_SALE = 0.48  # of the chats; the rest is off target


class Step(NamedTuple):
    """From the stage the deal stands on: how many go on, to which stage, who rings."""

    on: float
    to: str
    calls: float = 0.4
    idle_hours: float = 20
    priced: bool = False


class Route(NamedTuple):
    steps: tuple[Step, ...]
    lost: str
    reasons: tuple[str, ...]


ROUTES = {
    "warranty": Route((
        Step(0.95, "warranty.booked", 0.9, 4), Step(0.9, "warranty.examined", 0.2, 30),
        Step(0.85, "warranty.agreed", 0.7), Step(0.96, "warranty.won", 0.3, 40),
    ), "warranty.lost", ("off_target", "other")),
    "buyout": Route((
        Step(0.8, "buyout.photos", 0.6, 5), Step(0.75, "buyout.priced", 0.1),
        Step(0.75, "buyout.accepted", 0.8), Step(0.92, "buyout.won", 0.3, 60),
    ), "buyout.lost", ("off_target", "dear", "silent", "changed_mind")),
    "parts": Route((
        Step(0.93, "parts.checked", 0), Step(0.8, "parts.restoring", 0), Step(0.95, "parts.won", 0, 70),
    ), "parts.lost", ("other",)),
    "wholesale": Route((
        Step(0.75, "wholesale.terms", 0.95, 5), Step(0.65, "wholesale.invoice", 0.7, 20, True),
        Step(0.85, "wholesale.shipping", 0.6, 40), Step(0.97, "wholesale.won", 0.4, 30),
    ), "wholesale.lost", ("dear", "rival", "no_part", "silent")),
}  # fmt: skip


def follow(office: Office, deal: Deal, route: Route) -> Story:
    """Stage after stage by a route; a bought part is then sorted in «Квалификация деталей»."""
    office.auto_task(deal)
    for step in route.steps:
        who = yield from office.attend(deal, step.idle_hours)
        if office.chance(step.calls):
            yield from office.call(deal, who, office.chance(0.85))
        if not office.chance(step.on):
            if not office.lose(deal, who, route.lost, route.reasons):
                office.let_lie(deal)
            return
        office.done(deal, who, "work", 0 if step.to.endswith(".won") else 1)
        if step.priced:
            office.ledger.set_price(deal, office.now, who.user_id, office.rng.randrange(25000, 150000, 500))
        office.enter(deal, step.to, who.user_id)
    if deal.stage.key == "buyout.won":
        yield office.now + office.rng.randint(2, 20) * MINUTE
        part = open_deal(office, deal.owner, "parts.arrived", deal.need, (), {}, contact_of=deal)
        office.tell(follow(office, part, ROUTES["parts"]), part)


def chat(office: Office, deal: Deal) -> Story:
    """A chat from Авито: the qualifier (or a manager) finds out the need and hands the client over."""
    if deal.stage.key == "avito.unsorted":
        yield office.now + office.rng.randint(60, 900)
        office.enter(deal, "avito.chat", ROBOT)
    else:
        office.auto_task(deal)
    who = yield from office.attend(deal)
    yield office.now + office.rng.randint(60, 400)
    if office.chance(0.6):
        office.ledger.note(deal, office.now, who.user_id, office.rng.choice(phrases.CHATS))
    office.done(deal, who, "talked", 0)
    if not office.chance(NEEDS_SALE):
        office.enter(
            deal, "avito.lost", who.user_id, office.rng.choice(("off_target", "off_target", "silent"))
        )
        return
    if office.chance(0.25):
        office.ledger.move(deal, office.now, who.user_id, "avito.need")
        yield office.now + office.rng.randint(2, 12) * MINUTE
    seller = office.on_duty(office.now)
    if seller.user_id != deal.owner:
        office.ledger.set_owner(deal, office.now, who.user_id, seller.user_id)
    office.enter(deal, "sales.taken", who.user_id)
    yield from sale(office, deal)


def courier(office: Office, deal: Deal) -> Story:
    """Nobody works here: the robot sends the way to the store over WhatsApp and is done."""
    office.ledger.call(
        deal, office.now, ROBOT, False, office.rng.randint(5, 20), office.ledger.phone_of(deal)
    )
    yield office.now + office.rng.randint(3, 12)
    if office.chance(0.97):
        office.ledger.move(deal, office.now, ROBOT, "couriers.won")
    else:
        office.ledger.move(deal, office.now, ROBOT, "couriers.lost", "other")


def open_deal(office: Office, owner: int, stage: str, need: clients.Need, tags: tuple[str, ...],
              filled: Mapping[cf.Field, cf.Value], contact_of: Deal | None = None, by: int = ROBOT,
              name: str = "") -> Deal:  # fmt: skip
    """A new deal now, with a new contact or the one of an earlier deal."""
    rng = office.rng
    if contact_of:
        contact = contact_of.row["_embedded"]["contacts"][0]["id"]
    else:
        contact = office.ledger.add_contact(office.now, owner, clients.person(rng), clients.phone(rng))
    return office.ledger.add_deal(office.now, by, owner, stage, need, contact, tags, filled, name)


def first_owner(office: Office) -> int:
    """Chats go to the qualifier; when she is away for long, to the managers on duty."""
    start, _ = office.shifts[QUALIFIER.user_id].span(office.now)
    return QUALIFIER.user_id if start - office.now < 16 * HOUR else office.on_duty(office.now).user_id
