"""What changes a closed month: a new line with an amount, an author and a reason. What was frozen stays."""

from decimal import Decimal

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from kpi.calculation.rounding import kopecks
from kpi.lines import VERSIONS
from kpi.models import Statement, StatementLine
from team.models import Employee

CORRECTION = "correction"  # the code and the kind of its line


@transaction.atomic
def correct_statement(
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
        raise ValueError(_("A correction must be an amount other than zero, with two decimals at most"))
    last = locked.lines.aggregate(last=Max("position"))["last"] or 0
    line = StatementLine.objects.create(
        statement=locked,
        position=last + 1,
        code=CORRECTION,
        amount=amount,
        values={"version": VERSIONS[-1], "kind": CORRECTION} | ({} if deal is None else {"deal": deal}),
        author=author,
        reason=reason.strip(),
    )
    Statement.objects.filter(pk=locked.pk).update(total=F("total") + amount)
    return line
