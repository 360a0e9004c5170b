"""Statements of a month: computed while it lasts, frozen when it is closed, corrected afterwards only by new lines.

Nobody reads statements past ``Statement.objects.visible_to``; the functions here compute and keep them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import locks, moment
from core.locks import Lock
from core.periods import Period
from kpi import pay_schemes
from kpi.forecast import forecast, next_step
from kpi.formulas.pay import Line, evaluate, total
from kpi.formulas.rounding import kopecks
from kpi.models import Scheme, Statement, StatementLine
from kpi.month_facts import Facts, collect, read
from kpi.presentation import view
from kpi.prices import finding_prices
from pipelines.mirror import freshness
from pipelines.models import JudgementRequest
from team.models import Employee, Role

__all__ = [
    "close",
    "closed",
    "compute",
    "correct",
    "finding_prices",
    "forecast",
    "next_step",
    "refresh",
    "view",
]

CORRECTION = "correction"


@dataclass(frozen=True)
class Draft:
    """A statement computed and not kept."""

    scheme: Scheme
    facts: Facts
    lines: list[Line]


def managers(period: Period, now: datetime) -> list[int]:
    """The amoCRM users who are paid for the month: managers who worked here on some day of it.

    Whoever has a statement of the month keeps it in another role, too; once the month is over, in any case.
    """
    here = (Q(left_on=None) | Q(left_on__gte=period.first)) & (
        Q(hired_on=None) | Q(hired_on__lte=period.last)
    )
    counted = Q(person__in=Statement.objects.filter(period=period.first).values("manager"))
    paid = (Q(role=Role.MANAGER) | counted) & here
    if now >= period.end:
        paid |= counted
    return list(Employee.objects.filter(paid, person__isnull=False).values_list("person", flat=True))


def compute(person_ids: Iterable[int], period: Period, now: datetime) -> dict[int, Draft]:
    """The statements of these people by the schemes in force; who has no scheme is left out."""
    schemes = pay_schemes.assign(pay_schemes.in_force(period.first), person_ids)
    read_once = {scheme.pk: pay_schemes.of(scheme) for scheme in set(schemes.values())}
    chosen = {person: read_once[scheme.pk] for person, scheme in schemes.items()}
    found = {}
    for person, facts in collect(chosen, period, now).items():
        lines = evaluate(chosen[person].components, read(facts))
        found[person] = Draft(schemes[person], facts, [_titled(line, chosen[person]) for line in lines])
    return found


def closed(period: Period) -> bool:
    """Whether the month is frozen; a month is closed as a whole."""
    return Statement.objects.filter(period=period.first, status=Statement.Status.CLOSED).exists()


@transaction.atomic
def refresh(period: Period, now: datetime | None = None) -> int:
    """Compute the statements of a month that has begun and is not closed. Gives how many were written."""
    now = now or moment.now()
    _lock(period)
    if now < period.start or closed(period):
        return 0
    drafts = compute(managers(period, now), period, now)
    if now < period.end:
        Statement.objects.filter(period=period.first).exclude(manager__in=drafts).delete()
    rows = [
        Statement(
            manager_id=person,
            period=period.first,
            scheme=draft.scheme,
            inputs=draft.facts,
            total=total(draft.lines),
            computed_at=now,
        )
        for person, draft in drafts.items()
    ]
    Statement.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["manager", "period"],
        update_fields=["scheme", "inputs", "total", "computed_at"],
    )
    StatementLine.objects.filter(statement__in=rows).delete()
    StatementLine.objects.bulk_create(
        StatementLine(statement=row, position=place, code=line.code, amount=line.amount, values=line.values)
        for row in rows
        for place, line in enumerate(drafts[row.manager_id].lines)
    )
    return len(rows)


@transaction.atomic
def close(period: Period, author: Employee | None, now: datetime | None = None) -> int:
    """Freeze the month: lines and inputs as they are at the last computation, made now. Gives how many were closed.

    ValueError with a sentence when the month is not over, the mirror is not complete or does not reach the month's
    end, something in it waits to be judged, there is nothing to close or it is closed already.
    """
    now = now or moment.now()
    refuse(period, now)
    _lock(period)
    if closed(period):
        raise ValueError(_("%(month)s is closed already") % _words(period))
    if not refresh(period, now):
        raise ValueError(
            _("There are no statements for %(month)s: nobody has a pay scheme in force then") % _words(period)
        )
    return Statement.objects.filter(period=period.first).update(
        status=Statement.Status.CLOSED, closed_at=now, closed_by=author
    )


@transaction.atomic
def correct(
    statement: Statement, author: Employee, amount: Decimal, reason: str, deal: int | None = None
) -> StatementLine:
    """Add a line to a closed statement; what was frozen stays. ValueError with a sentence for nonsense.

    ``deal``: the win that it pays for, which then counts as paid in that month.
    """
    locked = Statement.objects.select_for_update().get(pk=statement.pk)
    if locked.status != Statement.Status.CLOSED:
        raise ValueError(_("Only a closed month is corrected: a month that lasts is computed from the data"))
    if not reason.strip():
        raise ValueError(_("A correction needs a reason"))
    if not amount or amount != kopecks(amount):
        raise ValueError(_("A correction must be an amount in roubles and kopecks other than zero"))
    last = locked.lines.aggregate(last=Max("position"))["last"] or 0
    line = StatementLine.objects.create(
        statement=locked,
        position=last + 1,
        code=CORRECTION,
        amount=amount,
        values={"kind": CORRECTION} | ({} if deal is None else {"deal": deal}),
        author=author,
        reason=reason.strip(),
    )
    Statement.objects.filter(pk=locked.pk).update(total=F("total") + amount)
    return line


def refuse(period: Period, now: datetime) -> None:
    """ValueError, with a sentence, while anything that happened in the month may be missing or is not judged yet."""
    if now < period.end:
        raise ValueError(_("%(month)s is not over yet: it can be closed from %(day)s") % _words(period))
    if freshness.connected():
        as_of = freshness.overall(now).as_of
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
    waiting = JudgementRequest.objects.count_deals()
    if waiting:
        raise ValueError(
            ngettext(
                "%(number)s changed deal has not been judged yet: %(month)s can be closed in a few minutes",
                "%(number)s changed deals have not been judged yet: %(month)s can be closed in a few minutes",
                waiting,
            )
            % ({"number": waiting} | _words(period))
        )


def _titled(line: Line, plan: pay_schemes.Plan) -> Line:
    return Line(
        line.code,
        line.kind,
        line.amount,
        {"kind": line.kind, "title": dict(plan.titles[line.code])} | line.values,
    )


def _lock(period: Period) -> None:
    """One writer of a month at a time, until the end of the transaction."""
    locks.hold(Lock.MONTH, period.first.toordinal())


def _words(period: Period) -> dict[str, str]:
    return {"month": period.label, "day": period.end.date().isoformat()}
