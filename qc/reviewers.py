"""What reviewers do: how much, how often an appeal overturned them, how far they agree, how long it takes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from qc.manual_reviews import measure_agreement
from qc.models import Appeal, ManualReview, Ruling
from qc.sampling import Agreement
from team.models import Employee


@dataclass(frozen=True)
class Reviewer:
    """``upheld`` of the ``appealed`` findings that he had confirmed stood on appeal. ``length``: from when a case
    opened to his ruling, by the calendar, the median of ``n``; ``decisions``: appeals that he decided.
    """

    employee: Employee
    ruled: int
    confirmed: int
    appealed: int
    upheld: int
    decisions: int
    decided_in: timedelta | None
    length: timedelta | None
    n: int
    manual: int
    agreement: Agreement


def measure_reviewers(people: Iterable[Employee], since: datetime) -> list[Reviewer]:
    """Of whoever has ruled, decided or reviewed anything since a moment, the busiest first."""
    rulings: dict[int, list[Ruling]] = {}
    rows = Ruling.objects.in_force().filter(at__gte=since).exclude(kind=Ruling.Kind.SNOOZED)
    for one in rows.select_related("finding__appeal"):
        rulings.setdefault(one.author_id, []).append(one)
    decided: dict[int, list[timedelta]] = {}
    for reviewer, filed, at in Appeal.objects.filter(decided_at__gte=since).values_list(
        "reviewer", "filed_at", "decided_at"
    ):
        decided.setdefault(reviewer, []).append(at - filed)
    manual: dict[int, int] = {}
    for reviewer in ManualReview.objects.filter(at__gte=since).values_list("reviewer", flat=True):
        manual[reviewer] = manual.get(reviewer, 0) + 1
    found = []
    for employee in people:
        mine, took = rulings.get(employee.pk, []), decided.get(employee.pk, [])
        if not (mine or took or employee.pk in manual):
            continue
        confirmed = [one for one in mine if one.kind == Ruling.Kind.CONFIRMED]
        asked = [
            one.finding.appeal
            for one in confirmed
            if hasattr(one.finding, "appeal") and one.finding.appeal.decision
        ]
        lengths = [one.at - (one.opened_at or one.finding.opens_at) for one in mine]
        agreement = measure_agreement(since, employee) if employee.pk in manual else Agreement(0, 0, None)
        found.append(
            Reviewer(
                employee,
                len(mine),
                len(confirmed),
                len(asked),
                sum(one.decision == Appeal.Decision.REFUSED for one in asked),
                len(took),
                _median(took),
                _median(lengths),
                len(lengths),
                manual.get(employee.pk, 0),
                agreement,
            )
        )
    return sorted(found, key=lambda one: (-one.ruled - one.decisions - one.manual, one.employee.pk))


def _median(lengths: list[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in lengths)) if lengths else None
