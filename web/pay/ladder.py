"""The ladder of quality and what can still be saved, as they are drawn: rows with their places on one axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from core.zone import portal_zone
from kpi.at_stake import AtStake, Pile, Saving
from kpi.ladder import WHOLE, Ladder, Rung
from kpi.what_if import COUNTS_IN_MONEY
from qc import queries as judgement
from qc.rules import RULES

TEN = Decimal(10)


@dataclass(frozen=True)
class Bar:
    """From ``x`` on, ``width`` wide, both in per cent of the axis."""

    x: str
    width: str


@dataclass(frozen=True)
class ShownStep:
    """A pile with its bar (None: it brings no points) and its lists."""

    pile: Pile
    number: int
    title: str
    why: str
    fix: str
    icon: str
    bar: Bar | None
    href: str
    fresh_href: str


@dataclass(frozen=True)
class ShownRung:
    rung: Rung
    x: str
    anchor: str


@dataclass(frozen=True)
class ShownLadder:
    """``score``, ``ceiling`` and ``lost`` are the bars of the first and the last rows; None without a score."""

    ladder: Ladder | None
    steps: list[ShownStep]
    rungs: list[ShownRung]
    score: Bar | None
    ceiling: Bar | None
    lost: Bar | None
    low: Decimal


@dataclass(frozen=True)
class ShownSaving:
    saving: Saving
    title: str
    icon: str
    href: str


def show_ladder(stake: AtStake, person: int, now: datetime) -> ShownLadder:
    ladder = stake.ladder
    low = _low(ladder) if ladder else Decimal(0)
    steps = [_show(number, pile, person, now, low) for number, pile in enumerate(stake.piles, 1)]
    if ladder is None:
        return ShownLadder(None, steps, [], None, None, None, low)
    return ShownLadder(
        ladder,
        steps,
        [ShownRung(rung, f"{_place(rung.at, low)}%", _anchor(rung.at, low)) for rung in ladder.rungs],
        _bar(low, ladder.score, low),
        _bar(ladder.score, ladder.ceiling, low),
        _bar(ladder.ceiling, WHOLE, low),
        low,
    )


def show_savings(stake: AtStake, person: int, now: datetime) -> list[tuple[str, list[ShownSaving]]]:
    """What opens today, and what opens until the end of the day of the next shift."""
    tomorrow = now.astimezone(portal_zone()).date() + timedelta(days=1)
    after = stake.soon.day + timedelta(days=1)
    return [
        ("today", list(_savings(stake.soon.today, person, {"until": tomorrow}))),
        ("later", list(_savings(stake.soon.later, person, {"since": tomorrow, "until": after}))),
    ]


def _savings(rows: list[Saving], person: int, bounds: dict[str, Any]) -> Iterator[ShownSaving]:
    for row in rows:
        href = _list(row.rule, person, state="upcoming", **bounds)
        yield ShownSaving(row, judgement.title(row.rule), _icon(row.rule), href)


def _show(number: int, pile: Pile, person: int, now: datetime, low: Decimal) -> ShownStep:
    step = pile.step
    return ShownStep(
        pile,
        number,
        judgement.title(pile.rule),
        judgement.why(pile.rule),
        judgement.fix(pile.rule),
        _icon(pile.rule),
        None if step is None else _bar(step.score - step.points, step.score, low),
        _list(pile.rule, person, state="open"),
        _list(pile.rule, person, state="open", since=now.astimezone(portal_zone()).date()),
    )


def _list(rule: str, person: int, **filters: Any) -> str:
    query = {"rule": rule, "stake": person, "mode": COUNTS_IN_MONEY, **filters}
    return f"{reverse('findings')}?{urlencode(query)}"


def _icon(rule: str) -> str:
    return RULES[rule].icon


def _low(ladder: Ladder) -> Decimal:
    """Where the axis begins: a ten below both the score and the first rung."""
    least = min([ladder.score, *(rung.at for rung in ladder.rungs)])
    return max((least - TEN) // TEN * TEN, Decimal(0))


def _bar(start: Decimal, end: Decimal, low: Decimal) -> Bar:
    x, to = _place(start, low), _place(end, low)
    return Bar(f"{x}%", f"{round(max(to - x, 0.4), 2)}%")


def _place(score: Decimal, low: Decimal) -> float:
    return round(float((score - low) / (WHOLE - low)) * 100, 2)


def _anchor(score: Decimal, low: Decimal) -> str:
    return "end" if _place(score, low) > 94 else "middle"
