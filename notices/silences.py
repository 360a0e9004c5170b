"""Silence for everybody: it is begun with a reason, stands behind the bell all the same, and ends by itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.locks import Lock, hold
from core.zone import first_of_day, local_day
from notices.kinds import KINDS
from notices.kinds.registry import FINDING
from notices.models import Policy, Silence
from qc.rules import RULES
from team.models import Employee, Role

LONGEST = 92  # days
MAY = frozenset({Role.ADMIN, Role.DIRECTOR})


@dataclass(frozen=True)
class Silenced:
    """What rings with nobody now: kinds, and rules whose findings are told."""

    kinds: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()

    def covers(self, notice: Any) -> bool:
        """Whether a notice is to ring with nobody; reads its ``finding``. What somebody has asked to be reminded of is
        his own wish, whatever the rule."""
        if notice.kind in self.kinds:
            return True
        one = KINDS.get(notice.kind)
        told_of_rule = one is not None and one.source == FINDING and notice.finding is not None
        return told_of_rule and notice.finding.rule in self.rules


def read_silenced(now: datetime) -> Silenced:
    """One query."""
    rows = list(Silence.objects.in_force(now).values_list("kind", "rule"))
    return Silenced(
        frozenset(kind for kind, _rule in rows if kind), frozenset(rule for _k, rule in rows if rule)
    )


def may_silence(user: Employee) -> bool:
    return user.role in MAY


@transaction.atomic
def begin_silence(
    about: str, until: date, reason: str, author: Employee, now: datetime, key: UUID | None = None
) -> Silence:
    """Let a kind («kind:…») or what is told of a rule («rule:…») ring with nobody from now until a day begins.

    A form sent twice begins it once; of what is silent already, the newer word holds. Raises ValueError with one
    sentence.
    """
    if not may_silence(author):
        raise ValueError(_("Only directors and administrators silence messages for everybody."))
    hold(Lock.TABLE, Silence._meta.db_table)  # first of all: a second form sees what the first has made
    known: Silence | None = None if key is None else Silence.objects.filter(key=key).first()
    if known is not None:
        return known
    sort, _colon, code = about.partition(":")
    known_codes: dict[str, Collection[str]] = {"kind": KINDS, "rule": RULES}
    if code not in known_codes.get(sort, ()):
        raise ValueError(_("Choose a kind of notice or a rule from the list."))
    policy = Policy.objects.select_for_update().filter(pk=1).first()
    if sort == "kind" and policy is not None and policy.kinds.get(code, {}).get("must"):
        raise ValueError(_("Nobody may mute this kind: «What is told» says so."))
    today, reason = local_day(now), " ".join(reason.replace("\0", "").split())
    if not today < until or (until - today).days > LONGEST:
        raise ValueError(_("Choose a day after today and within %(most)s days.") % {"most": LONGEST})
    if not 0 < len(reason) <= 200:
        raise ValueError(_("Say in a few words why; 200 signs at most."))
    what = {sort: code}
    Silence.objects.in_force(now).filter(**what).update(ended_at=now, ended_by=author)
    made: Silence = Silence.objects.create(
        **what, since=now, until=first_of_day(until), reason=reason, author=author, key=key
    )
    return made


def end_silence(silence: Silence, author: Employee, now: datetime) -> bool:
    """Before its time; False where it had ended already. Raises ValueError for whoever may not."""
    if not may_silence(author):
        raise ValueError(_("Only directors and administrators silence messages for everybody."))
    rows = Silence.objects.in_force(now).filter(pk=silence.pk)
    return bool(rows.update(ended_at=now, ended_by=author))
