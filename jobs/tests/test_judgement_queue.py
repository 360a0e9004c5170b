"""What is demanded is judged once, whoever dies and whatever breaks; a load is closed once, and never left open."""

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection as database

from core import locks, moment
from jobs import judgement_queue
from pipelines.models import Deal, JudgementRequest, Stay, Touch
from qc import engine, kept_findings, regulations, subjects
from qc.models import Finding, RuleMode
from qc.tests import world as office
from qc.tests.lives import at, hours
from timeline import loading

REQUESTS = JudgementRequest.objects
together = pytest.mark.django_db
apart = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company() -> Iterator[None]:
    """Deals 1 to 6 on the stage offer since the first hour, without events: their lives fold as they stand."""
    office.company()
    office.regulation("offer", max_stay=hours(24))
    for key in range(1, 7):
        office.deal(key, "0 offer anna")
    moment.fix(at(200).isoformat())
    yield
    moment.fix(None)


def asked() -> list[int | None]:
    return list(REQUESTS.order_by("deal_id").values_list("deal_id", flat=True))


def found() -> list[int]:
    return list(Finding.objects.standing().order_by("deal_id").values_list("deal_id", flat=True))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], list[str] | None, bool]]:
    """Deals, rules and whether they are folded, of every judgement."""
    seen: list[tuple[list[int], list[str] | None, bool]] = []
    original = engine.judge_together

    def noted(deals, rules=None, *, history=False, requests=(), around=True):  # type: ignore[no-untyped-def]  # as what it is
        done = original(deals, rules, history=history, requests=requests, around=around)
        if done.deals:
            seen.append((list(deals), rules, history))
        return done

    monkeypatch.setattr(engine, "judge_together", noted)
    return seen


@together
def test_many_requests_of_one_deal_are_one_judgement_and_go_with_it(company: None, judged: list) -> None:
    REQUESTS.demand_deals([2, 1, 2, 2])
    judgement_queue.judge_waiting()
    assert judged == [([1, 2], None, True)] and asked() == [] and found() == [1, 2]
    judgement_queue.judge_waiting()
    assert len(judged) == 1


@together
def test_named_deals_are_judged_at_once_and_the_others_wait(company: None, judged: list) -> None:
    REQUESTS.demand_deals([1, 2, 2, 3])
    assert judgement_queue.judge_deals([3, 2]) == 2 and asked() == [1]
    assert judgement_queue.judge_deals([3, 2]) == 0 and judged == [([2, 3], None, True)], (
        "nobody asks any more"
    )


@together
def test_life_and_findings_are_written_together(company: None) -> None:
    office.event("stage", 10, "deal", 1, "lead", "offer")
    REQUESTS.demand_deals([1])
    judgement_queue.judge_waiting()
    assert list(Stay.objects.filter(deal=1).values_list("stage", "entered_at").order_by("visit")) == [
        ("lead", at(0)),
        ("offer", at(10)),
    ]
    assert Finding.objects.get().since == at(10)


@together
def test_what_breaks_down_leaves_everything_as_it_was(company: None, monkeypatch: pytest.MonkeyPatch) -> None:
    office.event("stage", 10, "deal", 1, "lead", "offer")
    REQUESTS.demand_deals([1])

    def down(*arguments: object, **options: object) -> None:
        raise judgement_queue.OperationalError

    with monkeypatch.context() as patched, pytest.raises(judgement_queue.OperationalError):
        patched.setattr(kept_findings, "compare", down)
        judgement_queue.judge_waiting()
    assert asked() == [1] and Stay.objects.filter(deal=1).count() == 1 and found() == []


@together
@pytest.mark.parametrize("wide", [False, True], ids=["single deals", "a part"])
def test_a_deal_that_cannot_be_judged_rests_and_holds_up_nobody(
    company: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wide: bool
) -> None:
    monkeypatch.setattr(engine, "BATCH", 4)
    original = loading.build

    def broken(answers, *, history=False):  # type: ignore[no-untyped-def]  # as what it stands for
        if any(row[0] == 3 for row in answers[-1]):
            raise ZeroDivisionError
        return original(answers, history=history)

    monkeypatch.setattr(engine, "build", broken)
    REQUESTS.demand_all(history=True) if wide else REQUESTS.demand_deals(range(1, 7))
    judgement_queue.judge_waiting()
    assert found() == [1, 2, 4, 5, 6] and "deal [3] cannot be judged" in caplog.text
    rest = REQUESTS.get()
    assert [rest.deal_id or rest.deals[0], rest.retry_at is None] == [3, False]
    monkeypatch.setattr(engine, "build", original)
    judgement_queue.judge_waiting()
    assert REQUESTS.exists(), "it rests"
    REQUESTS.update(retry_at=locks.lease_now() - timedelta(seconds=1))
    judgement_queue.judge_waiting()
    assert not REQUESTS.exists() and found() == [1, 2, 3, 4, 5, 6]


@together
def test_requests_about_all_are_cut_into_parts_and_many_are_one(
    company: None, judged: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement_queue, "BATCH", 4)
    REQUESTS.demand_deals([5])
    REQUESTS.demand_stage("offer", at(0))
    REQUESTS.demand_all(["deal.stuck"])
    REQUESTS.demand_all()
    judgement_queue.judge_singles()
    judgement_queue.cut_wide()
    REQUESTS.demand_all()
    assert REQUESTS.count_deals() == 7, "a request that is not cut counts as one"
    judgement_queue.judge_part()
    judgement_queue.judge_waiting()
    assert judged == [
        ([5], None, True),
        ([1, 2, 3, 4], None, False),
        ([5, 6], None, False),  # begun before the last request was cut
        ([1, 2, 3, 4], None, False),
        ([5, 6], None, False),
    ]
    assert not REQUESTS.exists()


@together
def test_a_full_load_takes_the_place_of_all_other_requests(company: None, judged: list) -> None:
    REQUESTS.demand_deals([1, 2, 404])
    REQUESTS.demand_all(["deal.stuck"])
    REQUESTS.demand_all(history=True)
    judgement_queue.cut_wide()
    judgement_queue.judge_waiting()
    assert judged == [([1, 2, 3, 4, 5, 6], None, True)] and not REQUESTS.exists()


@together
def test_only_deals_of_the_stage_are_judged_by_its_new_version(company: None, judged: list) -> None:
    office.deal(7, "0 offer anna; 100 lead anna")  # left before the version
    office.deal(8, "0 offer anna; 250 lead anna")
    office.deal(9, "0 lead anna")
    Deal.objects.filter(pk=9).update(stage="offer")  # its stay is being written by somebody else
    regulations.publish("offer", None, max_stay=hours(5))
    judgement_queue.judge_waiting()
    assert judged == [([1, 2, 3, 4, 5, 6, 8, 9], None, False)]


@together
def test_judging_by_some_rules_answers_no_request_about_a_deal(company: None, judged: list) -> None:
    regulations.set_mode("deal.stuck", "money")
    judgement_queue.cut_wide()
    REQUESTS.demand_deals([1])
    assert judgement_queue.judge_part() and asked() == [1]
    assert judged == [([1, 2, 3, 4, 5, 6], ["deal.stuck"], False)]
    assert set(Finding.objects.values_list("mode", flat=True)) == {"money"}


@together
def test_a_rule_that_has_gone_is_left_out(company: None) -> None:
    REQUESTS.demand_all(["deal.stuck", "deal.cold"])
    judgement_queue.judge_waiting()
    assert found() == [1, 2, 3, 4, 5, 6] and not REQUESTS.exists()


@apart
def test_what_is_published_by_halves_is_not_asked_about(company: None) -> None:
    with pytest.raises(ZeroDivisionError), judgement_queue.transaction.atomic():
        regulations.publish("offer", None, max_stay=hours(5))
        raise ZeroDivisionError
    assert not REQUESTS.exists()


@apart
def test_two_workers_share_the_queue_and_neither_waits_for_what_the_other_has_in_hand(company: None) -> None:
    """One holds a deal while the other drains: it is left to him, and what he gives back is found again."""
    REQUESTS.demand_deals([1, 2])
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with judgement_queue.transaction.atomic():
            list(REQUESTS.select_for_update().filter(deal_id=1))
            held.set()
            go_on.wait(10)
        database.close()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    REQUESTS.demand_deals([1])
    judgement_queue.judge_waiting()
    assert asked() == [1] and found() == [1, 2], "the later request is judged, the one in hand is left"
    assert judgement_queue.judge_deals([1]) == 0
    go_on.set()
    other.join()
    judgement_queue.judge_waiting()
    assert asked() == []


@apart
def test_many_workers_lose_nothing_and_never_lock_each_other_out(
    company: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement_queue, "BATCH", 2)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                REQUESTS.demand_deals([1 + (number + turn) % 6, 1 + (number * turn) % 6])
                if turn % 4 == number:
                    REQUESTS.demand_all(history=bool(turn % 2))
                judgement_queue.judge_waiting()
                judgement_queue.judge_deals([6, 5, 4, 3, 2, 1])
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    judgement_queue.judge_waiting()
    assert failures == [] and not REQUESTS.exists() and found() == [1, 2, 3, 4, 5, 6]
    assert Stay.objects.count() == 6


def trips(trace: str) -> int:
    """How often the client spoke and then waited: lines of libpq's trace begin with the time and F or B."""
    speakers = re.findall(r"^\S+\s+\S*\s*([FB])\s", trace, re.MULTILINE)
    return sum(one == "F" and other == "B" for one, other in zip(speakers, speakers[1:], strict=False))


@apart
@pytest.mark.parametrize("with_touches", [False, True])
@pytest.mark.parametrize(("way", "most"), [("at once", 4), ("from the queue", 5)])
def test_a_deal_costs_one_transaction_and_few_trips(
    company: None, tmp_path: Path, way: str, most: int, with_touches: bool
) -> None:
    if with_touches:  # by a rule that reads calls, those on the client's card among them
        since = {"mode": "warn", "weight": 1, "since": at(0)}
        RuleMode.objects.update_or_create(rule="deal.lost_untried", defaults=since)
        Deal.objects.update(contact=900)
        call = {"kind": "call_out", "contact_id": 900, "manager_id": 1}
        Touch.objects.create(id="call", at=at(15), updated_at=at(15), **call)
    REQUESTS.demand_deals([1])
    judgement_queue.judge_waiting()  # terms are known, plans are prepared
    office.event("stage", 10, "deal", 2, "lead", "offer")
    office.task(1, 2, 20, 40, done=60)
    REQUESTS.demand_deals([2, 2])
    run = {
        "at once": lambda: judgement_queue.judge_asked([2]),
        "from the queue": judgement_queue.judge_singles,
    }[way]
    driver, file = database.connection.pgconn, tmp_path / "trace"
    with file.open("wb") as told:
        driver.trace(told.fileno())
        done = run()
        driver.untrace()
    assert done and found() == [1, 2, 2] and Stay.objects.filter(deal=2).count() == 2
    text = file.read_text(errors="replace")
    assert text.count('"BEGIN"') == text.count('"COMMIT"') == 2, "asked and answered once"
    assert 3 <= trips(text) <= most, text


@pytest.mark.django_db(transaction=True)
def test_the_subjects_of_a_judgement_of_everything_are_not_locked_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one transaction 13,000 contacts took all the room that PostgreSQL has for locks, and nothing was judged."""
    JudgementRequest.objects.demand_all()
    within: list[bool] = []
    monkeypatch.setattr(
        subjects, "judge_every_subject", lambda *rules: within.append(database.in_atomic_block)
    )
    assert judgement_queue.cut_wide()
    assert within == [False]
    assert not judgement_queue.cut_wide(), "answered"
