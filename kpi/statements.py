"""Statements of a month: computed while it lasts and frozen when it is closed (`kpi.corrections` for afterwards).

Nobody reads statements past ``Statement.objects.visible_to``; the functions here compute and keep them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import locks, moment
from core.locks import Lock
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.evaluation import Line, evaluate, sum_lines
from kpi.lines import write_line
from kpi.measurement import collect_facts
from kpi.models import Scheme, Statement, StatementLine
from kpi.month_facts import Facts, write_facts
from kpi.pay_schemes import PayScheme, assign_schemes, find_schemes, read_scheme
from kpi.what_if import take_inputs
from pipelines.mirror import freshness
from pipelines.models import JudgementRequest
from team.models import Employee, Role

# What is asked of a person's or a contact's judgement gathers for a while, so in a company at work some of it always
# waits; what it finds later is a correction, as whatever arrives after the closing.
SETTLED = timedelta(minutes=1)


@dataclass(frozen=True)
class Draft:
    """A statement computed and not kept; ``read`` is its scheme's document."""

    scheme: Scheme
    read: PayScheme
    facts: Facts
    lines: list[Line]


def find_payees(period: Period, now: datetime) -> list[int]:
    """The amoCRM users who are paid for the month: managers who worked here on some day of it, and whom a scheme names.

    Whoever has a statement of the month keeps it in another role, too; once the month is over, in any case.
    """
    here = (Q(left_on=None) | Q(left_on__gte=period.first)) & (
        Q(hired_on=None) | Q(hired_on__lte=period.last)
    )
    counted = Q(person__in=Statement.objects.filter(period=period.first).values("manager"))
    named = [person for one in find_schemes(period.first) for person in read_scheme(one).people or ()]
    paid = (Q(role=Role.MANAGER) | Q(person__in=named) | counted) & here
    if now >= period.end:
        paid |= counted
    return list(Employee.objects.filter(paid, person__isnull=False).values_list("person", flat=True))


def compute_statements(person_ids: Iterable[int], period: Period, now: datetime) -> dict[int, Draft]:
    """The statements of these people by the schemes in force; who has no scheme is left out."""
    schemes = assign_schemes(find_schemes(period.first), person_ids)
    read_once = {scheme.pk: read_scheme(scheme) for scheme in set(schemes.values())}
    chosen = {person: read_once[scheme.pk] for person, scheme in schemes.items()}
    return {
        person: Draft(
            schemes[person], chosen[person], facts, evaluate(chosen[person].components, take_inputs(facts))
        )
        for person, facts in collect_facts(chosen, period, now).items()
    }


def closes_months(user: Any) -> bool:
    """Whether this person closes and corrects months."""
    return user.role in {Role.FINANCE, Role.DIRECTOR, Role.ADMIN}


def is_closed(period: Period) -> bool:
    """Whether the month is frozen; a month is closed as a whole."""
    return Statement.objects.filter(period=period.first, status=Statement.Status.CLOSED).exists()


@transaction.atomic
def refresh_month(period: Period, now: datetime | None = None) -> int:
    """Compute the statements of a month that has begun and is not closed. Gives how many were written."""
    now = now or moment.now()
    lock_month(period)
    if now < period.start or is_closed(period):
        return 0
    drafts = compute_statements(find_payees(period, now), period, now)
    if now < period.end:
        Statement.objects.filter(period=period.first).exclude(manager__in=drafts).delete()
    _keep(drafts, period, now)
    return len(drafts)


def _keep(drafts: Mapping[int, Draft], period: Period, now: datetime, **closing: Any) -> None:
    rows = [
        Statement(
            manager_id=person,
            period=period.first,
            scheme=draft.scheme,
            inputs=write_facts(draft.facts),
            takes_back=any(draft.facts.returns.values()),
            total=sum_lines(draft.lines),
            computed_at=now,
            **closing,
        )
        for person, draft in drafts.items()
    ]
    Statement.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["manager", "period"],
        update_fields=["scheme", "inputs", "takes_back", "total", "computed_at"],
    )
    StatementLine.objects.filter(statement__in=rows).delete()
    StatementLine.objects.bulk_create(
        _kept(row, place, line, drafts[row.manager_id].read)
        for row in rows
        for place, line in enumerate(drafts[row.manager_id].lines)
    )


@transaction.atomic
def close_month(period: Period, author: Employee | None, now: datetime | None = None) -> int:
    """Freeze the month: lines and inputs as they are at the last computation, made now. Gives how many were closed.

    ValueError with a sentence when the month is not over, the mirror is not complete or does not reach the month's
    end, something in it waits to be judged, there is nothing to close or it is closed already.
    """
    now = now or moment.now()
    check_closable(period, now)
    lock_month(period)
    if is_closed(period):
        raise ValueError(_("%(month)s is closed already") % _words(period))
    if not refresh_month(period, now):
        raise ValueError(
            _("There are no statements for %(month)s: nobody has a pay scheme in force then") % _words(period)
        )
    return Statement.objects.filter(period=period.first).update(
        status=Statement.Status.CLOSED, closed_at=now, closed_by=author
    )


@transaction.atomic
def add_statement(
    person: int, period: Period, author: Employee | None, now: datetime | None = None
) -> Statement:
    """A statement for somebody who had none when the month was closed; closed at once, by what is known now.

    What others were paid for is not paid again. ValueError with a sentence when the month is not closed, the person has
    his statement already, is nobody's main amoCRM user or has no pay scheme in force.
    """
    now = now or moment.now()
    lock_month(period)
    if not is_closed(period):
        raise ValueError(
            _("%(month)s is not closed: it is computed for everybody who is paid") % _words(period)
        )
    if Statement.objects.filter(manager=person, period=period.first).exists():
        raise ValueError(_("There is a statement for %(month)s already") % _words(period))
    if not Employee.objects.filter(person=person).exists():
        raise ValueError(_("This amoCRM user is no employee’s main one: link it on the team page first"))
    drafts = compute_statements([person], period, now)
    if person not in drafts:
        raise ValueError(_("No pay scheme covers this person in %(month)s") % _words(period))
    _keep(drafts, period, now, status=Statement.Status.CLOSED, closed_at=now, closed_by=author)
    return Statement.objects.get(manager=person, period=period.first)


def find_open_months(now: datetime) -> list[date]:
    """First days of months that are over and not closed, the oldest first."""
    present = month_of(now, portal_zone()).first
    past = Statement.objects.filter(period__lt=present, status=Statement.Status.LIVE)
    return list(past.order_by("period").values_list("period", flat=True).distinct())


def check_closable(period: Period, now: datetime) -> None:
    """ValueError, with a sentence, while anything that happened in the month may be missing or is not judged yet."""
    if now < period.end:
        raise ValueError(_("%(month)s is not over yet: it can be closed from %(day)s") % _words(period))
    if freshness.is_connected():
        as_of = freshness.overall_freshness(now).as_of
        if as_of is None:
            raise ValueError(
                _(
                    "The data from amoCRM are still being loaded: %(month)s can be closed when all of them are here"
                )
                % _words(period)
            )
        if as_of < period.end:
            words = {"as_of": as_of.astimezone(period.end.tzinfo).isoformat(" ", "minutes")} | _words(period)
            raise ValueError(
                _("The data from amoCRM are as of %(as_of)s: %(month)s can be closed when they reach its end")
                % words
            )
    waiting = JudgementRequest.objects.count_deals(asked_before=locks.lease_now() - SETTLED)
    if waiting:
        raise ValueError(
            ngettext(
                "%(number)s changed deal has not been judged yet: %(month)s can be closed in a few minutes",
                "%(number)s changed deals have not been judged yet: %(month)s can be closed in a few minutes",
                waiting,
            )
            % ({"number": waiting} | _words(period))
        )


def _kept(row: Statement, place: int, line: Line, scheme: PayScheme) -> StatementLine:
    values = write_line(line, scheme.titles[line.code])
    return StatementLine(statement=row, position=place, code=line.code, amount=line.amount, values=values)


def lock_month(period: Period) -> None:
    """One writer of a month at a time, until the end of the transaction."""
    locks.hold(Lock.MONTH, period.first.toordinal())


def _words(period: Period) -> dict[str, str]:
    return {"month": period.label, "day": period.end.date().isoformat()}
