"""What rings no more with one reader by his own wishes, or with anybody by the policy: asked before a message goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.zone import local_day
from notices.models import AlertMute, Preference
from notices.policy import Allowed

NOTHING_RINGS = ["none"]  # the channels of whoever wants the bell alone


@dataclass(frozen=True)
class Mutes:
    """``kinds``, ``alerts``: of an employee, pairs with the kind or with what an alert is about; ``silent``: whoever
    wants nothing to ring; ``quiet``: kinds that ring with nobody."""

    kinds: frozenset[tuple[int, str]] = frozenset()
    alerts: frozenset[tuple[int, str]] = frozenset()
    silent: frozenset[int] = frozenset()
    quiet: frozenset[str] = frozenset()

    def cover(self, employee: int | None, kind: str, values: Mapping[str, Any]) -> bool:
        """Whether a notice of a kind with these values is not to ring with him; a group chat has no wishes."""
        if kind in self.quiet:
            return True
        if employee is None:
            return False
        muted = (employee, kind) in self.kinds or (employee, values.get("about")) in self.alerts
        return muted or employee in self.silent


def read_alert_mutes(now: datetime) -> frozenset[tuple[int, str]]:
    rows = AlertMute.objects.filter(until__gt=local_day(now))
    return frozenset(rows.values_list("employee", "about"))


def read_mutes(allowed: Allowed, now: datetime) -> Mutes:
    """Two queries."""
    rows = list(Preference.objects.values_list("employee", "muted", "channels"))
    return Mutes(
        frozenset((one, kind) for one, muted, _ in rows for kind in muted if kind not in allowed.must),
        read_alert_mutes(now),
        frozenset(one for one, _, channels in rows if channels == NOTHING_RINGS),
        frozenset(code for code, terms in allowed.terms.items() if not (terms.on and terms.loud)),
    )
