"""Answers that take long are kept until something changes, and counted by a worker while the last one is shown.

What is quick is never kept: it is computed at every question, and is as fresh as the mirror. A kept answer says as of
when it is; when the data have changed since (or an hour has passed, since open deals grow older by themselves) it is
shown once more while it is counted anew, for at most a tenth of the time.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import json

from core import changes, moment
from core.periods import Period
from jobs.models import KeptReport
from metrics import account_size
from metrics.analytics import REPORTS
from metrics.analytics.report import Answer
from metrics.analytics.terms import Terms

QUICK = 0.3  # seconds: below it an answer is not worth keeping
PATIENCE = 3.0  # seconds that a reader of a page waits for the first answer
OLD = timedelta(hours=1)
UNUSED = timedelta(days=14)
LOST = timedelta(minutes=10)  # a worker that has not answered by then has died
MOST_REMEMBERED = 2_000
Elsewhere = Callable[[str], object]
_costs: dict[str, float] = {}  # seconds that questions took in this process: what is quick is not looked up


class Given(NamedTuple):
    """``answer``: as JSON text, None while a worker counts it for the first time; ``usual``: seconds that takes."""

    answer: str | None
    as_of: datetime
    fresh: bool
    asked_at: datetime | None = None
    usual: float = 0.0
    problem: str = ""


def give_answer(code: str, terms: Terms, elsewhere: Elsewhere | None = None) -> Given:
    """The answer to the question; ``elsewhere`` has the key of a kept report counted by a worker (None: nobody can).

    Raises BadQuestion. Without a worker a first answer is computed here, however long that takes.
    """
    question = write_question(code, terms)
    key = key_of(question)
    if _costs.get(key, QUICK) < QUICK:
        return count_now(code, terms, key, question)
    kept = KeptReport.objects.filter(pk=key).first()
    if kept is None or not kept.answer:
        if elsewhere is None or not account_size.is_large():
            return count_now(code, terms, key, question)
        return _wait(kept, key, code, question, elsewhere)
    fresh = kept.stamp == stamp() and moment.now() - (kept.as_of or moment.now()) < OLD
    if kept.cost < QUICK:
        return count_now(code, terms, key, question)
    if not fresh:
        if elsewhere is None:
            return count_now(code, terms, key, question)
        _ask(kept, elsewhere)
    if moment.now() - kept.used_at > timedelta(days=1):
        KeptReport.objects.filter(pk=key).update(used_at=moment.now())
    return Given(kept.answer, kept.as_of or terms.now, fresh, kept.asked_at, kept.cost)


def count_now(code: str, terms: Terms, key: str, question: dict[str, Any]) -> Given:
    seen, began = stamp(), time.perf_counter()
    answer = REPORTS[code].answer(terms)
    cost = time.perf_counter() - began
    text = write_answer(answer)
    if len(_costs) > MOST_REMEMBERED:
        _costs.clear()
    _costs[key] = cost
    if cost >= QUICK:
        values = {"report": code, "question": question, "stamp": seen, "as_of": terms.now, "cost": cost}
        values |= {"answer": text, "problem": "", "asked_at": None, "used_at": moment.now()}
        KeptReport.objects.update_or_create(pk=key, defaults=values)
    return Given(text, terms.now, True, None, cost)


def count_kept(key: str) -> None:
    """A worker's part: ask the question of this key anew and keep the answer. Old answers of others go."""
    kept = KeptReport.objects.filter(pk=key).first()
    if kept is None:
        return
    terms = read_question(kept.question)
    seen, began = stamp(), time.perf_counter()
    try:
        text, problem = write_answer(REPORTS[kept.report].answer(terms)), ""
    except ValueError as error:
        text, problem = "", str(error)
    KeptReport.objects.filter(pk=key).update(
        stamp=seen,
        as_of=terms.now,
        cost=time.perf_counter() - began,
        answer=text,
        problem=problem,
        asked_at=None,
    )
    KeptReport.objects.filter(used_at__lt=moment.now() - UNUSED).delete()


def write_answer(answer: Answer) -> str:
    return json.encode(answer).decode()


def write_question(code: str, terms: Terms) -> dict[str, Any]:
    """All that the answer depends on, but the moment."""
    period = terms.period
    return {
        "report": code,
        "version": REPORTS[code].version,
        "zone": str(terms.zone),
        "period": period and [period.start.isoformat(), period.end.isoformat()],
        "people": None if terms.people is None else sorted(terms.people),
        "pipeline": terms.pipeline,
        "options": dict(sorted((name, value) for name, value in terms.options.items() if value)),
    }


def read_question(question: dict[str, Any]) -> Terms:
    zone = ZoneInfo(question["zone"])
    period = None
    if question["period"]:
        start, end = (datetime.fromisoformat(edge).astimezone(zone) for edge in question["period"])
        period = Period(start, end, "")
    people = None if question["people"] is None else frozenset(question["people"])
    return Terms(moment.now(), zone, period, people, question["pipeline"], question["options"])


def key_of(question: dict[str, Any]) -> str:
    return hashlib.sha256(json.encode(question, order="deterministic")).hexdigest()


def stamp() -> str:
    """Text that differs as soon as a worker has stored or judged something."""
    return changes.data_stamp(datetime.fromtimestamp(0, moment.now().tzinfo))


def usual_cost(code: str) -> float:
    """What the report has cost lately, in seconds; the patience of a reader where nobody has asked yet."""
    found = (
        KeptReport.objects.filter(report=code, cost__gt=0)
        .order_by("-used_at")
        .values_list("cost", flat=True)[:1]
    )
    return float(found[0]) if found else PATIENCE


def _wait(
    kept: KeptReport | None, key: str, code: str, question: dict[str, Any], elsewhere: Elsewhere
) -> Given:
    now = moment.now()
    if kept is None:
        kept, _made = KeptReport.objects.get_or_create(
            pk=key, defaults={"report": code, "question": question, "used_at": now}
        )
    if not kept.problem:
        _ask(kept, elsewhere)
    return Given(None, now, False, kept.asked_at, usual_cost(code), kept.problem)


def _ask(kept: KeptReport, elsewhere: Elsewhere) -> None:
    """Once, and not before ten times its cost have passed since the last answer: one row says who has asked."""
    now = moment.now()
    if kept.asked_at is not None and now - kept.asked_at < LOST:
        return
    if kept.as_of is not None and (now - kept.as_of).total_seconds() < 10 * kept.cost:
        return
    waiting = KeptReport.objects.filter(pk=kept.pk, asked_at=kept.asked_at)
    if waiting.update(asked_at=now):
        kept.asked_at = now
        elsewhere(kept.pk)
