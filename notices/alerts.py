"""Unlike weeks are kept, and muted by whoever has seen enough of one."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from core.zone import local_day
from metrics.unlike import Unlike
from notices.alert_models import Alert, AlertMute
from notices.decisions import LONGEST, Impossible
from team.models import Employee

FIGURES = ("top", "base", "rate", "usual", "z", "weeks")


class Found(NamedTuple):
    """An unlike week of a person or of a stage."""

    measure: str
    person: int | None
    stage: str | None
    unlike: Unlike

    @property
    def about(self) -> str:
        whose = f"stage:{self.stage}" if self.stage is not None else f"person:{self.person}"
        return f"{self.measure}:{whose}"


class About(NamedTuple):
    """What a mute is for: a figure of a person or of a stage."""

    measure: str
    person: int | None
    stage: str | None


def read_about(text: str) -> About:
    """The way back from `Found.about`; of what is no such text neither a person nor a stage is known."""
    measure, _colon, whose = text.partition(":")
    sort, _colon, key = whose.partition(":")
    return About(
        measure,
        int(key) if sort == "person" and key.isdecimal() else None,
        key if sort == "stage" else None,
    )


def keep_alerts(week: date, found: Iterable[Found], now: datetime) -> int:
    """Put what was found of a week in the place of what stood there; one that is found again keeps its moment.

    Returns how many are new.
    """
    wanted = {
        one.about: Alert(
            week=week,
            measure=one.measure,
            about=one.about,
            person_id=one.person,
            stage_id=one.stage,
            top=round(one.unlike.count.top),
            base=one.unlike.count.base,
            rate=one.unlike.count.rate or 0.0,
            usual=one.unlike.usual,
            z=one.unlike.z,
            weeks=one.unlike.weeks,
            found_at=now,
        )
        for one in found
    }
    with transaction.atomic():
        of_week = Alert.objects.filter(week=week)
        of_week.exclude(about__in=wanted).delete()
        known = set(of_week.values_list("about", flat=True))
        Alert.objects.bulk_create(
            wanted.values(),
            update_conflicts=True,
            unique_fields=["week", "about"],
            update_fields=FIGURES,
        )
    return len(wanted.keys() - known)


def mute_until(alert: Alert, until: date, employee: Employee, now: datetime) -> None:
    """He hears nothing of this figure of theirs before a day; the same again changes nothing. Raises Impossible."""
    today = local_day(now)
    if not today < until or (until - today).days > LONGEST:
        raise Impossible(_("Choose a day after today and within a year."))
    AlertMute.objects.update_or_create(
        employee=employee, about=alert.about, defaults={"until": until, "muted_at": now}
    )
