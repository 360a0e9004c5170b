"""How often a rule is wrong, by upheld appeals and by what reviewers say; too often, and it stops costing money."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Value

from qc import regulations
from qc.models import Appeal, OverturnLimit, RuleHalt, RuleMode, Ruling

# Until somebody sets another one.
SHARE, MINIMUM, DAYS = Decimal("0.3"), 5, 90


class Overturned(NamedTuple):
    """Of the appeals against a rule that were ``decided`` in some days, those ``upheld``, in full or in part."""

    decided: int
    upheld: int

    @property
    def share(self) -> Decimal | None:
        return Decimal(self.upheld) / self.decided if self.decided else None


class Precision(NamedTuple):
    """Findings of a rule that people have looked at: they were right, or an error of the rule."""

    confirmed: int
    mistaken: int

    @property
    def n(self) -> int:
        return self.confirmed + self.mistaken

    @property
    def share(self) -> Decimal | None:
        return Decimal(self.confirmed) / self.n if self.n else None


def limit_at(at: datetime) -> OverturnLimit:
    """The limit in force at a moment."""
    known = OverturnLimit.objects.filter(since__lte=at).order_by("since").last()
    return known or OverturnLimit(since=at, share=SHARE, minimum=MINIMUM, days=DAYS)


def measure_overturned(rule: str, start: datetime, end: datetime) -> Overturned:
    """Of appeals decided in ``(start, end]``."""
    upheld = Q(decision__in=[Appeal.Decision.FULL, Appeal.Decision.PARTIAL])
    rows = Appeal.objects.filter(finding__rule=rule, decided_at__gt=start, decided_at__lte=end)
    found = rows.order_by().aggregate(decided=Count("pk"), upheld=Count("pk", filter=upheld))
    return Overturned(found["decided"], found["upheld"])


def stop_if_overturned(rule: str, now: datetime) -> RuleHalt | None:
    """Have a rule that is overturned too often only warn from now on, and keep why.

    Appeals decided before its last stop do not stop it again: whoever switches it back on gives it a new start.
    """
    row = RuleMode.objects.filter(rule=rule, mode=RuleMode.Mode.MONEY).first()
    if row is None:
        return None
    limit = limit_at(now)
    last = RuleHalt.objects.filter(rule=rule).first()
    start = max(filter(None, [now - timedelta(days=limit.days), last.at if last else None]))
    found = measure_overturned(rule, start, now)
    if found.decided < limit.minimum or found.share is None or found.share <= limit.share:
        return None
    switched = regulations.set_mode(rule, RuleMode.Mode.WARN)
    return RuleHalt.objects.create(
        rule=rule, at=switched.since, decided=found.decided, upheld=found.upheld, limit=limit.share
    )


def measure_precision(since: datetime) -> dict[str, Precision]:
    """Of every rule, what people said of its findings since a moment: the last word about each finding counts.

    An upheld appeal says that the rule was wrong, a refused one that it was right; one upheld in part says neither.
    One query.
    """
    said: dict[int, tuple[str, bool]] = {}
    rulings = Ruling.objects.in_force().filter(
        at__gte=since, kind__in=[Ruling.Kind.CONFIRMED, Ruling.Kind.MISTAKEN]
    )
    appeals = Appeal.objects.filter(
        decided_at__gte=since, decision__in=[Appeal.Decision.FULL, Appeal.Decision.REFUSED]
    )
    words = rulings.order_by().values_list(Value(0), "at", "pk", "finding", "finding__rule", "kind")
    decided = appeals.order_by().values_list(
        Value(1), "decided_at", "pk", "finding", "finding__rule", "decision"
    )
    for _which, _at, _pk, finding, rule, word in sorted(words.union(decided, all=True)):
        said[finding] = rule, word in (Ruling.Kind.CONFIRMED, Appeal.Decision.REFUSED)
    counts = Counter(said.values())
    return {rule: Precision(counts[rule, True], counts[rule, False]) for rule in {one[0] for one in counts}}
