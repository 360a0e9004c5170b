"""Reports are frozen: once for a period and a department, under the next number, with the lists of their decisions."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from core import locks
from core.zone import local_day, portal_zone
from notices import decisions as life
from notices.models import Report
from notices.reports.document import digest_of, write_document
from notices.reports.reading import read_report
from notices.reports.spans import Span, due_spans
from team.holders import visible_people
from team.models import Employee, Role

TEAM = 2  # people: a department of fewer has no report of its own


def issue_report(span: Span, now: datetime, head: Employee | None = None, *, tell: bool = False) -> Report:
    """The report of the span; the frozen one when there is one. ``tell``: whoever has subscribed hears of it.

    Two workers at once freeze one report: the number is drawn under a lock.
    """
    found = Report.objects.filter(label=span.label, head=head).first()
    if found is None:
        with transaction.atomic():
            locks.hold(locks.Lock.ALONE, "notices.reports")
            found = Report.objects.filter(label=span.label, head=head).first() or _freeze(span, now, head)
    if tell and found.told_at is None:
        Report.objects.filter(pk=found.pk, told_at=None).update(told_at=now)
        found.refresh_from_db()
    return found


def _freeze(span: Span, now: datetime, head: Employee | None) -> Report:
    read = read_report(span, now, head)
    body = write_document(read.document)
    last = Report.objects.aggregate(last=Max("number"))["last"] or 0
    report = Report.objects.create(
        number=last + 1,
        kind=span.kind,
        label=span.label,
        head=head,
        as_of=now,
        body=body,
        digest=digest_of(body),
    )
    for place, (key, proposal) in enumerate(read.proposals, 1):
        life.freeze_proposal(proposal, read.rows, now, key, report=report, place=place)
    return report


def list_departments(now: datetime) -> Iterator[Employee]:
    """Heads with people of their own."""
    for head in Employee.objects.filter(role=Role.HEAD, is_active=True).order_by("pk"):
        if not head.has_left and len(visible_people(head.pk, local_day(now), reports=True)) >= TEAM:
            yield head


def issue_due(now: datetime) -> list[Report]:
    """Whatever is due and not frozen yet: of the company, and of weeks of each department, too."""
    made = []
    for span in due_spans(now, portal_zone()):
        heads: list[Employee | None] = [None, *(list_departments(now) if span.kind == "week" else ())]
        known = set(Report.objects.filter(label=span.label).values_list("head", flat=True))
        for head in heads:
            if (head.pk if head else None) not in known:
                made.append(issue_report(span, now, head, tell=True))
    return made
