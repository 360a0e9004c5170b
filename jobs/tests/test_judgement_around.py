"""People and contacts are judged apart from deals, and nothing of what they are asked about is lost on that way."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from core import moment
from jobs import judgement_queue
from pipelines.models import Contact, Deal, Event, JudgementRequest, Task
from qc import norms, subjects
from qc.models import Finding, RuleMode
from qc.rules import CONTACT, PERSON, RULES
from qc.rules.bursts import begin_apart, find_bursts
from qc.rules.person_mass_close import Burst
from qc.tests import world
from qc.tests.lives import at, hours
from timeline import subject_loading
from timeline.subjects import Deed

REQUESTS = JudgementRequest.objects
BURSTS = ("person.mass_close", "person.mass_move", "person.mass_reschedule", "task.copied")


@pytest.fixture
def company() -> Iterator[None]:
    world.company()
    for code, norm in {
        **dict.fromkeys(BURSTS, {"count": 3, "window": hours(2)}),
        "contact.deals": {},
    }.items():
        document = norms.portal_document(RULES[code], {}, norm)
        RuleMode.objects.update_or_create(
            rule=code, defaults={"mode": "warn", "weight": 0, "since": at(0), "norm": document}
        )
    moment.fix(at(3000).isoformat())
    yield
    moment.fix(None)


def lose(pk: int, hour: float = 10) -> None:
    world.deal(pk, f"0 lead anna; {hour} lost anna")
    world.event("stage", hour, "deal", pk, "lead", "lost")
    REQUESTS.demand_deals([pk])


@pytest.mark.django_db
def test_a_person_waits_apart_from_the_deal_and_many_changes_are_one_judgement(
    company: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pk in (1, 2, 3):
        lose(pk)
    assert judgement_queue.judge_deals([1, 2, 3]) == 3
    assert not Finding.objects.exists()
    assert set(REQUESTS.values_list("unit", "subject_id", "since")) == {(PERSON, 1, at(0))}
    judgement_queue.judge_waiting(5)
    assert not Finding.objects.exists(), "it gathers"
    REQUESTS.update(asked_at=moment.now() - timedelta(days=4000))
    asked: list[object] = []
    original = subjects.judge_subjects

    def noted(unit, ids, rules=None, since=None):  # type: ignore[no-untyped-def]  # as what it stands for
        asked.append((unit, set(ids), since))
        return original(unit, ids, rules, since)

    lose(4)
    judgement_queue.judge_deals([4])
    monkeypatch.setattr(subjects, "judge_subjects", noted)
    assert judgement_queue.judge_waiting(5) == {("person.mass_close", "new"): 1}
    assert asked == [(PERSON, {1}, at(0))] and not REQUESTS.exists(), "all requests of one are one"
    assert Finding.objects.get().deals == [1, 2, 3, 4]


@pytest.mark.django_db
def test_whose_the_deal_was_before_its_story_changed_is_judged_too(company: None) -> None:
    for pk in (1, 2, 3):
        lose(pk)
    judgement_queue.judge_waiting()
    assert Finding.objects.get().manager_id == 1
    world.event("owner", 5, "deal", 3, 1, 3)  # he had given it away before it was lost
    Deal.objects.filter(pk=3).update(manager=3)
    REQUESTS.demand_deals([3])
    judgement_queue.judge_waiting()
    assert not Finding.objects.standing().exists()


@pytest.mark.django_db
def test_whose_the_deal_becomes_by_its_story_is_asked_for_with_it(company: None) -> None:
    world.deal(1, "0 lead anna")
    Deal.objects.filter(pk=1).update(manager=3)
    world.event("owner", 5, "deal", 1, 1, 3)
    REQUESTS.demand_deals([1])
    judgement_queue.judge_deals([1])
    assert set(REQUESTS.values_list("unit", "subject_id", "since")) == {
        (PERSON, 1, at(0)),
        (PERSON, 3, at(0)),
    }


@pytest.mark.django_db
def test_one_that_cannot_be_judged_rests_and_keeps_its_request(
    company: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lose(1)
    with monkeypatch.context() as patched:
        patched.setattr(subject_loading, "people", lambda *given: 1 / 0)
        judgement_queue.judge_waiting()
    assert "[1] cannot be judged" in caplog.text
    assert REQUESTS.get().retry_at is not None
    REQUESTS.update(retry_at=None)
    judgement_queue.judge_waiting()
    assert not REQUESTS.exists()


@pytest.mark.parametrize("seed", range(200))
def test_rows_after_a_gap_are_those_of_the_whole(seed: int) -> None:
    rng = Random(seed)
    hour, deeds = 0.0, []
    for number in range(rng.randrange(25)):
        hour += rng.choice((0, 0.3, 0.6, 1, 1.01, 2, 5))
        deeds.append(Deed(at(hour), number))
    limit = Burst(rng.randrange(2, 4), hours(1))
    since, lower = at(rng.uniform(0, hour + 1)), at(rng.uniform(-2, hour))
    begin = begin_apart([deed.at for deed in deeds if deed.at >= lower], since, lower, hours(1))
    if begin is None or lower > since:
        return
    whole = [row for row, _full in find_bursts(deeds, lambda at: limit) if row[0].at >= begin]
    part = [row for row, _full in find_bursts([one for one in deeds if one.at >= lower], lambda at: limit)]
    assert [row for row in part if row[0].at >= begin] == whole
    # What comes or goes from ``since`` on touches no row before ``begin``.
    other = [one for one in deeds if one.at < since]
    before = [row for row, _full in find_bursts(other, lambda at: limit) if row[0].at < begin]
    assert before == [row for row, _full in find_bursts(deeds, lambda at: limit) if row[0].at < begin]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_changes_ends_as_a_judgement_of_everything(
    company: None, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deals are moved, lost, handed on, deleted and planned for, in bursts, also told late; drained now and then."""
    rng = Random(seed)
    for key in (1, 2):
        Contact.objects.create(id=key, name=str(key), updated_at=at(0))
    bounded: list[bool] = []
    original = subject_loading.people

    def noted(ids, wanted, stages, since=subject_loading.ALWAYS):  # type: ignore[no-untyped-def]  # as what it stands for
        bounded.append(since > subject_loading.ALWAYS)
        return original(ids, wanted, stages, since)

    monkeypatch.setattr(subject_loading, "people", noted)
    days = [rng.randrange(100) * 24 for _ in range(5)]  # what happens, happens on these
    for step in range(120):
        pk = rng.randrange(1, 25)
        hour = rng.choice(days) + rng.randrange(12) / 4
        who, deal = rng.randrange(1, 4), Deal.objects.filter(pk=pk).first()
        if deal is None:
            deal = world.deal(
                pk, f"{hour} lead {rng.choice(('anna', 'boris', 'vera'))}", contact_id=rng.randrange(1, 3)
            )
        elif (what := rng.randrange(6)) < 3:
            stage = rng.choice(("lead", "offer", "lost", "lost"))
            told = world.event("stage", hour, "deal", pk, deal.stage_id, stage)
            Event.objects.filter(pk=told.pk).update(author=who)
            last = Event.objects.filter(entity="deal", entity_id=pk, kind="stage").order_by("-at", "-id")[0]
            closed = last.at if last.after == "lost" else None
            Deal.objects.filter(pk=pk).update(stage=last.after, closed_at=closed, updated_at=last.at)
        elif what == 3:
            world.event("owner", hour, "deal", pk, deal.manager_id, who)
            Deal.objects.filter(pk=pk).update(manager=who)
        elif what == 4:
            task = world.task(1000 + step, pk, hour, hour + 1)
            Task.objects.filter(pk=task.pk).update(created_by=who, text_mark=rng.randrange(2))
            told = world.event("deadline", hour + 0.1, "task", task.pk, None, at(hour + 2).isoformat())
            Event.objects.filter(pk=told.pk).update(author=who)
        else:
            Deal.objects.filter(pk=pk).update(deleted_at=rng.choice((None, at(hour))))
        REQUESTS.demand_deals([pk])
        if rng.random() < 0.4:
            judgement_queue.judge_waiting() if rng.random() < 0.5 else judgement_queue.judge_deals([pk])
    judgement_queue.judge_waiting()
    assert not REQUESTS.exists() and any(bounded)
    counts = subjects.judge_every_subject()
    assert {outcome for _rule, outcome in counts} == {"standing"}, counts
    assert {RULES[rule].unit for rule, _outcome in counts} == {PERSON, CONTACT}
