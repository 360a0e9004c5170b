"""What people answer in manual reviews becomes cases: once, for the right person, and the same ones judged anew."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from core import moment
from core.periods import Period
from jobs import judgement_queue as judgement
from kpi.prices import held
from pipelines.models import JudgementRequest
from qc import appeals, engine, manual_reviews, queries, rulings, wording
from qc.criteria import Reads
from qc.lives import load_lives, reviews_of
from qc.manual_reviews import SECTIONS
from qc.models import Finding, ManualReview, RuleMode, Sample, SampledDeal
from qc.rules import RULES, Terms
from qc.switch_backtest import try_switch
from qc.tests import world
from qc.tests.lives import CLOCKS, at, found, life
from team.models import Employee, Role
from timeline.timeline import Review

YES = dict.fromkeys(SECTIONS, "yes")


def review(hour: float, **answers: bool) -> Review:
    return Review(at(hour), int(hour), 2, "lead", answers, ((7, "Vera"),), "no word of it")


@pytest.mark.parametrize(
    ("reviews", "broken"),
    [
        ([], []),
        ([review(30, need=True)], []),
        ([review(30, step=False)], []),
        ([review(30, need=False)], ["30:30-366 boris"]),
        ([review(30, need=False), review(50, need=True)], ["30:30-366 boris"]),
        ([review(30, need=False), review(50, need=False)], ["30:30-366 boris", "50:50-386 boris"]),
        ([review(90, need=False)], []),  # deleted before
    ],
)
def test_a_no_is_held_against_whoever_was_reviewed(reviews: list[Review], broken: list[str]) -> None:
    deal = life("0 lead anna", until=80, reviews=tuple(reviews))
    assert found("review.need", deal, Terms({}, CLOCKS)) == broken


def test_the_checklist_is_asked_by_rules_in_its_order() -> None:
    assert list(SECTIONS) == ["need", "stage", "step", "promise", "record"]
    assert {f"review.{item}" for item in SECTIONS} == {code for code, rule in RULES.items() if rule.asks}


def row(
    number: int, twice: bool, hour: float, answers: dict[str, str], reviewer: int, text: str = ""
) -> tuple[Any, ...]:
    return (5, number, twice, 1, "lead", at(hour), answers, text, reviewer, f"R{reviewer}")


def test_of_two_reviewers_counts_what_they_agree_on_once_both_have_answered() -> None:
    first = row(1, True, 10, {"need": "no", "step": "no", "promise": "yes", "stage": "na"}, 7, "first")
    second = row(1, True, 20, {"need": "no", "step": "yes", "promise": "yes", "stage": "na"}, 8, "second")
    assert reviews_of([first]) == {}
    [both] = reviews_of([first, second])[5]
    assert (both.at, both.answers, both.text) == (at(20), {"need": False, "promise": True}, "first / second")
    assert both.reviewers == ((7, "R7"), (8, "R8"))
    [alone] = reviews_of([row(1, False, 10, {"need": "no", "step": "na"}, 7)])[5]
    assert (alone.at, alone.answers) == (at(10), {"need": False})


@pytest.fixture
def sample(db: None) -> Iterator[Sample]:
    world.company()
    moment.fix(at(500).isoformat())
    RuleMode.objects.filter(rule__startswith="review.").update(since=at(0))
    world.deal(1, "400 lead anna; 480 offer boris")
    world.deal(2, "400 lead anna")
    vera = Employee.objects.get(username="vera")
    vera.role = Role.CONTROLLER
    vera.person = None
    vera.save()
    yield manual_reviews.draw_sample(at(390), at(470), 2, 1, 7, vera)
    moment.fix(None)


def sampled(sample: Sample, twice: bool) -> SampledDeal:
    return sample.deals.get(twice=twice)


def cases() -> list[tuple[str, int | None, float]]:
    rows = Finding.objects.standing().filter(rule__startswith="review.").order_by("rule")
    return [(one.rule, one.manager_id, (one.opens_at - at(0)) / timedelta(hours=1)) for one in rows]


def judged() -> list[tuple[str, int | None, float]]:
    judgement.judge_waiting()
    return cases()


def test_a_review_gives_cases_that_judging_anew_finds_again(sample: Sample) -> None:
    one, vera = sampled(sample, twice=False), Employee.objects.get(username="vera")
    manual_reviews.keep_review(one, vera, YES | {"need": "no", "step": "na", "record": "no"}, "Пусто")
    assert [request.deal_id for request in JudgementRequest.objects.all()] == [one.deal_id]
    assert judged() == [("review.need", one.manager_id, 500), ("review.record", one.manager_id, 500)]
    finding = Finding.objects.get(rule="review.need")
    assert finding.stage_id == one.stage_id and finding.values["review"] == one.pk
    with translation.override("en"):
        assert wording.because(finding, moment.now()).endswith("by vera: Пусто")
    before = sorted(Finding.objects.values_list("id", flat=True))
    moment.fix(at(510).isoformat())
    for deals in (None, [one.deal_id]):
        counts = engine.judge(deals)
        assert not {outcome for _rule, outcome in counts} & {"new", "changed", "withdrawn"}
    Finding.objects.all().delete()
    engine.judge()
    assert [code for code, _owner, _at in cases()] == ["review.need", "review.record"]
    assert len(before) == Finding.objects.filter(rule__startswith="review.").count()
    [scores] = queries.quality(MONTH, {one.manager_id}, ["warn"]).values()
    told = {
        score.rule: (score.violations, score.opportunities) for score in scores if "review." in score.rule
    }
    assert told == {
        "review.need": (1, 1),
        "review.stage": (0, 1),
        "review.promise": (0, 1),
        "review.record": (1, 1),
    }


MONTH = Period(at(0), at(700), "")


def test_corrected_answers_keep_the_case_that_stays_and_take_back_the_other(sample: Sample) -> None:
    one, vera = sampled(sample, twice=False), Employee.objects.get(username="vera")
    no = YES | {"need": "no", "record": "no"}
    manual_reviews.keep_review(one, vera, no)
    judged()
    kept = Finding.objects.get(rule="review.need").pk
    moment.fix(at(510).isoformat())
    manual_reviews.change_review(one, vera, YES | {"need": "no"}, "Ошибся")
    assert judged() == [("review.need", one.manager_id, 500)]
    assert Finding.objects.get(rule="review.need").pk == kept
    manual_reviews.change_review(one, vera, no, "Ошибся")
    assert [code for code, *_ in judged()] == ["review.need", "review.record"]
    assert Finding.objects.filter(rule="review.record").count() == 1
    moment.fix(at(525).isoformat())
    with translation.override("en"), pytest.raises(ValueError, match="for a day, and before a second"):
        manual_reviews.change_review(one, vera, YES)
    assert ManualReview.objects.get().answers == no


def test_two_reviews_are_one_case_and_neither_reviewer_decides_about_it(sample: Sample) -> None:
    one, vera = sampled(sample, twice=True), Employee.objects.get(username="vera")
    olga, petr = (Employee.objects.create(username=name, role=Role.CONTROLLER) for name in ("olga", "petr"))
    manual_reviews.keep_review(one, vera, YES | {"need": "no", "step": "no"})
    assert judged() == []
    assert not manual_reviews.may_change(one, olga) and manual_reviews.may_change(one, vera)
    moment.fix(at(505).isoformat())
    manual_reviews.keep_review(one, olga, YES | {"need": "no", "promise": "no"})
    assert judged() == [("review.need", one.manager_id, 505)]
    assert not manual_reviews.may_change(SampledDeal.objects.get(pk=one.pk), vera)
    finding = Finding.objects.get(rule="review.need")
    author = Employee.objects.get(person=one.manager_id)
    moment.fix(at(506).isoformat())
    appeal = appeals.file_appeal(finding, author, "data", "")
    assert [appeals.may_decide(appeal, who) for who in (vera, olga, petr)] == [False, False, True]


def test_nobody_confirms_what_he_has_found_himself(sample: Sample) -> None:
    one, vera = sampled(sample, twice=False), Employee.objects.get(username="vera")
    petr = Employee.objects.create(username="petr", role=Role.CONTROLLER)
    manual_reviews.keep_review(one, vera, YES | {"need": "no"})
    judged()
    moment.fix(at(501).isoformat())
    finding = Finding.objects.get(rule="review.need")
    assert rulings.confirm_findings([finding.pk], finding.rule, vera) == ([], [finding.pk])
    with translation.override("en"), pytest.raises(ValueError, match="Somebody else confirms"):
        rulings.rule_finding(finding, "confirmed", vera)
    assert rulings.confirm_findings([finding.pk], finding.rule, petr) == ([finding.pk], [])


def test_a_rule_that_was_off_is_tried_with_the_reviews_that_there_are(sample: Sample) -> None:
    one, vera = sampled(sample, twice=False), Employee.objects.get(username="vera")
    RuleMode.objects.filter(rule="review.need").update(mode="off")
    manual_reviews.keep_review(one, vera, YES | {"need": "no"})
    assert judged() == []
    moment.fix(at(501).isoformat())
    tried = try_switch("review.need", "money", 1)
    assert (tried.whole.found, tried.whole.before, tried.whole.after) == (1, 0, 1)
    assert {len(life.reviews) for life in load_lives([1, 2], Reads(None, False, False))} == {0}


def test_it_is_priced_for_whoever_was_reviewed_though_the_deal_has_gone_on(sample: Sample) -> None:
    vera = Employee.objects.get(username="vera")
    moment.fix(at(800).isoformat())  # the next month
    handed = sample.deals.get(deal=1)
    for who in (vera, Employee.objects.create(username="olga", role=Role.CONTROLLER)):
        if manual_reviews.is_open_to(SampledDeal.objects.get(pk=handed.pk), who):
            manual_reviews.keep_review(handed, who, YES | {"need": "no"})
    judged()
    finding = Finding.objects.get(rule="review.need")
    assert finding.manager_id == 1 and held([finding], at(801)) == {finding.pk}
