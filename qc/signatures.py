"""Who has read which version: each manager acknowledges what he is judged by."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from core import moment
from qc import regulations
from qc.models import Regulation, Signature
from team.models import Employee, Role


class Signatures(NamedTuple):
    """Of one version: who has signed (with when), and whose signature is missing."""

    signed: list[Signature]
    missing: list[Employee]

    @property
    def number(self) -> int:
        return len(self.signed) + len(self.missing)


def readers() -> QuerySet[Employee]:
    """Managers who work here: those whose deals the regulations are about."""
    return Employee.objects.filter(role=Role.MANAGER, is_active=True, left_on=None)


def read_signatures(regulation: Regulation, people: Iterable[Employee] | None = None) -> Signatures:
    """Two queries, or one by the readers among ``people``. Whoever has left since he signed stays on the list."""
    signed = list(
        Signature.objects.filter(regulation=regulation).select_related("employee").order_by("signed_at", "pk")
    )
    known = {one.employee_id for one in signed}
    asked = readers() if people is None else [one for one in people if one.role == Role.MANAGER]
    return Signatures(signed, [one for one in asked if one.pk not in known])


def unsigned(employee: Employee) -> QuerySet[Regulation]:
    """Versions in force that this employee has not signed yet; nobody but a manager has to."""
    if employee.role != Role.MANAGER:
        return Regulation.objects.none()
    newer = Regulation.objects.exclude(published_at=None).filter(stage=OuterRef("stage"))
    newer = newer.filter(
        Q(published_at__gt=OuterRef("published_at"))
        | Q(published_at=OuterRef("published_at"), version__gt=OuterRef("version"))
    )
    own = Signature.objects.filter(regulation=OuterRef("pk"), employee=employee)
    rows: QuerySet[Regulation] = (
        Regulation.objects.exclude(published_at=None)
        .filter(~Exists(newer), ~Exists(own), stage__deleted_at=None)
        .select_related("stage")
        .order_by("stage__pipeline__sort", "stage__sort", "stage")
    )
    return rows


def sign(employee: Employee, versions: Iterable[Regulation]) -> None:
    """Said twice, it is one signature."""
    now = moment.now()
    Signature.objects.bulk_create(
        [Signature(regulation=one, employee=employee, signed_at=now) for one in versions],
        ignore_conflicts=True,
    )


def missing_by_stage() -> dict[str, int]:
    """Of each stage with a regulation in force, how many signatures are missing; two queries and one of versions."""
    present = regulations.in_force()
    people: Collection[int] = set(readers().values_list("pk", flat=True))
    found = {stage: len(people) for stage in present}
    stage_of = {row.pk: stage for stage, row in present.items()}
    signed = Signature.objects.filter(regulation__in=list(stage_of), employee__in=people)
    for regulation in signed.values_list("regulation", flat=True):
        found[stage_of[regulation]] -= 1
    return found
