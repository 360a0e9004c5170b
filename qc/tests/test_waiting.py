"""Waiting: what explains a wait and until when, and that a deal that waits validly is not stuck."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from qc.rules import StageNorms, Terms
from qc.rules.deal_stuck import NEW_NORM, WAITED, LongestStay
from qc.rules.waiting import Waiting, day_ends
from qc.tests.lives import CLOCKS, at, breaches, found, hours, life
from timeline.timeline import Timeline

MOSCOW = ZoneInfo("Europe/Moscow")
DAY = "2026-11-04"  # ends at hour 72
NORM = Waiting("7", "8", (("money", hours(24)),), hours(200), hours(1))


def by(norm: Waiting, stay: float | None = None) -> Terms:
    norms = {Waiting: norm, LongestStay: LongestStay(None if stay is None else hours(stay))}
    return Terms({"lead": (StageNorms(None, None, norms),)}, CLOCKS, zone=MOSCOW)


def deal(
    reason: str | None = None,
    day: str | None = None,
    steps: str = "10 lead anna; 150 won anna",
    **more: object,
) -> Timeline:
    fields = {field: value for field, value in (("7", reason), ("8", day)) if value}
    return life(steps, fields=fields, updated=200, **more)


@pytest.mark.parametrize(
    ("one", "unexplained", "broken", "stuck"),
    [
        (deal(), ["10:11-150 anna"], [], ["10:34-150 anna"]),
        (deal("part"), ["10:11-150 anna"], [], ["10:34-150 anna"]),  # no day, and no interval for it
        (deal("part", DAY), [], ["10:72-150 anna"], ["10:72-150 anna"]),
        (deal("money"), [], ["10:34-150 anna"], ["10:34-150 anna"]),  # its interval
        (deal("money", DAY), [], ["10:72-150 anna"], ["10:72-150 anna"]),  # a day says more than an interval
        (deal("part", "2026-12-30"), [], [], []),
        (deal(None, DAY), ["10:11-150 anna"], [], ["10:34-150 anna"]),
        (
            deal("part", "2026-11-06", changes=[(100, "8", DAY, "2026-11-06")]),
            [],
            ["10:72-100 anna", "100:120-150 anna"],
            ["10:72-100 anna", "120:120-150 anna"],
        ),  # renewed too late, and broken again
        (
            deal("part", "2026-11-06", changes=[(40, "8", DAY, "2026-11-06")]),
            [],
            ["40:120-150 anna"],
            ["10:120-150 anna"],
        ),  # renewed in time, and broken then
        (
            deal(
                "part",
                DAY,
                changes=[(10.5, "7", None, "part"), (40, "7", "part", None), (60, "7", None, "part")],
            ),
            ["40:41-60 anna"],
            ["60:72-150 anna"],
            ["10:40-60 anna", "72:72-150 anna"],
        ),  # told within the grace, taken back, told again
        (
            deal("part", DAY, changes=[(40, "7", None, "part")]),
            ["10:11-40 anna"],
            ["40:72-150 anna"],
            ["10:34-40 anna", "72:72-150 anna"],
        ),
    ],
)
def test_what_explains_a_wait(
    one: Timeline, unexplained: list[str], broken: list[str], stuck: list[str]
) -> None:
    terms = by(NORM, 24)
    assert found("wait.unexplained", one, terms) == unexplained
    assert found("wait.broken", one, terms) == broken
    assert found("deal.stuck", one, terms) == stuck


def test_a_broken_promise_tells_the_day_that_was_promised() -> None:
    """It ends with midnight; told is the last minute of it, and not the first one of the next day."""
    [broken] = breaches("wait.broken", deal("part", DAY), by(NORM, 24))
    assert datetime.fromisoformat(broken.values["due"]).astimezone(UTC) == broken.opens_at - timedelta(
        minutes=1
    )
    assert broken.values["reason"] == "part"


def test_waits_add_up() -> None:
    twice = deal("part", "2026-12-30", "0 lead anna; 150 offer anna; 160 lead boris; 400 won boris")
    assert found("wait.too_long", twice, by(NORM)) == ["160:210-400 boris"]
    assert found("deal.stuck", twice, by(NORM, 24)) == ["160:210-400 boris"]  # it waits validly no longer
    assert found("wait.too_long", twice, by(Waiting("7", "8"))) == []


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ("2026-11-04", at(72)),
        ("2026-11-04T22:30:00+00:00", at(96)),  # the fifth in Moscow
        (str(int(at(50).timestamp())), at(72)),  # as events write it
        ("", None),
        ("soon", None),
        ("9999-12-31", None),
        (None, None),
        (["2026-11-04", "2026-11-05"], None),
    ],
)
def test_the_promised_day_ends_at_midnight_of_the_account(value: object, ends: object) -> None:
    assert day_ends(value, by(NORM)) == ends
    assert day_ends("2026-11-04", Terms(zone=UTC)) == at(72) + timedelta(hours=3)


def test_a_stuck_deal_tells_whether_it_has_waited_or_the_norm_is_new() -> None:
    [plain], [waited] = (breaches("deal.stuck", one, by(NORM, 24)) for one in (deal(), deal("part", DAY)))
    assert (plain.values["case"], waited.values["case"]) == ("calendar", WAITED)
    fresh = Terms({"lead": (StageNorms(None, at(50), {LongestStay: LongestStay(hours(24))}),)}, CLOCKS)
    [new] = breaches("deal.stuck", deal(), fresh)
    assert (new.opens_at, new.values["case"]) == (at(50), NEW_NORM)


def test_a_stage_that_names_no_field_asks_nothing() -> None:
    assert found("wait.unexplained", deal(), by(Waiting())) == []
    assert found("wait.broken", deal("part", DAY), by(Waiting())) == []
    assert found("deal.stuck", deal("part", DAY), by(Waiting(), 24)) == ["10:34-150 anna"]
