"""What a metric is, and how one is asked.

Every metric says with its definition on which clock it counts, whom it credits and what it is divided by
(docs/metrics.md prints the same words). Null is not zero: a value that is not defined is None, and ``n``, the number
of rows the value rests on, always stands beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from core import moment
from core.periods import Period
from metrics.options import CONDITIONS, check_field
from metrics.question import FIELD, Answer, Question, behind, counted
from pipelines.models import LossReason, Person, Pipeline, Stage

DIMENSIONS: dict[str, type[Model]] = {
    "manager": Person,
    "pipeline": Pipeline,
    "stage": Stage,
    "loss_reason": LossReason,
}


LONGEST_PERIOD = 120  # months
PARTS, GROUP = ("month", "week"), "group"


@dataclass(frozen=True)
class Value:
    """One number: ``key`` and ``label`` name what it belongs to (None and "" for the whole)."""

    key: int | str | None
    label: str
    value: Decimal | None
    n: int


class Listing(NamedTuple):
    """``filters`` choose the rows beside ``since``, ``until`` and ``owner``, the filter of the person credited."""

    name: str
    filters: Mapping[str, str]
    owner: str = "manager"


@dataclass(frozen=True)
class Metric:
    """A definition. ``source`` gives the rows that it rests on; ``answer`` measures them by a dimension of ``by``
    (never months), without it they are counted; ``facts`` gives those of one key where no column of ``source`` tells.

    ``empty`` is the value when there are no rows: zero for counts and sums, None for ratios. ``waiting``: it gets worse
    by waiting alone, so that where it counts for pay it is asked only about the time that is known.
    ``listed``: the list of the portal that can show its rows, and the list's filters; None where none can.
    """

    code: str
    title: Promise
    unit: str  # count, money, money_per_day, share, points, per_100, days, hours, minutes
    clock: Promise
    attribution: Promise
    denominator: Promise
    by: tuple[str, ...]
    options: tuple[str, ...]
    empty: Decimal | None
    source: Callable[[Question], QuerySet[Any]]
    answer: Callable[[Question], Answer] | None = None
    facts: Callable[[Question, Any], QuerySet[Any]] | None = None
    waiting: bool = False
    listed: Listing | None = None

    def ask(self, question: Question) -> Answer:
        return self.answer(question) if self.answer else counted(self.source(question), question)

    def rows(self, question: Question, key: Any) -> QuerySet[Any]:
        return self.facts(question, key) if self.facts else behind(self.source(question), question, key)


METRICS: dict[str, Metric] = {}


def register(metric: Metric) -> None:
    if metric.code in METRICS:
        raise ValueError(f"metric {metric.code} is registered twice")
    METRICS[metric.code] = metric


def measure(
    code: str,
    period: Period,
    by: str | None = None,
    people: Iterable[int] | None = None,
    options: Mapping[str, str] | None = None,
    now: datetime | None = None,
    pipelines: Iterable[int] | None = None,
) -> list[Value]:
    """The metric's values in the period: one for the whole, or one for every manager, pipeline, stage, reason,
    department (``group``), month, week or value of a deal field (``field:501``).

    A dimension lists what has rows, in the order of its own table; months, weeks (by their Monday) and departments are
    all there. The number of queries does not depend on the number of people. ValueError with a sentence when the
    metric cannot be asked like this, and for a period that would keep a worker busy (`LONGEST_PERIOD`).
    """
    metric, question = _asked(code, period, by, people, options, now, pipelines)
    if by in PARTS:
        parts = period.months() if by == "month" else period.weeks()
        return [_whole(metric, replace(question, period=part, by=None), part.label) for part in parts]
    if by == GROUP:
        return list(_by_group(metric, question))
    if by is None:
        return [_whole(metric, question, None)]
    answer = metric.ask(question)
    if by.startswith(FIELD):
        keys = sorted(answer, key=lambda key: (key is None, str(key)))
        return [Value(key, _unnamed(key) if key is None else str(key), *answer[key]) for key in keys]
    names = {
        row.pk: str(row)
        for row in DIMENSIONS[by]._default_manager.filter(pk__in=[key for key in answer if key is not None])
    }
    places = {key: place for place, key in enumerate(names)}
    keys = sorted(answer, key=lambda key: places.get(key, len(places)))
    return [Value(key, names.get(key) or _unnamed(key), *answer[key]) for key in keys]


def rows(
    code: str,
    period: Period,
    key: Any = None,
    by: str | None = None,
    people: Iterable[int] | None = None,
    options: Mapping[str, str] | None = None,
    now: datetime | None = None,
    pipelines: Iterable[int] | None = None,
) -> QuerySet[Any]:
    """The deals, tasks, touches or findings behind one value of ``measure`` asked in the same way."""
    metric, question = _asked(code, period, by, people, options, now, pipelines)
    return metric.rows(question, key)


def check_metric(code: str, by: str | None = None, options: Mapping[str, str] | None = None) -> Metric:
    """The metric, when it can be asked like this; otherwise ValueError with a sentence."""
    metric = METRICS.get(code)
    if metric is None:
        raise ValueError(f"there is no metric {code!r}; there are {', '.join(METRICS)}")
    allowed = (*metric.by, *PARTS, *([GROUP] if "manager" in metric.by else ()))
    if by is not None and by.startswith(FIELD) and set(CONDITIONS) <= set(metric.options):
        check_field("by", by)
    elif by is not None and by not in allowed:
        raise ValueError(f"{code} cannot be split by {by}; it can be split by {', '.join(allowed)}")
    for name in options or {}:
        if name not in metric.options:
            known = f"its options are {', '.join(metric.options)}" if metric.options else "it has no options"
            raise ValueError(f"{code} has no option {name}; {known}")
    return metric


def is_too_long(period: Period) -> bool:
    """Whether it touches more months than anybody is answered about."""
    first, last = period.first, period.last
    return (last.year - first.year) * 12 + last.month - first.month >= LONGEST_PERIOD


def _asked(
    code: str,
    period: Period,
    by: str | None,
    people: Iterable[int] | None,
    options: Mapping[str, str] | None,
    now: datetime | None,
    pipelines: Iterable[int] | None,
) -> tuple[Metric, Question]:
    metric = check_metric(code, by, options)
    if pipelines is not None and "pipeline" not in metric.by:
        raise ValueError(f"{code} cannot be asked of one pipeline: it belongs to people")
    if is_too_long(period):
        raise ValueError(f"a period may be of {LONGEST_PERIOD} months at most")
    chosen = None if people is None else frozenset(people)
    funnels = None if pipelines is None else frozenset(pipelines)
    return metric, Question(period, now or moment.now(), by, chosen, options or {}, funnels)


def _by_group(metric: Metric, question: Question) -> Iterator[Value]:
    """Departments of amoCRM as they are now, those without people asked about left out."""
    groups: dict[str, set[int]] = {}
    people = (
        Person.objects.all() if question.people is None else Person.objects.filter(pk__in=question.people)
    )
    for person, group in people.order_by("group").values_list("pk", "group"):
        groups.setdefault(group, set()).add(person)
    for group, members in groups.items():
        asked = replace(question, by=None, people=frozenset(members))
        yield replace(_whole(metric, asked, group), label=group or _unnamed(None))


def _whole(metric: Metric, question: Question, label: str | None) -> Value:
    value, n = metric.ask(question).get(None, (metric.empty, 0))
    return Value(label, label or "", value, n)


def _unnamed(key: Any) -> str:
    return _("not set") if key is None else _("No. %(id)s") % {"id": key}
