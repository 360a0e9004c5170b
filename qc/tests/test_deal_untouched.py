"""No touch by a person for N days: what is broken, and how the rule comes to pages, the API and the backtest."""

import pytest
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import moment
from core.periods import Period
from devtools.tests import factory
from pipelines.models import Touch
from qc import engine, queries, regulations
from qc.models import Finding, Regulation, RuleMode, RuleStep
from qc.rules import RULES, StageNorms, Terms
from qc.rules.deal_untouched import LongestSilence
from qc.tests import world
from qc.tests.lives import CLOCKS, at, breaches, found, hour, hours, life
from team.models import Role


def by(*versions: tuple[float | None, float | None]) -> Terms:
    """Versions of the stage «offer» as (published at hour, longest silence in hours)."""
    norms = [
        StageNorms(
            n, None if since is None else at(since), {LongestSilence: LongestSilence(idle and hours(idle))}
        )
        for n, (since, idle) in enumerate(versions)
    ]
    return Terms({"offer": tuple(norms)}, CLOCKS)


DAY = by((None, 24))


@pytest.mark.parametrize(
    ("terms", "story", "touches", "expected"),
    [
        (DAY, "0 offer anna", [], ["0:24- anna"]),
        (DAY, "0 offer anna", [10], ["10:34- anna"]),
        (
            DAY,
            "0 offer anna",
            [10, 30, 54, 100],
            ["54:78-100 anna", "100:124- anna"],
        ),  # exactly a day is in time
        (DAY, "0 offer anna; 24 won anna", [], []),
        (DAY, "0 offer anna; 30 won anna", [], ["0:24-30 anna"]),
        (DAY, "0 offer anna; 10 lead anna; 40 offer boris", [20], ["40:64- boris"]),  # a visit begins anew
        (DAY, "0 offer anna; 20 offer boris", [], ["0:24- boris"]),
        (DAY, "0 lead anna; 9 new anna; 30 lost anna", [], []),
        (by((None, None)), "0 offer anna", [], []),
        (
            by((50, 24)),
            "0 offer anna",
            [],
            ["50:74- anna"],
        ),  # what nobody had demanded is not held against anybody
        (by((0, 100), (50, 24)), "0 offer anna", [], ["0:74- anna"]),
        (by((0, 24), (20, 100)), "0 offer anna", [], ["0:100- anna"]),
        (by((0, 24), (20, None)), "0 offer anna", [], []),
    ],
)
def test_untouched(terms: Terms, story: str, touches: list[float], expected: list[str]) -> None:
    assert found("deal.untouched", life(story, touches=touches), terms) == expected


@given(touches=st.lists(st.integers(0, 200), max_size=8, unique=True).map(sorted), idle=st.integers(1, 60))
def test_an_hour_is_broken_when_the_last_touch_lies_too_far_back(touches: list[int], idle: int) -> None:
    said = breaches("deal.untouched", life("10 offer anna", touches=touches), by((None, idle)))
    broken = {
        n
        for n in range(10, 250)
        for b in said
        if b.opens_at <= at(n) and (b.closes_at is None or at(n) < b.closes_at)
    }
    last = {n: max([10, *(touch for touch in touches if 10 < touch <= n)]) for n in range(10, 250)}
    assert broken == {n for n in range(10, 250) if n - last[n] >= idle}
    assert len({b.since for b in said}) == len(said)


@pytest.mark.django_db
def test_it_works_in_every_place_that_rules_have() -> None:
    world.company("money")
    moment.fix(at(300).isoformat())
    try:
        assert RULES["deal.untouched"].mode == "off"
        RuleStep.objects.all().delete()
        RuleMode.objects.filter(rule="deal.untouched").update(mode="money", since=at(0))
        world.deal(1, "0 offer anna")
        world.deal(2, "0 offer anna")
        Touch.objects.create(id="1", at=at(290), updated_at=at(290), kind="call_out", deal_id=2, manager_id=1)
        admin = Client()
        admin.force_login(factory.make_employee(Role.ADMIN, language="en"))
        page = admin.get("/regulations/offer/").content.decode()
        assert "Longest time without a touch, by the calendar" in page

        sent = {"version": "0", "deal_untouched_idle_number": "3", "deal_untouched_idle_unit": "days"}
        sent |= {"max_stay_unit": "days", "stay_clock": "calendar"}
        sent |= {"task_grace_unit": "hours", "fields_grace_unit": "hours"}
        tried = admin.post("/regulations/offer/try/", sent, headers={"HX-Request": "true"}).context["trial"]
        assert [(code, numbers.now) for code, _title, numbers in tried.rules] == [("deal.untouched", 1)]
        [row] = admin.post(
            "/api/v1/regulations/offer/backtest/",
            {"norms": {"deal.untouched": {"idle": "3 d"}}},
            content_type="application/json",
        ).json()["findings"]
        assert (row["rule"], row["now"], row["period"], row["now_before"]) == ("deal.untouched", 1, 2, 0)
        assert admin.post("/regulations/offer/", sent).status_code == 302
        regulation = Regulation.objects.get()
        assert regulation.norms == {"deal.untouched": {"idle": "3 d"}}
        Regulation.objects.update(published_at=at(0))

        engine.judge()
        [standing] = Finding.objects.open(moment.now())
        assert (standing.deal_id, hour(standing.opens_at)) == (1, "72")
        with translation.override("en"):
            assert queries.because(standing).startswith("No call, message or note of a person since")
        [api] = admin.get("/api/v1/regulations/").json()
        assert (api["norms"], api["deal_untouched_idle"]) == (regulation.norms, "3 00:00:00")
        assert admin.get("/findings/?rule=deal.untouched").context["page"].paginator.count == 1
        assert "Touch the client at least every" in admin.get("/findings/deal/1/").content.decode()
        with translation.override("en"):
            [said] = regulations.sentences(None, regulation)
        assert said.replace("\N{NO-BREAK SPACE}", " ").endswith(": no limit → 3 days.")
        period = Period(at(0), at(300), "test")
        scores = {one.rule: one for one in queries.quality(period)[1]}
        assert scores["deal.untouched"][2:] == (2, 2)
        assert "deal.untouched" in admin.get("/rules/").content.decode()
        by_time = {one.rule: one for one in queries.quality_by_time(period)[1]}["deal.untouched"]
        assert (by_time.broken, by_time.demanded) == (hours(228 + 218), hours(600))
    finally:
        moment.fix(None)
