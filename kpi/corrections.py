"""What changes a closed month: a new line with an amount, an author and a reason. What was frozen stays."""

from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from core.periods import month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO, kopecks
from kpi.differences import Difference, find_differences
from kpi.lines import VERSIONS
from kpi.models import Statement, StatementLine
from kpi.sentences import signed
from kpi.statements import lock_month
from team.models import Employee

CORRECTION = "correction"  # the code and the kind of its line


@transaction.atomic
def correct_statement(
    statement: Statement,
    author: Employee,
    amount: Decimal,
    reason: str,
    deal: int | None = None,
    measure: str = "",
    key: UUID | None = None,
) -> tuple[StatementLine, bool]:
    """Add a line to a closed statement, and tell whether it is new: one with the same ``key`` is only added once.

    ``deal``: the difference that it settles, by ``measure`` where the deal differs in several. From then on the month
    counts that deal by that measure as it is now; other measures are not touched. ValueError with a sentence for
    nonsense, and for a deal of which nothing is left to settle.
    """
    lock_month(month_of(statement.period, portal_zone()))
    locked = Statement.objects.select_related("scheme").get(pk=statement.pk)
    if locked.status != Statement.Status.CLOSED:
        raise ValueError(_("Only a closed month is corrected: a month that lasts is computed from the data"))
    if key is not None and (first := locked.lines.filter(key=key).first()):
        return first, False
    if not reason.strip():
        raise ValueError(_("A correction needs a reason"))
    if amount != kopecks(amount) or (amount == ZERO and deal is None):
        raise ValueError(_("A correction must be an amount other than zero, with two decimals at most"))
    settled = None if deal is None else _find_settled(locked, deal, measure)
    last = locked.lines.aggregate(last=Max("position"))["last"] or 0
    line = StatementLine.objects.create(
        statement=locked,
        position=last + 1,
        code=CORRECTION,
        amount=amount,
        values={"version": VERSIONS[-1], "kind": CORRECTION},
        author=author,
        reason=reason.strip(),
        key=key,
        deal=deal,
        measure=settled.measure if settled else "",
        counted=settled.now if settled else None,
        turn=_turn(locked, settled) if settled else None,
    )
    Statement.objects.filter(pk=locked.pk).update(total=F("total") + amount)
    return line, True


def _find_settled(statement: Statement, deal: int, measure: str) -> Difference:
    found = find_differences([statement]).get(statement.pk)
    rows = [one for one in (found.rows if found else ()) if one.deal == deal]
    chosen = [one for one in rows if one.measure == measure] if measure else rows
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        names = ", ".join(one.measure for one in chosen)
        raise ValueError(
            _("Deal %(deal)s differs by several sums, %(names)s: a correction settles one of them")
            % {"deal": deal, "names": names}
        )
    before = statement.lines.filter(code=CORRECTION, deal=deal)
    if measure:
        before = before.filter(measure__in=[measure, ""])
    line = before.select_related("author").order_by("position").last()
    if line is None:
        raise ValueError(_("Of deal %(deal)s this month has nothing to settle") % {"deal": deal})
    raise ValueError(
        _("Deal %(deal)s is settled already: %(amount)s by %(author)s, “%(reason)s”")
        % {
            "deal": deal,
            "amount": signed(line.amount),
            "author": line.author or "—",
            "reason": line.reason,
        }
    )


def _turn(statement: Statement, settled: Difference) -> int:
    """The number of the correction among those of the deal by that measure."""
    before = statement.lines.filter(deal=settled.deal, measure__in=[settled.measure, ""])
    return (before.aggregate(last=Max("turn"))["last"] or 0) + 1
