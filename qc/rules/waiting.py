"""What it is to wait validly: with a reason, for a promised date that has not passed, and not for too long in all."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from core.spans import FOREVER, Span, Spans
from qc.rules.parameters import ALL_UNITS, DealField, Length, Lengths, parameter
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import WORK, Timeline, Visit

DATES = ("date", "date_time")


@dataclass(frozen=True)
class Waiting:
    """The norm of a stage on which deals wait. ``intervals``: how long each reason may last without a promised date."""

    reason: str | None = parameter(
        DealField(_("Field of the reason to wait")), _("Field of the reason to wait")
    )
    promised: str | None = parameter(
        DealField(_("Field of the promised date"), DATES), _("Field of the promised date")
    )
    intervals: tuple[tuple[str, timedelta], ...] = parameter(
        Lengths(_("How long each reason may last"), "reason"), _("How long each reason may last"), default=()
    )
    longest: timedelta | None = parameter(
        Length(_("Longest wait"), ALL_UNITS, nothing=_("no limit")), _("Longest wait of a deal, in all")
    )
    grace: timedelta | None = parameter(
        Length(_("Grace to name the reason")), _("Time to write reason and date down, by the owner's shifts")
    )


def names_fields(norm: Waiting) -> bool:
    return norm.reason is not None or norm.promised is not None


def is_waiting(norm: Waiting) -> bool:
    """Whether deals wait on a stage with this norm."""
    return names_fields(norm) or norm.longest is not None


class Explained(NamedTuple):
    """A stretch of a visit in which a deal waits with a reason or a date; ``until``: up to when that explains it."""

    span: Span
    reason: str | None
    promised: datetime | None
    until: datetime | None


def waited_before(deal: Timeline, visit: Visit, terms: Terms) -> timedelta:
    """How long the deal has waited on its earlier visits to stages on which deals wait."""
    found = timedelta()
    for one in deal.visits:
        if one is visit:
            break
        versions = terms.versions(Waiting, one) if one.kind == WORK else None
        if versions is not None and one.until is not None and is_waiting(versions.last.norm):
            found += one.until - one.since
    return found


def explained(deal: Timeline, visit: Visit, norm: Waiting, terms: Terms) -> Iterator[Explained]:
    """The visit cut where its reason or its promised date changes, as far as they explain the wait.

    A date explains until the end of its day; a reason with an interval, where no date is promised, from when it was
    named on this visit; a reason alone only where the norm asks for no date and gives no interval: without an end.
    """
    reasons = held(deal, norm.reason, visit)
    dates = held(deal, norm.promised, visit)
    intervals = dict(norm.intervals)
    cuts = sorted(
        {visit.since, *(at for since, until, _v in (*reasons, *dates) for at in (since, until or FOREVER))}
    )
    end = visit.until or FOREVER
    for start, stop in zip(cuts, [*cuts[1:], end], strict=True):
        stop = min(stop, end)
        if start >= stop:
            continue
        reason = next(
            ((since, value) for since, until, value in reasons if since <= start < (until or FOREVER)), None
        )
        promised = next((value for since, until, value in dates if since <= start < (until or FOREVER)), None)
        if norm.reason is not None and reason is None:
            continue
        until = day_ends(promised, terms) if promised is not None else None
        if norm.promised is not None or intervals:
            if until is None and reason is not None:
                until = _runs_out(reason, intervals)
            if until is None:
                continue
        named = _text(reason[1]) if reason is not None else None
        span = Span(start, None if stop == FOREVER else stop)
        yield Explained(span, named, day_ends(promised, terms), until)


def _runs_out(reason: tuple[datetime, Any], intervals: dict[str, timedelta]) -> datetime | None:
    allowed = intervals.get(_text(reason[1]))
    return None if allowed is None else reason[0] + allowed


def waits_validly(deal: Timeline, visit: Visit, norm: Waiting, terms: Terms) -> Spans:
    """When a deal on this visit waits validly: it is not stuck then. Nothing where the norm names no field."""
    if not names_fields(norm):
        return Spans()
    last = None
    if norm.longest is not None:
        last = visit.since + (norm.longest - waited_before(deal, visit, terms))
    spans = []
    for one in explained(deal, visit, norm, terms):
        ends = [end for end in (one.span.end, one.until, last) if end is not None]
        spans.append((one.span.start, min(ends) if ends else None))
    return Spans(spans)


def held(deal: Timeline, field: str | None, visit: Visit) -> list[tuple[datetime, datetime | None, Any]]:
    """What a field held during a visit, from when until when."""
    if field is None:
        return []
    found = []
    for since, until, value in deal.values(field):
        start = max(since, visit.since)
        if (until is None or until > start) and (visit.until is None or start < visit.until):
            found.append((start, until, value))
    return found


def day_ends(value: Any, terms: Terms) -> datetime | None:
    """The end of a promised day: of a date, a moment, or seconds as events write them; None for anything else."""
    if value is None:
        return None
    text = str(value)
    day = None
    with suppress(ValueError, OverflowError, OSError):
        if text.lstrip("-").isdecimal():
            day = datetime.fromtimestamp(int(text), UTC).astimezone(terms.zone).date()
        elif len(text) > len("2026-11-29"):
            read = datetime.fromisoformat(text)
            day = (read.astimezone(terms.zone) if read.tzinfo else read).date()
        else:
            day = date.fromisoformat(text)
    try:
        return None if day is None else _midnight(day + timedelta(days=1), terms)
    except OverflowError:
        return None


def _midnight(day: date, terms: Terms) -> datetime:
    return datetime.combine(day, time(), terms.zone).astimezone(UTC)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


Demands = Callable[[Waiting], bool]
