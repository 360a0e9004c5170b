"""Rules about tasks, moves, closings and first contacts on lives as tables: what is broken in each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qc.rules import RULES, StageNorms, Terms, field_amount
from qc.rules.contact_first_late import FirstContact
from qc.rules.deal_lifetime import LongestLife
from qc.rules.deal_lost_untried import Attempts
from qc.rules.deal_pingpong import Throws
from qc.rules.field_amount import AmountFromHere
from qc.rules.person_overloaded import MostCards
from qc.rules.stage_forbidden import Onward
from qc.rules.stage_skipped import Stop
from qc.rules.task_far import FurthestTask
from qc.rules.task_instant import Instant
from qc.rules.task_no_next import TaskAfterTask
from qc.rules.task_other_owner import Borrowed
from qc.rules.task_pushed import LongestPush
from qc.rules.terms import StagePlace
from qc.tests.lives import CLOCKS, at, breaches, found, hour, hours, life
from timeline.subjects import Card, Deed, PersonLife, StageLife
from timeline.timeline import STAGE, Change, Timeline, Touch

PLACES = {
    name: StagePlace("", number, kind, name.title())
    for number, (name, kind) in enumerate(
        {
            "new": "incoming",
            "lead": "work",
            "offer": "work",
            "deal": "work",
            "won": "won",
            "lost": "lost",
        }.items()
    )
}


def by(*norms: object, code: str = "", **of_stages: object) -> Terms:
    """Norms of stages by name; with ``code`` those of the whole portal."""
    known = {stage: (StageNorms(None, None, {type(norm): norm}),) for stage, norm in of_stages.items()}
    if code:
        known[code] = (StageNorms(None, None, {type(norm): norm for norm in norms}),)
    return Terms(known, CLOCKS, stages=PLACES, robots=frozenset("9"))


def with_touches(deal: Timeline, *touches: tuple[float, str, int]) -> Timeline:
    own = tuple(Touch(at(h), 1, kind, seconds) for h, kind, seconds in touches)
    return Timeline(**{**{name: getattr(deal, name) for name in deal.__dataclass_fields__}, "touches": own})


@pytest.mark.parametrize(
    ("steps", "broken"),
    [
        ("0 lead anna", ["0:48- anna"]),
        ("0 lead anna; 40 offer anna; 60 won anna", ["0:48-60 anna"]),
        ("0 lead anna; 20 offer boris; 47 won boris", []),
        ("0 lead anna; 60 offer boris; 90 won boris", ["0:48-90 anna"]),  # whoever had it when it opened
        (
            "0 lead anna; 10 deal anna; 100 offer anna; 150 won anna",
            ["0:138-150 anna"],
        ),  # no limit there: not counted
    ],
)
def test_a_life_adds_up_over_stages(steps: str, broken: list[str]) -> None:
    norm = LongestLife(hours(48))
    assert found("deal.lifetime", life(steps), by(lead=norm, offer=norm)) == broken


@pytest.mark.parametrize(
    ("tasks", "broken"),
    [
        (["10 due 12 done 12"], ["12:14-40 anna"]),
        (["10 due 12 done 12", "13 due 30"], []),
        (["10 due 12 done 12", "15 due 30"], ["12:14-15 anna"]),
        (["10 due 12 done 12", "11 due 30"], []),  # another one was there already
        (["10 due 12 deleted 12"], []),
        (["10 due 12"], []),
    ],
)
def test_the_last_task_done_asks_for_the_next_one(tasks: list[str], broken: list[str]) -> None:
    deal = life("9 lead anna; 40 won anna", *tasks)
    assert found("task.no_next", deal, by(lead=TaskAfterTask(hours(2)))) == broken


@pytest.mark.parametrize(
    ("task", "broken"),
    [
        ("0 due 10 moved 9 to 20", []),
        ("0 due 10 moved 9 to 40", ["9:9- anna"]),
        ("0 due 10 moved 9 to 30 moved 29 to 50 done 51", ["29:29-51 anna"]),  # by its first date
        ("0 due 10 moved 9 to 40 moved 12 to 15", ["9:9-12 anna"]),
        ("0 due 10 moved 9 to 40 given 8 to boris", ["9:9- boris"]),
    ],
)
def test_a_task_is_pushed_from_its_first_date(task: str, broken: list[str]) -> None:
    terms = by(LongestPush(hours(24)), code="task.pushed")
    assert found("task.pushed", life("0 lead anna", task), terms) == broken


@pytest.mark.parametrize(
    ("task", "broken"),
    [
        ("10 due 34", []),
        ("10 due 35", ["10:10-11 anna"]),  # from then on it is near enough
        ("10 due 100 done 20", ["10:10-20 anna"]),
        ("10 due 100 moved 12 to 20", ["10:10-12 anna"]),
        ("60 due 200", []),  # on a stage that does not ask
    ],
)
def test_a_task_is_far_on_the_stage_where_it_was_set(task: str, broken: list[str]) -> None:
    deal = life("0 lead anna; 50 offer anna", task)
    assert found("task.far", deal, by(lead=FurthestTask(hours(24)))) == broken


def test_a_task_without_a_result_and_one_done_at_once() -> None:
    deal = life("0 lead anna", "10 due 12 done 12", "20 due 30 done 20.01")
    [plain, quick] = deal.tasks
    told = [plain._replace(has_result=False), quick._replace(has_result=True, author=2)]
    deal = Timeline(**{**{n: getattr(deal, n) for n in deal.__dataclass_fields__}, "tasks": tuple(told)})
    assert found("task.no_result", deal, by()) == ["12:12-348 anna"]
    terms = by(Instant(hours(0.1)), code="task.instant")
    assert found("task.instant", deal, terms) == ["20:20.01-356.01 boris"]
    assert found("task.no_result", life("0 lead anna", "10 due 12 done 12"), by()) == []  # nobody has told


@pytest.mark.parametrize(
    ("steps", "price", "changes", "broken"),
    [
        ("9 lead anna; 20 offer anna", 0, [], ["20:34- anna"]),
        ("9 lead anna; 20 offer anna", 5, [], []),
        ("9 lead anna; 20 offer anna; 60 deal boris", 0, [], ["20:34- anna"]),  # it goes on on later stages
        ("9 offer anna", 5, [(12, "price", 0, 5)], ["9:10-12 anna"]),
        ("9 offer anna; 10 lost anna", 0, [], []),
    ],
)
def test_an_amount_is_demanded_from_a_stage_on(
    steps: str, price: int, changes: list[tuple[float, str, int, int]], broken: list[str]
) -> None:
    deal = life(steps, price=price, changes=changes, updated=0)
    assert found("field.amount", deal, by(offer=AmountFromHere(True, hours(1)))) == broken


@pytest.mark.parametrize(
    ("touches", "broken"),
    [
        ([], ["10:11-40 anna"]),
        ([(10.5, "call_out", 0)], []),
        (
            [(10.5, "call_in", 0), (10.6, "note", 0)],
            ["10:11-40 anna"],
        ),  # nobody took it; a note is no contact
        ([(10.5, "call_in", 30)], []),
        ([(15, "message_out", 0)], ["10:11-15 anna"]),
        ([(5, "call_out", 60)], []),  # before the deal came
    ],
)
def test_the_first_contact_is_by_a_person_within_company_hours(
    touches: list[tuple[float, str, int]], broken: list[str]
) -> None:
    deal = with_touches(life("4 new anna; 10 lead anna; 40 won anna"), *touches)
    assert found("contact.first_late", deal, by(lead=FirstContact(hours(1)))) == broken


@pytest.mark.parametrize(
    ("touches", "heard", "broken"),
    [
        ([], [], ["20:20-356 anna"]),
        ([(5, "call_out", 0)], [], ["20:20-356 anna"]),
        ([(5, "call_out", 0), (6, "message_out", 0)], [], []),
        ([(5, "call_in", 60)], [], []),
        ([], [7], []),  # the client wrote
        ([(5, "call_in", 20)], [], []),  # twenty seconds are a talk
        ([(5, "call_in", 19)], [], ["20:20-356 anna"]),
        ([(20, "call_in", 60)], [], []),  # at the moment of closing
        ([], [20], []),
        ([(30, "call_out", 0), (31, "call_out", 0)], [], ["20:20-356 anna"]),  # too late
    ],
)
def test_a_deal_is_lost_after_enough_attempts(
    touches: list[tuple[float, str, int]], heard: list[float], broken: list[str]
) -> None:
    deal = with_touches(life("0 lead anna; 20 lost anna"), *touches)
    told = tuple(map(at, heard))
    deal = Timeline(**{**{n: getattr(deal, n) for n in deal.__dataclass_fields__}, "heard": told})
    assert found("deal.lost_untried", deal, by(Attempts(2), code="deal.lost_untried")) == broken


def test_closings_without_a_reason_or_a_contact() -> None:
    assert found("deal.lost_no_reason", life("0 lead anna; 20 lost anna"), by()) == ["20:20- anna"]
    assert found("deal.lost_no_reason", life("0 lead anna; 20 lost anna", loss_reason=7), by()) == []
    assert found("deal.won_untouched", life("0 lead anna; 20 won boris"), by()) == ["20:20-356 boris"]
    called = with_touches(life("0 lead anna; 20 won boris"), (3, "call_out", 0))
    assert found("deal.won_untouched", called, by()) == []
    sold_on_the_phone = with_touches(life("0 lead anna; 20 won boris"), (20, "call_out", 60))
    assert found("deal.won_untouched", sold_on_the_phone, by()) == []
    afterwards = with_touches(life("0 lead anna; 20 won boris"), (21, "call_out", 60))
    assert found("deal.won_untouched", afterwards, by()) == ["20:20-356 boris"]


@pytest.mark.parametrize(
    ("norm", "told"),
    [
        (AmountFromHere(demanded=False, grace=hours(5)), None),
        (AmountFromHere(demanded=True, grace=None), False),
        (AmountFromHere(demanded=True, grace=hours(5)), True),
    ],
)
def test_the_book_says_that_an_amount_is_demanded_and_the_grace_where_there_is_one(
    norm: AmountFromHere, told: bool | None
) -> None:
    said = field_amount.fact(norm)
    assert (None if said is None else said.also is not None) == told


@pytest.mark.parametrize(
    ("code", "steps", "terms", "broken"),
    [
        ("stage.back", "0 lead anna; 10 offer anna; 20 lead boris; 30 offer boris", by(), ["20:20-30 boris"]),
        ("stage.back", "0 lead anna; 10 lost anna; 20 lead anna", by(), []),
        ("stage.skipped", "0 lead anna; 10 deal anna", by(offer=Stop(True)), ["10:10-346 anna"]),
        ("stage.skipped", "0 lead anna; 10 won anna", by(offer=Stop(True)), ["10:10-346 anna"]),
        ("stage.skipped", "0 lead anna; 10 lost anna", by(offer=Stop(True)), []),
        ("stage.skipped", "0 lead anna; 5 offer anna; 10 deal anna", by(offer=Stop(True)), []),
        ("stage.skipped", "0 deal anna; 10 won anna", by(offer=Stop(True)), []),  # it began behind it
        ("stage.forbidden", "0 lead anna; 10 deal anna", by(lead=Onward(("offer",))), ["10:10-346 anna"]),
        ("stage.forbidden", "0 lead anna; 10 lost anna", by(lead=Onward(("offer",))), []),
        ("stage.forbidden", "0 lead anna; 10 offer anna", by(lead=Onward(("offer",))), []),
    ],
)
def test_moves(code: str, steps: str, terms: Terms, broken: list[str]) -> None:
    assert found(code, life(steps), terms) == broken


def test_a_deal_is_thrown_between_pipelines() -> None:
    terms = by(Throws(3, hours(100)), code="deal.pingpong")
    steps = "0 1:a anna; 10 2:a boris; 20 1:a anna; 30 2:a boris; 200 1:a anna"
    assert found("deal.pingpong", life(steps), terms) == ["10:30-366 boris"]
    assert found("deal.pingpong", life("0 1:a anna; 10 2:a boris; 20 1:a anna"), terms) == []


def test_a_task_of_another_than_the_deal() -> None:
    terms = by(Borrowed(hours(24)), code="task.other_owner")
    deal = life("0 lead anna; 10 lead boris; 100 won boris", "5 due 90")
    assert found("task.other_owner", deal, terms) == ["10:34-100 boris"]
    assert (
        found("task.other_owner", life("0 lead anna; 10 lead boris", "5 due 90 given 12 to boris"), terms)
        == []
    )


def test_a_hand_in_a_robots_pipeline() -> None:
    steps = life("0 9:a anna; 10 9:b anna")
    for author, broken in ((2, ["10:10-346 boris"]), (None, [])):
        changes = (Change(at(10), STAGE, "9:a", "9:b", author),)
        deal = Timeline(**{**{n: getattr(steps, n) for n in steps.__dataclass_fields__}, "changes": changes})
        assert found("robot.touched", deal, by()) == broken


def test_people_who_did_much_in_a_row_or_have_too_much() -> None:
    deeds = tuple(Deed(at(h), n, 7) for n, h in enumerate([0, 0.1, 0.2, 50], 1))
    person = PersonLife(1, moves=deeds, reschedules=deeds, plans=deeds)
    for code in ("person.mass_move", "person.mass_reschedule", "task.copied"):
        norm = RULES[code].norm
        assert norm is not None
        said = list(RULES[code].checks(person, by(norm(3, hours(1)), code=code)))
        [breach] = [breach for check in said for breach in check.breaches]
        assert (hour(breach.since), hour(breach.opens_at), breach.values["count"]) == ("0", "0.2", 3), code
    cards = (Card("lead", 1, at(0), at(50)), Card("lead", 2, at(5), None), Card("lead", 3, at(9), at(60)))
    said = list(RULES["person.overloaded"].checks(PersonLife(1, cards=cards), by(lead=MostCards(2))))
    [breach] = [breach for check in said for breach in check.breaches]
    assert (hour(breach.since), hour(breach.opens_at), hour(breach.closes_at)) == ("9", "33", "50")
    assert not [
        b
        for check in RULES["person.overloaded"].checks(PersonLife(1, cards=cards), by())
        for b in check.breaches
    ]


@pytest.mark.parametrize(
    ("cards", "found"),
    [
        ([("lead", 0, 24), ("lead", 0, 24), ("lead", 0, 24)], []),  # gone by tomorrow
        ([("lead", 0, 25), ("lead", 0, 25), ("lead", 0, 25)], [("lead", 0, 24, 25, 3)]),
        ([("lead", 0, None), ("lead", 0, None), ("lead", 5, None)], [("lead", 5, 29, None, 3)]),
        (
            [("lead", 0, None), ("lead", 0, None), ("lead", 5, 60), ("lead", 50, 55), ("lead", 100, None)],
            [("lead", 5, 29, 60, 4), ("lead", 100, 124, None, 3)],
        ),
    ],
)
def test_a_crowd_stands_when_it_has_lasted_a_day(
    cards: list[tuple[str, float, float | None]], found: list[tuple[str, float, float, float | None, int]]
) -> None:
    own = tuple(
        Card(stage, number, at(since), None if until is None else at(until))
        for number, (stage, since, until) in enumerate(cards)
    )
    said = RULES["person.overloaded"].checks(PersonLife(1, cards=own), by(lead=MostCards(2)))
    told = [breach for check in said for breach in check.breaches]
    assert [(b.stage, b.since, b.opens_at, b.closes_at, b.values["count"]) for b in told] == [
        (stage, at(since), at(opens), None if closes is None else at(closes), count)
        for stage, since, opens, closes, count in found
    ]


def test_two_stages_that_overflow_in_one_second_are_two_findings_in_their_order() -> None:
    cards = tuple(
        Card(stage, number, at(0), None) for number, stage in enumerate(["offer"] * 3 + ["lead"] * 3)
    )
    norms = by(lead=MostCards(2), offer=MostCards(2))
    said = RULES["person.overloaded"].checks(PersonLife(1, cards=cards), norms)
    told = [(breach.stage, breach.since) for check in said for breach in check.breaches]
    assert told == [("lead", at(0)), ("offer", at(0) + timedelta(microseconds=1))]


def test_a_deal_that_is_nobodys_is_told_apart_from_one_whose_owner_left() -> None:
    gone = replace(by(), gone={1: at(5)})
    [nobodys] = breaches("owner.gone", life("0 lead -; 10 won -"), gone)
    assert (nobodys.owner, nobodys.stage, nobodys.values) == (None, "lead", {"case": "nobody"})
    [left] = breaches("owner.gone", life("0 lead anna; 10 won anna"), gone)
    assert (left.owner, left.since, left.closes_at, left.values) == (1, at(5), at(10), {})


def test_a_stage_without_a_regulation() -> None:
    rule = RULES["stage.no_regulation"]
    for norms, broken in (
        ({}, ["7-"]),
        ({"1:2": (StageNorms(1, at(9)),)}, ["7-9"]),
        ({"1:2": (StageNorms(),)}, []),
    ):
        terms = Terms(norms, since={"stage.no_regulation": at(7)}, robots=frozenset("9"))
        said = [b for check in rule.checks(StageLife("1:2", "Talk", "work"), terms) for b in check.breaches]
        assert [f"{hour(b.opens_at)}-{hour(b.closes_at)}" for b in said] == broken
    assert not list(
        rule.checks(
            StageLife("9:2", "Talk", "work"),
            Terms(since={"stage.no_regulation": at(7)}, robots=frozenset("9")),
        )
    )
