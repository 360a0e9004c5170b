"""Reports on a small log made by hand: returns, skips, a reopening, a lost hook, prices, several pipelines.

docs/analytics.md works its numbers out.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import F

from core import account
from core.periods import Period
from devtools.tests import factory
from metrics.analytics import REPORTS, BadQuestion, Terms, hand_overs, packing
from pipelines.models import Deal, Event, LifeChange, PipelineKind, Stage, Stay
from timeline.folding import fold_deals

ZONE = ZoneInfo("Europe/Moscow")
FIRST = datetime(2026, 11, 1, tzinfo=ZONE)
NOW = FIRST + timedelta(days=20)


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number - 1)


@pytest.fixture(scope="module")
def company(rows_of_module: None) -> Iterator[dict[str, str]]:
    """The nine deals of docs/analytics.md; {short name: key of the stage}."""
    pipelines = [factory.make_pipeline(name) for name in ("P", "Q", "S")]
    PipelineKind.objects.create(pipeline=pipelines[2].pk, kind=PipelineKind.Kind.SERVICE)
    account.forget()
    keys = {}
    for name, pipeline, kind in (
        ("A", 0, "work"), ("B", 0, "work"), ("C", 0, "work"), ("won", 0, "won"), ("lost", 0, "lost"),
        ("D", 1, "work"), ("won2", 1, "won"), ("E", 2, "work"),
    ):  # fmt: skip
        keys[name] = factory.make_stage(pipelines[pipeline], name, kind).pk
    roads: list[tuple[int, int, list[tuple[float, str, str]]]] = [
        (1, 100, [(2, "A", "B"), (4, "B", "won")]),
        (1, 200, [(2, "A", "C"), (5, "C", "A"), (6, "A", "lost")]),
        (2, 300, [(3, "A", "B"), (5, "B", "won"), (7, "won", "B"), (10, "B", "lost")]),
        (3, 400, [(4, "A", "B"), (6, "C", "won")]),
        (4, 700, []),
        (5, 600, [(8, "A", "D"), (9, "D", "won2")]),
        (6, 800, [(7, "A", "won"), (8, "won", "E")]),
        (7, 900, [(9, "A", "E")]),
        (8, 1000, [(9, "A", "A")]),
    ]
    person, number = factory.make_person(), 0
    for born, price, moves in roads:
        last = moves[-1][2] if moves else "A"
        stage = Stage.objects.get(pk=keys[last])
        closed = day(moves[-1][0]) if stage.kind in ("won", "lost") else None
        deal = factory.make_deal(stage, person, day(born), price=price, closed_at=closed, updated_at=NOW)
        for at, before, after in moves:
            number += 1
            Event.objects.create(
                id=f"{number:04}", at=day(at), kind="stage", entity="deal", entity_id=deal.pk,
                before=keys[before], after=keys[after],
            )  # fmt: skip
        if price == 700:
            Event.objects.create(
                id="price", at=day(5), kind="price", entity="deal", entity_id=deal.pk, before=500, after=700
            )
    fold_deals(Deal.objects.values_list("pk", flat=True))
    yield keys | {"P": str(pipelines[0].pk), "Q": str(pipelines[1].pk)}
    account.forget()


@pytest.fixture(autouse=True)
def forget_account() -> Iterator[None]:
    account.forget()
    yield
    account.forget()


def ask(code: str, pipeline: str = "", **options: str) -> Any:
    return REPORTS[code].answer(Terms(NOW, ZONE, None, None, int(pipeline) if pipeline else None, options))


pytestmark = pytest.mark.django_db


def test_the_flow_reconciles_through_returns_reopenings_and_pipelines(company: dict[str, str]) -> None:
    [month] = ask("flow")["rows"]
    expected = {"start": 0, "created": 9, "reopened": 1, "progressed": 5, "regressed": 1, "repriced": 0}
    expected |= {"won": 5, "lost": 2, "left": 1, "end": 2, "arrived": 0}
    assert {name: month[name] for name in expected} == expected
    [month] = ask("flow", value="price")["rows"]
    expected = {
        "created": 4800,
        "reopened": 300,
        "repriced": 200,
        "won": 2200,
        "lost": 500,
        "left": 900,
        "end": 1700,
    }
    assert {name: month[name] for name in expected} == expected
    [main] = ask("flow", company["P"])["rows"]
    assert [main[name] for name in ("created", "won", "lost", "reopened", "left", "end")] == [
        9,
        4,
        2,
        1,
        2,
        2,
    ]
    [second] = ask("flow", company["Q"])["rows"]
    assert [second[name] for name in ("created", "arrived", "won", "end")] == [1, 1, 1, 0]


def test_moves_and_chances_with_skips_returns_and_a_lost_hook(company: dict[str, str]) -> None:
    names = {key: name for name, key in company.items()} | {None: "elsewhere"}
    moves = {(names[row["from"]], names[row["to"]]): row["n"] for row in ask("transitions")["rows"]}
    assert moves == {
        ("A", "B"): 3, ("A", "C"): 1, ("A", "lost"): 1, ("A", "D"): 1, ("A", "won"): 1, ("A", "elsewhere"): 1,
        ("B", "won"): 2, ("B", "lost"): 1, ("B", "C"): 1, ("C", "A"): 1, ("C", "won"): 1, ("D", "won2"): 1,
        ("won", "B"): 1, ("won", "elsewhere"): 1,
    }  # fmt: skip
    rows = {names[row["stage"]]: row for row in ask("expected-win")["rows"]}
    chances = {"A": (35, 14), "B": (40, 16), "C": (46, 7), "D": (57, 0)}
    for stage, (won, lost) in chances.items():
        assert rows[stage]["won"] == pytest.approx(won / 57, abs=1e-12)
        assert rows[stage]["lost"] == pytest.approx(lost / 57, abs=1e-12)
    assert (rows["A"]["n"], rows["A"]["standing"]) == (10, 0.2)


def test_the_winning_curve_counts_final_results_and_leavers(company: dict[str, str]) -> None:
    """Reopened and lost is lost; sold and gone to service is won; gone unsold is watched until it left."""
    [row] = ask("incidence", days="20")["rows"]
    assert row["won"] == pytest.approx(31 / 63, abs=1e-12)
    assert (row["lost"], row["open"]) == (pytest.approx(16 / 63, abs=1e-12),) * 2
    [early] = ask("incidence", days="3")["rows"]
    assert (early["won"], early["at_risk"]) == (pytest.approx(23 / 63, abs=1e-12), 5)
    cycle = ask("cycle")
    assert (cycle["won"]["n"], cycle["won"]["median"], cycle["won"]["mean"]) == (4, 3.0, 2.75)
    assert (cycle["lost"]["n"], cycle["lost"]["median"]) == (2, 6.5)


def test_reached_cohorts_and_rework(company: dict[str, str]) -> None:
    names = {key: name for name, key in company.items()}
    rows = {
        names[row["stage"]]: (row["reached"], row["entered"]) for row in ask("reached", company["P"])["rows"]
    }
    assert rows == {"A": (9, 9), "B": (5, 3), "C": (5, 2), "won": (4, 4)}
    cohort, whole = ask("cohorts", days="3")["rows"]
    assert (cohort["cohort"], cohort["followed"], cohort["hit"]) == ("2026-11", 9, 4)
    assert (whole["cohort"], whole["rate"]) == ("all", pytest.approx(4 / 9))
    process = ask("process")
    assert process["rework"] == {"deals": 2, "share": pytest.approx(2 / 9), "n": 9}
    assert process["results"] == {"won": 4, "lost": 2, "open": 2, "left": 1}
    assert ask("win-rates", by="all")["overall"]["rate"] == pytest.approx(4 / 6)


def test_journeys_pass_through_pipelines_that_do_not_sell(company: dict[str, str]) -> None:
    answer = ask("journeys")
    told = [(row["n"], row["won"], row["open"], row["lost_at_once"]) for row in answer["rows"]]
    assert told == [(2, 0, 2, 0), (1, 1, 0, 0)]
    assert answer["crossed"] == 3


def test_what_stands_is_worth_what_its_stage_brings(company: dict[str, str]) -> None:
    [row] = ask("ageing", by="stage")["rows"]
    assert (row["n"], row["sum"], row["oldest_days"]) == (2, 1700, 17.0)
    assert row["expected"] == 0.0  # nothing that stood as long on A has moved on since


def test_a_period_chooses_by_creation_and_by_closing(company: dict[str, str]) -> None:
    half = Period.parse("2026-11-03", "2026-11-06", ZONE)
    terms = Terms(NOW, ZONE, half)
    assert REPORTS["incidence"].answer(terms)["n"] == 3  # created on the 3rd, 4th and 5th
    closed = REPORTS["cycle"].answer(terms)
    assert (closed["won"]["n"], closed["lost"]["n"]) == (
        1,
        0,
    )  # on the 4th; what was reopened is lost on the 10th
    [month] = REPORTS["flow"].answer(terms)["rows"]
    assert (month["start"], month["created"], month["won"], month["end"]) == (3, 3, 2, 4)


def test_what_is_packed_reads_as_the_stays_do(
    company: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packed, changed since, packed again: every report answers as from the stays alone."""
    monkeypatch.setattr(packing, "FEW", 0)
    codes = ("stage-times", "transitions", "flow", "incidence", "reached", "process")
    plain = {code: (ask(code), ask(code, company["P"])) for code in codes}
    with transaction.atomic():
        LifeChange.objects.bulk_create(
            LifeChange(deal_id=pk) for pk in Deal.objects.values_list("pk", flat=True)
        )
        assert packing.pack_changed() > 0 and not LifeChange.objects.exists()
        deal = Deal.objects.order_by("pk").first()
        assert deal is not None
        Stay.objects.filter(deal=deal).update(visit_since=F("visit_since") - timedelta(days=1))
        assert {
            code: (ask(code), ask(code, company["P"])) for code in codes
        } == plain  # blocks are what is read
        LifeChange.objects.create(deal_id=deal.pk)
        moved = ask("stage-times")
        assert moved != plain["stage-times"][0]
        assert packing.pack_changed() == 1 and ask("stage-times") == moved
        transaction.set_rollback(True)
    packing._empty = None


def test_folding_notes_whose_life_has_changed(company: dict[str, str]) -> None:
    with transaction.atomic():
        deal = Deal.objects.order_by("pk").last()
        assert deal is not None
        LifeChange.objects.all().delete()
        Event.objects.create(
            id="9999",
            at=day(12),
            kind="stage",
            entity="deal",
            entity_id=deal.pk,
            before=company["A"],
            after=company["B"],
        )
        fold_deals([deal.pk])
        assert list(LifeChange.objects.values_list("deal_id", flat=True)) == [deal.pk]
        fold_deals([deal.pk])  # nothing new: nothing is noted
        assert LifeChange.objects.count() == 1
        transaction.set_rollback(True)


def test_cases_of_service_stand_beside_the_sales_of_their_month(company: dict[str, str]) -> None:
    """Deals 7 and 8 come to S; sold are 1, 3, 4 and 7 in P, 6 in Q (docs/analytics.md)."""
    month, whole = ask("service")["rows"]
    assert (month["period"], month["cases"], month["won"], month["share"]) == ("2026-11", 2, 5, 0.4)
    assert (whole["period"], whole["cases"], whole["won"]) == ("all", 2, 5)
    [_, main] = ask("service", company["P"])["rows"]
    assert (main["cases"], main["won"]) == (2, 4)


def test_the_stock_is_the_time_in_work_and_velocity_its_four_factors(company: dict[str, str]) -> None:
    """Days in work until the 21st: 3 + 5 + (3 + 3) + 3 + 17 + 4 + 1 + 2 + 13 = 54."""
    month, whole = ask("stock")["rows"]
    assert (month["deal_days"], month["closed"]) == (54.0, 6)
    assert month["stock"] == pytest.approx(54 / 20) and whole["days_by_little"] == pytest.approx(9.0)
    rows = {row["pipeline"]: row for row in ask("velocity")["rows"]}
    main = rows[int(company["P"])]
    assert (main["open"], main["rate"], main["average"], main["cycle_median"]) == (2, 0.6, 1300 / 3, 3.0)
    assert main["velocity_median"] == pytest.approx(2 * 0.6 * (1300 / 3) / 3)


def test_changes_of_the_owner_cut_lives_and_count_as_hand_overs(
    company: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deal 1 (1 to 4 Nov.) is given to another on the 2nd, once more in the second of its closing, and afterwards."""
    with transaction.atomic():
        deal, other = Deal.objects.order_by("pk").first(), factory.make_person("Второй")
        assert deal is not None and deal.manager_id is not None
        owner = deal.manager_id
        for number, (at, before, after) in enumerate(
            [(2, owner, other.pk), (4, other.pk, owner), (9, owner, other.pk)]
        ):
            Event.objects.create(
                id=f"zz{number}", at=day(at), kind="owner", entity="deal", entity_id=deal.pk, before=before, after=after
            )  # fmt: skip
        rows = {row["manager"]: row for row in ask("deal-days")["rows"]}
        assert (rows[other.pk]["deal_days"], rows[other.pk]["n"]) == (2.0, 1)
        # 54 days in work, and the two that deal 3 stood won before it was reopened.
        assert sum(row["deal_days"] for row in rows.values()) == 56.0
        told = ask("hand-overs")
        assert (told["changes"], told["deals_with_any"], told["after_the_close"]) == (3, 1, 2)
        assert ask("hand-overs", without=str(owner))["changes"] == 0
        monkeypatch.setattr(hand_overs, "MOST_PAIRS", 1)
        told = ask("hand-overs")
        assert [row["n"] for row in told["rows"]] == [2] and told["pairs_in_all"] == 2
        with pytest.raises(BadQuestion):
            ask("hand-overs", without="robot")
        transaction.set_rollback(True)


def test_a_deal_with_somebody_elses_task_has_one(company: dict[str, str]) -> None:
    """Of the owner's open deals one has a task that another does; the other's only task is on no deal of his."""
    with transaction.atomic():
        deal, other = (
            Deal.objects.filter(closed_at=None).order_by("pk").first(),
            factory.make_person("Второй"),
        )
        assert deal is not None and deal.manager_id is not None
        factory.make_task(deal, day(25), manager_id=other.pk, created_at=day(1), updated_at=day(1))
        open_ = Deal.objects.filter(closed_at=None).count()
        told = {
            person: REPORTS["tasks"].answer(Terms(NOW, ZONE, None, frozenset({person})))
            for person in (deal.manager_id, other.pk)
        }
        assert ask("tasks")["open_deals_without_a_task"] == told[deal.manager_id]["open_deals_without_a_task"]
        assert told[deal.manager_id]["open_deals"] > 1
        assert (told[other.pk]["open_deals"], told[other.pk]["open_deals_without_a_task"]) == (0, 0)
        assert open_ >= told[deal.manager_id]["open_deals"]
        transaction.set_rollback(True)


def test_where_nothing_has_happened_yet_nothing_is_told_of_it(company: dict[str, str]) -> None:
    with transaction.atomic():
        Event.objects.all().delete()
        Deal.objects.exclude(price=700).update(deleted_at=NOW)
        told = ask("coverage")
        assert told["n"] > 0 and told["first_created"] and told["last_event"] is None
        Deal.objects.update(deleted_at=NOW)
        [row] = ask("incidence", days="7")["rows"]
        assert (row["n"], row["won"], row["won_se"]) == (0, None, None)
        transaction.set_rollback(True)


def test_the_stock_of_a_period_opens_the_deals_that_stood_at_its_end(company: dict[str, str]) -> None:
    """On the 5th, when the period ends with November's first days cut off by the month: deals closed later stand."""
    october = Period.parse("2026-10-01", "2026-11-01", ZONE)
    with transaction.atomic():
        deal = Deal.objects.exclude(closed_at=None).order_by("pk").first()
        assert deal is not None
        Deal.objects.filter(pk=deal.pk).update(created_at=day(-5))
        terms = Terms(NOW, ZONE, october)
        [row] = REPORTS["saturation"].answer(terms)["rows"]
        behind = REPORTS["saturation"].behind
        assert behind is not None
        cell = {"manager": str(row["manager"]), "what": "stock"}
        assert (row["stock"], behind(terms, cell).tolist()) == (1, [deal.pk])
        transaction.set_rollback(True)
