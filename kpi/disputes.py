"""What an appeal changes in money: the open month is computed without the finding, a closed one gets a correction.

A closed month that was frozen while the appeal waited has not counted the finding, and nothing is taken back from it
when the appeal is refused later: the term was not kept by those who decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec.structs import replace

from core import moment
from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO, kopecks
from kpi.corrections import correct_statement
from kpi.ladder import change_counts, change_times
from kpi.models import AppealSettlement, Statement
from kpi.month_facts import Facts
from kpi.paid_sales import read_paid
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.payees import read_payees
from kpi.prices import finding_prices
from kpi.what_if import compute_pay, settle, without_owed
from qc import appeals, excuses
from qc import queries as judgement
from qc.models import Appeal, Finding
from team.models import Employee

CORRECTIONS = UUID("5a1e5005-0000-4000-8000-00000a99ea15")  # names the correction of an appeal


@dataclass(frozen=True)
class Broken:
    """How often a rule was broken in a month, and for how many seconds of its clock."""

    violations: int = 0
    seconds: int = 0


@transaction.atomic
def decide_appeal(
    appeal: Appeal, reviewer: Employee, decision: str, text: str = "", counts_from: datetime | None = None
) -> tuple[Appeal, list[AppealSettlement]]:
    """`qc.appeals.decide_appeal`, and what an upheld appeal changes in statements, in one transaction.

    Never below zero: an appeal costs nobody anything. Twice the same decision changes the money once. ValueError with a
    sentence, as there.
    """
    [finding] = excuses.lock_findings([appeal.finding_id])
    known = Appeal.objects.get(pk=appeal.pk)
    closed, live = ([], None) if known.decided_at else _statements(finding, known.filed_at)
    price = (finding_prices([finding]).get(finding.pk) or ZERO) if live is not None else ZERO
    # As the closed months have counted it: they knew of no dispute.
    Finding.objects.filter(pk=finding.pk).update(disputed_at=None)
    before = {one.pk: _measure(one, finding.rule) for one in closed}
    decided, new = appeals.decide_appeal(known, reviewer, decision, text, counts_from)
    if not new:
        return decided, list(decided.settlements.all())
    if not decided.is_upheld:
        return decided, []
    found = [_correct(one, decided, before[one.pk], _measure(one, finding.rule), reviewer) for one in closed]
    if live is not None:
        found.append(
            AppealSettlement.objects.create(
                statement=live, appeal=decided, rule=finding.rule, amount=max(kopecks(price), ZERO)
            )
        )
    return decided, found


def _statements(finding: Finding, filed_at: datetime) -> tuple[list[Statement], Statement | None]:
    """The closed ones that have counted the finding, and the live one in which it stands now."""
    if finding.manager_id is None:
        return [], None
    now = moment.now()
    first, last = (
        month_of(one, portal_zone()).first for one in (finding.opens_at, min(finding.closes_at or now, now))
    )
    rows = Statement.objects.filter(period__gte=first, period__lte=last).select_related("scheme")
    present = month_of(now, portal_zone())
    payees = read_payees(present)
    owner = payees.whose(finding.manager_id, now.astimezone(portal_zone()).date())
    mine = list(rows.filter(manager__in={finding.manager_id, owner} - {None}).order_by("period"))
    closed = [
        one
        for one in mine
        if one.status == Statement.Status.CLOSED
        and one.closed_at is not None
        and one.closed_at <= filed_at
        and one.inputs
    ]
    live = [one for one in mine if one.status == Statement.Status.LIVE]
    return closed, live[-1] if live else None


def _measure(statement: Statement, rule: str) -> Broken:
    """Of all amoCRM users of the person together, by what judgement says now."""
    period = month_of(statement.period, portal_zone())
    violations = seconds = 0
    for span, users in read_payees(period).windows(frozenset([statement.manager_id])):
        for scores in judgement.quality(span, frozenset(users)).values():
            violations += sum(one.violations for one in scores if one.rule == rule)
        for times in judgement.quality_by_time(span, frozenset(users)).values():
            seconds += sum(int(one.broken.total_seconds()) for one in times if one.rule == rule)
    return Broken(violations, seconds)


def _correct(
    statement: Statement, appeal: Appeal, before: Broken, after: Broken, reviewer: Employee
) -> AppealSettlement:
    rule, scheme = appeal.finding.rule, without_owed(read_scheme(statement.scheme))
    fewer = Broken(max(before.violations - after.violations, 0), max(before.seconds - after.seconds, 0))
    base = _as_settled(statement, scheme)
    better = _lighten(base, {rule: fewer}, scheme)
    amount = max(kopecks(compute_pay(better, scheme) - compute_pay(base, scheme)), ZERO)
    line = None
    if amount:
        reason = _("Appeal No. %(number)s was upheld: “%(rule)s”, %(what)s") % {
            "number": appeal.pk,
            "rule": judgement.title(rule),
            "what": appeal.finding.deal or appeal.finding.subject,
        }
        key = uuid5(CORRECTIONS, str(appeal.pk))
        line, _new = correct_statement(statement, reviewer, amount, reason, key=key)
    return AppealSettlement.objects.create(
        statement=statement,
        appeal=appeal,
        rule=rule,
        violations=fewer.violations,
        broken=fewer.seconds,
        amount=amount,
        line=line,
    )


def _as_settled(statement: Statement, scheme: PayScheme) -> Facts:
    """The frozen facts with what corrections of sales and earlier appeals have settled since."""
    wins: dict[str, dict[int, Decimal]] = {}
    for sale in read_paid(statements=[statement.pk]):
        if sale.statement == statement.pk and sale.amount is not None:
            wins.setdefault(sale.measure, {})[sale.deal] = sale.amount
    facts = settle(statement.facts, wins, scheme) if wins else statement.facts
    fewer: dict[str, Broken] = {}
    for row in AppealSettlement.objects.filter(statement=statement):
        known = fewer.get(row.rule, Broken())
        fewer[row.rule] = Broken(known.violations + row.violations, known.seconds + row.broken)
    return _lighten(facts, fewer, scheme)


def _lighten(facts: Facts, fewer: Mapping[str, Broken], scheme: PayScheme) -> Facts:
    """The facts with so much fewer broken."""
    counts = {
        rule: max(facts.rules[rule].violations - one.violations, 0)
        for rule, one in fewer.items()
        if rule in facts.rules
    }
    times = {
        rule: replace(facts.times[rule], broken=max(facts.times[rule].broken - one.seconds, 0))
        for rule, one in fewer.items()
        if rule in facts.times
    }
    return change_times(change_counts(facts, counts, scheme), {**facts.times, **times}, scheme)


@dataclass(frozen=True)
class Disputes:
    """Of a statement: appeals that wait, and what upheld ones have brought."""

    waiting: list[Appeal]
    settled: list[AppealSettlement]

    @property
    def brought(self) -> Decimal:
        return sum((one.amount for one in self.settled), ZERO)

    @property
    def number(self) -> int:
        return len(self.waiting) + len(self.settled)

    def __bool__(self) -> bool:
        return bool(self.waiting or self.settled)


def list_disputes(statement: Statement, period: Period, settled_any: bool = True) -> Disputes:
    """Two queries; one where it is known that nothing was settled."""
    settled = AppealSettlement.objects.filter(statement=statement).order_by("pk")
    waiting = Appeal.objects.undecided().filter(
        finding__manager=statement.manager_id, finding__opens_at__lt=period.end
    )
    if statement.status == Statement.Status.CLOSED:
        waiting = waiting.filter(finding__opens_at__gte=period.start)
    return Disputes(
        list(waiting.select_related("finding__deal").order_by("due_at")),
        list(settled.select_related("appeal__finding__deal")) if settled_any else [],
    )
