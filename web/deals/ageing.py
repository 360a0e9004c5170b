"""How long a deal stands on its stage against the stage's norm, and what its next step is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

NEAR = 0.8  # of the norm is used up: yellow


@dataclass(frozen=True)
class Ageing:
    """A stay from ``since`` to ``until`` on a stage whose norm ends (or ended) at ``deadline``; None = no norm.

    The deadline is the moment the judgement found on the norm's own clock, so days off need no second arithmetic here.
    ``norm``, in the regulation's own words ``says``, and ``left`` of it (below zero: beyond it) run on that clock, too.
    """

    since: datetime
    until: datetime
    deadline: datetime | None = None
    norm: timedelta | None = None
    says: str = ""
    left: timedelta | None = None
    by_calendar: bool = True

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    @property
    def ratio(self) -> float | None:
        """Time used up ÷ time allowed; null without a norm."""
        if self.deadline is None:
            return None
        allowed = (self.deadline - self.since).total_seconds()
        return self.length.total_seconds() / allowed if allowed > 0 else float("inf")

    @property
    def tone(self) -> str:
        """good below the norm, warn close to it, bad above it; empty without a norm."""
        ratio = self.ratio
        if self.norm and self.left is not None:
            ratio = 1 - self.left / self.norm if self.deadline is None or self.until <= self.deadline else 2.0
        if ratio is None:
            return ""
        return "bad" if ratio > 1 else "warn" if ratio >= NEAR else "good"

    @property
    def over(self) -> timedelta | None:
        """How far beyond the norm, on its clock; null within it."""
        return -self.left if self.left is not None and self.left < timedelta() else None

    @property
    def allowed(self) -> timedelta | None:
        return None if self.deadline is None else self.deadline - self.since


@dataclass(frozen=True)
class NextStep:
    """The nearest open task of an open deal: red overdue, green today, grey later, yellow none."""

    due_at: datetime | None
    now: datetime

    @property
    def state(self) -> str:
        if self.due_at is None:
            return "none"
        if self.due_at < self.now:
            return "overdue"
        return "today" if timezone.localdate(self.due_at) == timezone.localdate(self.now) else "later"

    @property
    def tone(self) -> str:
        return {"none": "warn", "overdue": "bad", "today": "good", "later": "neutral"}[self.state]

    @property
    def icon(self) -> str:
        return {
            "none": "calendar-x-2",
            "overdue": "clock-alert",
            "today": "circle-check",
            "later": "calendar",
        }[self.state]

    @property
    def late(self) -> timedelta | None:
        """How long overdue; null when it is not."""
        return self.now - self.due_at if self.due_at is not None and self.due_at < self.now else None
