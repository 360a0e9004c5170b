"""A manager and his closed statement: he signs it, objects to a line of it, and somebody of finance answers in a term.

What is upheld becomes a correction line; what was frozen stays.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.corrections import correct_statement
from kpi.models import LineObjection, Signature, Statement, StatementLine
from kpi.statements import closes_months, lock_month
from team.models import Employee

TERM = timedelta(days=5)  # in which an objection is answered, with weekends
CORRECTIONS = UUID("5a1e5005-0000-4000-8000-00000b9ec710")  # names the correction of an objection


@transaction.atomic
def sign_statement(statement: Statement, author: Employee) -> tuple[Signature, bool]:
    """The signature, and whether it is new. ValueError with a sentence for somebody else's, or one that is live."""
    _check_own(statement, author)
    return Signature.objects.get_or_create(statement=statement, defaults={"author": author})


@transaction.atomic
def object_to_line(
    line: StatementLine, author: Employee, reason: str, text: str
) -> tuple[LineObjection, bool]:
    """The objection that waits on the line, and whether it is new. ValueError with a sentence."""
    _check_own(line.statement, author)
    if reason not in LineObjection.Reason.values:
        raise ValueError(_("Choose a reason from the list."))
    if not text.strip():
        raise ValueError(_("Say in a few words what is wrong."))
    lock_month(month_of(line.statement.period, portal_zone()))
    if (first := line.objections.filter(decided_at=None).first()) is not None:
        return first, False
    now = moment.now()
    made = LineObjection.objects.create(
        line=line,
        author=author,
        reason=reason,
        text=text.strip(),
        filed_at=now,
        due_on=now.astimezone(portal_zone()).date() + TERM,
    )
    return made, True


@transaction.atomic
def answer_objection(
    objection: LineObjection, decider: Employee, amount: Decimal | None, answer: str
) -> tuple[LineObjection, bool]:
    """Uphold it by a correction of ``amount``, or refuse it (None); and whether that is new: it is answered once.

    ValueError with a sentence: without words, for an amount that no correction can have, and for one's own.
    """
    if not closes_months(decider):
        raise ValueError(_("Objections are answered by whoever closes months."))
    statement = objection.line.statement
    lock_month(month_of(statement.period, portal_zone()))
    known = LineObjection.objects.select_for_update().get(pk=objection.pk)
    if not known.waits:
        return known, False
    if decider.pk == known.author_id or decider.person_id == statement.manager_id:
        raise ValueError(_("Nobody answers an objection of his own."))
    if not answer.strip():
        raise ValueError(_("An answer needs a reason."))
    if amount is not None:
        key = uuid5(CORRECTIONS, str(known.pk))
        known.correction, _new = correct_statement(statement, decider, amount, answer, key=key)
    known.decision = LineObjection.Decision.REFUSED if amount is None else LineObjection.Decision.UPHELD
    known.answer, known.decided_by, known.decided_at = answer.strip(), decider, moment.now()
    known.save()
    return known, True


def list_waiting(user: Employee) -> QuerySet[LineObjection]:
    """Those that the reader is to answer, the most urgent first."""
    if not closes_months(user):
        return LineObjection.objects.none()
    rows = LineObjection.objects.filter(decided_at=None).exclude(author=user)
    return rows.select_related("line__statement__manager", "author").order_by("due_on", "id")


def read_objections(statement: Statement) -> dict[int, list[LineObjection]]:
    """By key of the line, the earliest first. One query."""
    found: dict[int, list[LineObjection]] = defaultdict(list)
    for one in LineObjection.objects.filter(line__statement=statement).select_related("decided_by"):
        found[one.line_id].append(one)
    return dict(found)


def find_disputed(
    statement: Statement, objections: Mapping[int, Collection[LineObjection]]
) -> Decimal | None:
    """The sum of the lines that somebody objects to; None where nothing waits. Reads prefetched lines."""
    waits = {line for line, rows in objections.items() if any(one.waits for one in rows)}
    rows = [line.amount for line in statement.lines.all() if line.pk in waits]
    return sum(rows, Decimal(0)) if rows else None


def _check_own(statement: Statement, author: Employee) -> None:
    if author.person_id is None or author.person_id != statement.manager_id:
        raise ValueError(_("Only the one whose statement it is can do this."))
    if statement.status != Statement.Status.CLOSED:
        raise ValueError(_("The month is not closed: its numbers are preliminary."))
