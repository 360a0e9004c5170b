"""Whose cases quality can count: the person's amoCRM users, the deals that were theirs, the day of the next shift."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, When
from django.db.models.lookups import GreaterThan

from core.periods import Period
from core.zone import portal_zone
from kpi.models import Statement
from kpi.payees import read_payees
from pipelines.models import Stay
from qc import queries as judgement
from qc.models import ENDS
from qc.rules import OWN, VISIT


def find_users(person: int, period: Period, now: datetime) -> list[int]:
    """The amoCRM users that are the person's now."""
    day = now.astimezone(portal_zone()).date()
    payees = read_payees(period)
    return [part.user for part in payees.parts_of(person) if part.first <= day < part.until]


def own_cases(rows: QuerySet[Any], users: list[int], period: Period) -> QuerySet[Any]:
    """With ``mine``: whether quality can count it, since he had the deal in a part of the month."""
    owned: QuerySet[Any] = _of_month(rows, period).annotate(mine=_is_own(users, period))
    return owned


def keep_own_cases(rows: QuerySet[Any], users: list[int], period: Period) -> QuerySet[Any]:
    """Those that are ``mine``, without saying so once more of each: that would look through his stays twice."""
    kept: QuerySet[Any] = _of_month(rows, period).alias(mine=_is_own(users, period)).filter(mine=True)
    return kept


def _of_month(rows: QuerySet[Any], period: Period) -> QuerySet[Any]:
    found: QuerySet[Any] = rows.filter(GreaterThan(ENDS, period.start)).select_related(None)
    return found


def _is_own(users: list[int], period: Period) -> Case:
    stays = Stay.objects.filter(deal=OuterRef("deal"), manager__in=users)

    def had(**where: Any) -> "ExpressionWrapper[Any]":
        # Apart, both are a range of `stay_by_manager`; together all that he ever had is gone through.
        now = Exists(stays.filter(left_at=None, **where))
        lately = Exists(stays.filter(left_at__gt=period.start, **where))
        return ExpressionWrapper(Q(now) | Q(lately), BooleanField())

    return Case(
        When(rule__in=judgement.counted_by(*OWN), then=True),
        When(rule__in=judgement.counted_by(VISIT), then=had(stage=OuterRef("stage"))),
        default=had(),
    )


def next_day(statement: Statement | None, now: datetime) -> date:
    """The day of the person's next shift after today; tomorrow where no rota tells."""
    today = now.astimezone(portal_zone()).date()
    rota = statement.facts.rota if statement and statement.inputs else []
    return next((day for day in rota if day > today), today + timedelta(days=1))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), portal_zone())
