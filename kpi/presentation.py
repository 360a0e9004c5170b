"""Statements as people read them: titles and sentences in their language."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from kpi.calculation.component import Reason
from kpi.lines import KeptLine, read_line
from kpi.models import Statement, StatementLine
from kpi.sentences import choose_title, say


@dataclass(frozen=True)
class ShownLine:
    """``measured``: names of the measures whose rows are behind the line."""

    code: str
    kind: str
    title: str
    amount: Decimal
    because: str
    measured: tuple[str, ...]
    author: str | None
    deal: int | None = None  # that a correction settles


@dataclass(frozen=True)
class ShownStatement:
    """A statement in the reader's language; ``total`` is the sum of the lines' amounts."""

    pk: int
    manager_id: int
    period: date
    status: str
    total: Decimal
    computed_at: datetime
    closed_at: datetime | None
    lines: list[ShownLine]


def show_statement(statement: Statement) -> ShownStatement:
    """What to show of a statement; one whose ``lines`` are prefetched costs no query."""
    return ShownStatement(
        pk=statement.pk,
        manager_id=statement.manager_id,
        period=statement.period,
        status=statement.status,
        total=statement.total,
        computed_at=statement.computed_at,
        closed_at=statement.closed_at,
        lines=[_line(line) for line in statement.lines.all()],
    )


def _explain(kept: KeptLine, reason: Reason, amount: Decimal) -> str:
    """The reason; of a component of a longer period that of the whole of it, and then what is new."""
    if kept.running is None or not kept.running.before:
        return say(reason.because(amount))
    return f"{say(reason.because(kept.running.earned))}. {say(kept.running.because(amount))}"


def _line(line: StatementLine) -> ShownLine:
    kept = read_line(line.values)
    because = line.reason
    if not because and kept.reason is not None:
        because = _explain(kept, kept.reason, line.amount)
    return ShownLine(
        code=line.code,
        kind=kept.kind,
        title=_("Correction") if kept.titles is None else choose_title(kept.titles),
        amount=line.amount,
        because=because,
        measured=() if kept.reason is None else kept.reason.measured,
        author=str(line.author) if line.author_id else None,
        deal=line.deal,
    )
