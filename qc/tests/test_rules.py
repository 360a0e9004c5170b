"""Each rule as a table: a life, and the stretches of time in which the rule is broken."""

from typing import Any

import pytest

from qc.rules import Terms
from qc.tests.lives import CLOCKS, NAMES, Norm, at, breaches, found, hour, hours, life, terms, terms_of

WEEK = Norm(max_stay=hours(168))
NINE_OWN = Norm(max_stay=hours(9), stay_clock="owner")
NINE_CLIENT = Norm(max_stay=hours(9), stay_clock="client")


@pytest.mark.parametrize(
    ("norm", "story", "expected"),
    [
        (WEEK, "0 offer anna", ["0:168- anna"]),  # it will be stuck in a week
        (WEEK, "0 offer anna; 167 deal anna", []),
        (WEEK, "0 offer anna; 168 deal anna", []),  # exactly a week is not more than a week
        (WEEK, "0 offer anna; 169 deal anna", ["0:168-169 anna"]),
        (WEEK, "0 offer anna; 100 deal anna; 110 offer anna", ["110:278- anna"]),  # a new visit counts anew
        (WEEK, "0 offer anna; 100 offer boris", ["0:168- boris"]),  # a new owner does not: the client waits
        (
            WEEK,
            "0 offer anna; 170 offer boris",
            ["0:168- anna"],
        ),  # an old fact does not move to the new owner
        (WEEK, "0 lead anna; 24 won anna", []),
        (NINE_OWN, "8 offer anna", ["8:18- anna"]),
        (NINE_OWN, "14 offer anna", ["14:38- anna"]),
        (
            NINE_OWN,
            "14 offer anna; 18 offer boris",
            ["14:26- boris"],
        ),  # 4 h of Anna's day, then Boris's night
        (NINE_OWN, "14 offer vera", ["14:38- vera"]),  # no rota of her own: company hours
        (NINE_CLIENT, "14 offer boris", ["14:38- boris"]),
    ],
)
def test_stuck(norm: Norm, story: str, expected: list[str]) -> None:
    assert found("deal.stuck", life(story), terms(offer=norm)) == expected


def test_a_closed_stage_is_never_stuck_and_a_deleted_deal_ends() -> None:
    assert found("deal.stuck", life("0 won anna"), terms(won=WEEK)) == []
    assert found("deal.stuck", life("0 offer anna", until=200), terms(offer=WEEK)) == ["0:168-200 anna"]
    assert found("deal.stuck", life("0 offer anna", until=100), terms(offer=WEEK)) == []


def test_a_visit_is_judged_by_the_version_in_force_when_it_ended() -> None:
    versions = (Norm(1, at(0), max_stay=hours(24)), Norm(2, at(100), max_stay=hours(48)))
    story = life("0 offer anna; 50 deal anna; 60 offer anna; 110 deal anna; 120 offer anna")
    assert [
        (b.regulation, (b.opens_at - b.since) / hours(1))
        for b in breaches("deal.stuck", story, terms_of({"offer": versions}))
    ] == [(1, 24), (2, 48), (2, 48)]


def stays(*norms: tuple[float, float | None]) -> Terms:
    """Versions of one stage as (published at hour, longest stay)."""
    return terms_of(
        {"offer": tuple(Norm(n, at(p), max_stay=h and hours(h)) for n, (p, h) in enumerate(norms))}
    )


@pytest.mark.parametrize(
    ("versions", "story", "expected"),
    [
        # made stricter at 100, when Anna had long given the deal away without breaking anything
        ([(0, 200), (100, 24)], "0 offer anna; 50 offer boris", ["0:100- boris"]),
        ([(0, 200), (100, 24)], "90 offer anna", ["90:114- anna"]),
        ([(0, 200), (100, 24)], "0 offer anna; 99 won anna", []),
        ([(0, 24), (100, 20)], "0 offer anna; 50 offer boris", ["0:24- anna"]),  # it was too long before, too
        ([(0, 24), (100, 24)], "0 offer anna; 50 offer boris", ["0:24- anna"]),  # only words were changed
        ([(0, 24), (50, 200), (100, 24)], "0 offer anna", ["0:100- anna"]),
        ([(0, 20), (30, 24)], "0 offer anna", ["0:24- anna"]),  # a loosened norm forgives what goes on
        ([(0, 20), (30, 24), (60, 20)], "0 offer anna", ["0:24- anna"]),  # and what it forgave stays so
        (
            [(0, 20), (100, 200)],
            "0 offer anna; 100 deal anna",
            ["0:20-100 anna"],
        ),  # in the moment it moved on
        ([(0, 20), (30, None)], "0 offer anna", []),
        ([(0, None), (30, 20)], "0 offer anna", ["0:30- anna"]),
        ([(100, 24)], "0 offer anna", ["0:100- anna"]),  # the first version
        ([(100, 24)], "0 offer anna; 90 won anna", []),
        ([(100, 24)], "0 offer anna; 100 won anna", []),
    ],
)
def test_no_stay_is_broken_before_its_norm_is_published(
    versions: list[tuple[float, float | None]], story: str, expected: list[str]
) -> None:
    assert found("deal.stuck", life(story), stays(*versions)) == expected


def test_a_draft_judges_all_history() -> None:
    draft = terms_of({"offer": (Norm(max_stay=hours(24)),)})
    assert found("deal.stuck", life("0 offer anna; 50 deal anna"), draft) == ["0:24-50 anna"]


def grace(published: float, length: float | None, **norms: Any) -> Norm:
    """A version that demands a task and an amount with this grace, or neither."""
    demands = {} if length is None else {"needs_task": True, "task_grace": hours(length)}
    fields = {} if length is None else {"fields": (("price", ""),), "fields_grace": hours(length)}
    return Norm(None, at(published), **{**demands, **fields, **norms})


@pytest.mark.parametrize(
    ("versions", "story", "opens"),
    [
        # demanded from 82 on (a Thursday, 10 o'clock): the grace begins then, and the owner of then is asked
        ([grace(0, None), grace(82, 2)], "10 offer anna; 40 offer vera", "84 vera"),
        ([grace(82, 2)], "10 offer anna; 40 offer vera", "84 vera"),
        ([grace(0, 5), grace(13, 2)], "10 offer anna", "15 anna"),  # no more than the five hours
        ([grace(0, 5), grace(11, 2)], "10 offer anna", "13 anna"),
        ([grace(0, 5), grace(11, 5)], "10 offer anna", "15 anna"),
        ([grace(0, 5), grace(11, 2), grace(12, 2)], "10 offer anna", "13 anna"),
        ([grace(0, 2), grace(11, 5)], "10 offer anna", "15 anna"),
        ([grace(0, 2), grace(20, None), grace(82, 2)], "10 offer anna", "84 anna"),
    ],
)
def test_a_grace_begins_when_its_demand_is_published(versions: list[Norm], story: str, opens: str) -> None:
    for code in ("task.none", "field.missing"):
        (one,) = breaches(code, life(story), terms_of({"offer": tuple(versions)}, CLOCKS))
        assert f"{hour(one.opens_at)} {NAMES[one.owner]}" == opens, code


def test_a_field_that_is_demanded_later_has_a_grace_of_its_own() -> None:
    both = {"fields": (("price", ""), ("71", "Term"))}
    judged_by = terms_of({"offer": (grace(0, 2), grace(82, 2, **both))}, CLOCKS)
    assert found("field.missing", life("10 offer anna", price=5), judged_by) == ["82:84- anna"]
    assert found("field.missing", life("10 offer anna"), judged_by) == ["10:12- anna"]  # late already
    late = life("10 offer anna", price=5, changes=[(20, "price", 0, 5)])
    first, second = breaches("field.missing", late, judged_by)
    assert (hour(first.opens_at), hour(first.closes_at), hour(second.opens_at)) == ("12", "20", "84")
    assert first.values == {"fields": [["price", ""]]} and second.values == {"fields": [["71", "Term"]]}
    filled = life("10 offer anna", price=5, changes=[(83, "price", 0, 5)])
    assert found("field.missing", filled, judged_by) == ["10:12-83 anna", "84:84- anna"]


def test_a_closing_stage_is_judged_by_the_version_of_the_entry() -> None:
    judged_by = terms_of({"won": (grace(0, None), grace(30, 2))}, CLOCKS)
    assert found("field.missing", life("0 offer anna; 29 won anna"), judged_by) == []
    assert found("field.missing", life("0 offer anna; 33 won anna"), judged_by) == ["33:35- anna"]


def test_an_entry_that_no_event_proves_is_marked() -> None:
    story = life("0 offer anna")
    story = type(story)(**{**vars(story), "pieces": (story.pieces[0]._replace(inferred=True),)})
    assert breaches("deal.stuck", story, terms(offer=WEEK))[0].values["inferred"] is True


AT_ONCE = Norm(needs_task=True)
TWO_HOURS = Norm(needs_task=True, task_grace=hours(2))


@pytest.mark.parametrize(
    ("norm", "story", "tasks", "expected"),
    [
        (AT_ONCE, "0 offer anna", [], ["0:0- anna"]),
        (AT_ONCE, "0 offer anna", ["0 due 10"], []),  # late, but planned: that is another rule's matter
        (AT_ONCE, "0 offer anna", ["0 due 10 done 12"], ["12:12- anna"]),
        (AT_ONCE, "0 offer anna", ["0 due 10 done 12", "12 due 30"], []),
        (AT_ONCE, "0 offer anna", ["0 due 10 done 12", "11 due 30 deleted 20"], ["20:20- anna"]),
        (AT_ONCE, "0 offer anna; 40 won anna", ["0 due 10 done 12"], ["12:12-40 anna"]),
        (AT_ONCE, "0 new anna; 5 offer anna", [], ["5:5- anna"]),  # incoming waits for nobody
        # lead demands no task
        (AT_ONCE, "0 offer anna; 5 lead anna; 9 offer anna", [], ["0:0-5 anna", "9:9- anna"]),
        (TWO_HOURS, "10 offer anna", [], ["10:12- anna"]),
        (TWO_HOURS, "17 offer anna", [], ["17:34- anna"]),  # an hour tonight and an hour tomorrow
        (TWO_HOURS, "10 offer anna", ["12 due 20"], []),  # in the last moment
        (TWO_HOURS, "10 offer anna", ["12.5 due 20"], ["10:12-12.5 anna"]),
        (TWO_HOURS, "10 offer anna; 11 offer boris", [], ["10:22- boris"]),
        (TWO_HOURS, "10 offer anna; 11 won anna", [], []),
    ],
)
def test_no_next_task(norm: Norm, story: str, tasks: list[str], expected: list[str]) -> None:
    assert found("task.none", life(story, *tasks), terms(offer=norm)) == expected


def test_a_gap_that_goes_on_to_the_next_stage_is_one_finding_by_the_first_stages_grace() -> None:
    story = life("10 offer anna; 11 deal anna")
    assert found("task.none", story, terms(offer=TWO_HOURS, deal=AT_ONCE)) == ["10:12- anna"]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (["0 due 10"], ["10:10- anna"]),
        (["0 due 10 done 9"], []),
        (["0 due 10 done 10"], []),
        (["0 due 10 done 11"], ["10:10-11 anna"]),
        (["0 due 22 deleted 23 by boris"], ["22:22-23 boris"]),
        (["0 due 10 moved 9 to 20 done 15"], []),
        (
            ["0 due 10 moved 12 to 20 done 25"],
            ["10:10-12 anna"],
        ),
        (
            ["0 due 10 moved 12 to 16 done 17"],
            ["10:10-12 anna", "16:16-17 anna"],
        ),  # two dues missed, two findings
        (["11 due 3"], ["11:11- anna"]),  # nobody is late before the task exists
        (["0 due 10 moved 12 to 11"], ["10:10-12 anna", "12:12- anna"]),
        (["0 due 10 moved 11 to 17 moved 12 to 10"], ["10:10-11 anna", "12:12- anna"]),
        # outside of the owner's shifts nothing becomes late
        (["0 due 20"], ["20:33- anna"]),
        (["0 due 20 done 33"], []),
        (["0 due 20 moved 30 to 40"], ["40:40- anna"]),
        (["0 due 20 by boris"], ["20:21- boris"]),
        # it is held against whoever had the task then
        (["0 due 34 given 450 to boris"], ["34:34- anna"]),
        (["0 due 34 given 30 to boris"], ["34:69- boris"]),
        (["0 due 20 given 22 to boris"], ["20:22- boris"]),  # nobody was at work before
        (["0 due 20 given 22 to vera given 30 to anna"], ["20:33- anna"]),
    ],
)
def test_overdue(tasks: list[str], expected: list[str]) -> None:
    assert found("task.overdue", life("0 offer anna", *tasks), terms()) == expected


def test_tasks_end_with_a_deleted_deal() -> None:
    assert found("task.overdue", life("0 offer anna", "0 due 10", until=20), terms()) == ["10:10-20 anna"]


BUDGET = Norm(fields=(("price", ""), ("71", "Term")), fields_grace=hours(2))


@pytest.mark.parametrize(
    ("facts", "expected", "fields"),
    [
        ({}, ["10:12- anna"], {"price": "", "71": "Term"}),
        (
            {"price": 5, "fields": {"71": "May"}},
            [],
            None,
        ),  # filled, nobody knows when: not held against anybody
        ({"price": 5}, ["10:12- anna"], {"71": "Term"}),
        ({"price": 5, "fields": {"71": "May"}, "changes": [(11, "71", None, "May")]}, [], None),
        (
            {"price": 5, "fields": {"71": "May"}, "changes": [(13, "71", None, "May")]},
            ["10:12-13 anna"],
            {"71": "Term"},
        ),
        (
            {"price": 5, "fields": {"71": "May"}, "changes": [(13, "71", None, "May"), (14, "price", 0, 5)]},
            ["10:12-14 anna"],
            {"price": "", "71": "Term"},
        ),
        (
            {"fields": {"71": "May"}, "changes": [(13, "71", None, "May")], "price": 0},
            ["10:12- anna"],
            {"price": ""},
        ),
        # emptied again: a second break is a second finding
        (
            {"price": 5, "changes": [(11, "71", "", "May"), (20, "71", "May", "")]},
            ["20:20- anna"],
            {"71": "Term"},
        ),
        # the row is newer than the last event: an event was lost
        ({"price": 5, "fields": {"71": "May"}, "changes": [(11, "71", "x", "")], "updated": 15}, [], None),
        (
            {"price": 5, "fields": {}, "changes": [(11, "71", "", "x")], "updated": 15},
            ["15:15- anna"],
            {"71": "Term"},
        ),
        # the row is older than the last event: it has not been read again yet
        ({"price": 5, "fields": {}, "changes": [(11, "71", "", "x")], "updated": 5}, [], None),
    ],
)
def test_missing_fields(facts: dict[str, object], expected: list[str], fields: dict[str, str] | None) -> None:
    story = life("0 lead anna; 10 offer anna", **facts)
    assert found("field.missing", story, terms(offer=BUDGET)) == expected
    if fields is not None:
        (breach, *_) = breaches("field.missing", story, terms(offer=BUDGET))
        assert breach.values == {"fields": list(map(list, fields.items()))}


def test_missing_fields_stop_counting_when_the_stage_is_left() -> None:
    assert found("field.missing", life("10 offer anna; 11 deal anna"), terms(offer=BUDGET)) == []
    assert found("field.missing", life("10 offer anna; 15 deal anna"), terms(offer=BUDGET)) == [
        "10:12-15 anna"
    ]


@pytest.mark.parametrize(
    ("gone", "story", "expected"),
    [
        ({}, "0 offer anna", []),
        ({}, "0 offer -", ["0:0- -"]),
        ({}, "0 new -; 8 offer -; 10 offer anna", ["8:8-10 -"]),
        ({"anna": 24}, "0 offer anna", ["24:24- anna"]),
        ({"anna": 24}, "0 offer anna; 20 offer boris", []),
        (
            {"anna": 24},
            "0 offer anna; 30 deal anna; 40 deal boris",
            ["24:24-40 anna"],
        ),  # one finding over two stages
        ({"anna": 24}, "0 offer anna; 20 won anna", []),
        ({"anna": None}, "0 offer anna; 30 deal anna; 40 deal boris; 50 deal anna", ["50:50- anna"]),
        ({"anna": 5, "boris": 5}, "0 offer anna; 30 offer boris", ["5:5-30 anna", "30:30- boris"]),
    ],
)
def test_owner_gone(gone: dict[str, float | None], story: str, expected: list[str]) -> None:
    assert found("owner.gone", life(story), terms(gone)) == expected
