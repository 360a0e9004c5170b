"""What people were paid according to a file of the accounts, beside what their statements say."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

from django.db import transaction
from django.utils.translation import gettext as _

from core.periods import Period
from kpi.calculation.rounding import ZERO
from kpi.differences import Differences, find_differences
from kpi.models import Payout, Statement
from kpi.statements import closes_months, lock_month
from pipelines.imports.amounts import Doubt, NoAmount, Notation
from pipelines.imports.tables import BadFile, Line, read_table
from team.models import Employee

NUMBERS = ("№ в amocrm", "no. in amocrm", "номер в amocrm", "id в amocrm", "id", "№")
NAMES = ("менеджер", "сотрудник", "фио", "manager", "employee", "name")
AMOUNTS = ("выплачено", "к выплате", "сумма", "итого", "всего", "paid", "amount", "total")
MOST = 5_000  # lines
LARGEST = 10**13  # of a person, as the database holds it


@dataclass(frozen=True)
class PaidRow:
    """A line of the file: ``person`` is a number of amoCRM, or a name where the file holds none."""

    number: int
    person: str
    amount: Decimal


@dataclass(frozen=True)
class Sums:
    """A statement's three sums: as the scheme computed it when it was closed, as it would be by amoCRM now (corrections
    and what has changed since are in it), and as it was paid by the file; None: not in the file."""

    row: Statement
    plan: Decimal
    amo: Decimal
    paid: Decimal | None
    is_missing: bool  # from the file of the month

    @property
    def differs(self) -> bool:
        """Before there is a file only two sums can."""
        if self.paid is None:
            return self.is_missing or self.plan != self.amo
        return not self.plan == self.amo == self.paid

    @property
    def left(self) -> Decimal:
        """What is still to be paid by amoCRM as it is now."""
        return self.amo - (self.paid or ZERO)


def read_payouts(file: IO[bytes]) -> list[PaidRow]:
    """The lines of a table of whom and how much; those without an amount are left out. Raises BadFile."""
    for table in read_table(file):
        lines = iter(table.lines)
        head = next(lines, None)
        columns = head and _find_columns(head)
        if columns:
            return list(_read(lines, *columns))
    raise BadFile(
        _("The file needs a line of titles with “No. in amoCRM” or “Manager”, and “Paid” or “Total”.")
    )


@transaction.atomic
def import_payouts(period: Period, rows: Sequence[PaidRow], author: Employee, file: str) -> int:
    """Keep what the file says of a closed month; of whom it does not name, what an earlier one said stays. Gives how
    many statements it names.

    ValueError with a sentence that names the line of whoever has no statement in the month; then nothing is kept.
    """
    if not closes_months(author):
        raise ValueError(_("Only who closes months can do this."))
    lock_month(period)
    statements = list(
        Statement.objects.filter(period=period.first, status=Statement.Status.CLOSED).select_related(
            "manager"
        )
    )
    if not statements:
        raise ValueError(
            _("%(month)s is not closed: there is nothing to compare with.") % {"month": period.label}
        )
    by_number = {str(row.manager_id): row for row in statements}
    by_name: dict[str, list[Statement]] = defaultdict(list)
    for row in statements:
        for name in {_plain(row.facts.name), _plain(str(row.manager))} - {""}:
            by_name[name].append(row)
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for one in rows:
        found = by_name.get(_plain(one.person), [])
        known = by_number.get(one.person) or (found[0] if len(found) == 1 else None)
        if known is None:
            says = (
                _("Line %(line)s: “%(who)s” are several, the file must tell them by their number.")
                if found
                else _("Line %(line)s: “%(who)s” has no statement in %(month)s.")
            )
            raise ValueError(says % {"line": one.number, "who": one.person[:60], "month": period.label})
        sums[known.pk] += one.amount
        if abs(sums[known.pk]) >= LARGEST:
            says = _("Line %(line)s: “%(cell)s” is not an amount.")
            raise ValueError(says % {"line": one.number, "cell": one.amount})
    if not sums:
        raise ValueError(_("The file holds no amounts."))
    Payout.objects.filter(statement__in=sums).delete()
    Payout.objects.bulk_create(
        Payout(statement_id=pk, amount=amount, file=file[:200], author=author) for pk, amount in sums.items()
    )
    return len(sums)


def compare_sums(rows: Collection[Statement]) -> list[Sums]:
    """Of closed statements with prefetched lines and their payouts; those that differ come first."""
    differences: Mapping[int, Differences] = find_differences(rows)
    paid = {row.pk: row.payout.amount for row in rows if hasattr(row, "payout")}
    found = []
    for row in rows:
        plan = sum((line.amount for line in row.lines.all() if not line.reason), ZERO)
        changed = differences.get(row.pk, Differences()).pay
        missing = bool(paid) and row.pk not in paid
        found.append(Sums(row, plan, row.total + changed, paid.get(row.pk), missing))
    return sorted(found, key=lambda one: (not one.differs, -abs(one.left), one.row.manager_id))


def _find_columns(head: Line) -> tuple[int | None, int | None, int] | None:
    titles = [_plain(cell) for cell in head.cells]
    places = [
        next((titles.index(one) for one in names if one in titles), None)
        for names in (NUMBERS, NAMES, AMOUNTS)
    ]
    number, name, amount = places
    return None if amount is None or (number is None and name is None) else (number, name, amount)


def _read(lines: Iterator[Line], number: int | None, name: int | None, amount: int) -> Iterator[PaidRow]:
    notation, doubts = Notation(), list[tuple[Line, str, Doubt]]()
    for count, line in enumerate(lines):
        if count >= MOST:
            raise BadFile(_("The file holds more than %(most)s lines.") % {"most": MOST})
        cells = [*line.cells, *[""] * (max(amount, number or 0, name or 0) + 1 - len(line.cells))]
        person = (cells[number] if number is not None else "").strip() or (
            cells[name].strip() if name is not None else ""
        )
        try:
            found = _read_signed(notation, cells[amount])
        except NoAmount:
            says = _("Line %(line)s: “%(cell)s” is not an amount.")
            raise BadFile(says % {"line": line.number, "cell": cells[amount][:40]}) from None
        if isinstance(found, Doubt):
            doubts.append((line, person, found))
        elif found is not None and person:
            yield PaidRow(line.number, person, found)
    for line, person, doubt in doubts:
        settled = notation.settle(doubt)
        if settled is None:
            says = _("Line %(line)s: it is not clear whether the amount is %(whole)s or %(part)s.")
            raise BadFile(says % {"line": line.number, "whole": doubt.whole, "part": doubt.part})
        yield PaidRow(line.number, person, settled)


def _read_signed(notation: Notation, cell: str) -> Decimal | Doubt | None:
    """A month that corrections have brought below zero stands in the payroll with its minus."""
    text = cell.strip()
    if text[:1] not in ("-", "\N{MINUS SIGN}"):
        return notation.read(text)
    found = notation.read(text[1:])
    if isinstance(found, Doubt):
        return Doubt(found.sign, -found.whole, -found.part)
    return None if found is None else -found


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("\N{NO-BREAK SPACE}", " ").split())
