"""What lists and cards show about deals beside their own columns: ageing, next step, findings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.db.models import OuterRef, Subquery
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from pipelines.models import Deal
from qc import wording
from qc.criteria import bench
from qc.models import ENDS, SHOWN, Finding, Regulation
from qc.regulations import longest_stay
from qc.rules import CALENDAR, CLIENT, behind
from team.clock import CALENDAR as BY_CALENDAR
from team.clock import AnyClock, Clocks
from web.deals.ageing import Ageing, NextStep


class FindingBrief(NamedTuple):
    """What a row shows of a finding that has not closed."""

    rule: str
    severity: str
    opens_at: datetime
    values: dict[str, Any]


@dataclass(frozen=True)
class DealRow:
    """A deal as a list shows it. ``findings`` are the open ones that everybody sees; a closed deal has no next step."""

    deal: Deal
    ageing: Ageing | None
    step: NextStep | None
    findings: list[FindingBrief]

    @property
    def tone(self) -> str:
        return "bad" if any(finding.severity == "violation" for finding in self.findings) else "warn"


def read_clocks() -> Clocks:
    return bench().terms.clocks


class Limit(NamedTuple):
    """The longest stay on a stage, by which clock it runs, and both in words."""

    norm: timedelta
    clock: str
    says: str


def read_limit(deal: Any) -> Limit | None:
    """Of a deal ``with_norms()``; None where it may stay as long as it likes."""
    limit = longest_stay(deal.stage_norms) if deal.stage_norms else None
    return None if limit is None else Limit(*limit, wording.stay(*limit))


def rows(deals: Iterable[Deal], now: datetime) -> list[DealRow]:
    """Of deals ``with_norms()``; one query, whatever their number, and two where a norm runs by shifts or hours."""
    deals, clocks = list(deals), cache(read_clocks)
    ahead: dict[int | None, list[FindingBrief]] = {deal.pk: [] for deal in deals}
    found = Finding.objects.standing().filter(GreaterThan(ENDS, now), deal__in=deals, mode__in=SHOWN)
    columns = ("deal_id", *FindingBrief._fields)
    for deal, *told in found.order_by("opens_at", "id").values_list(*columns):
        ahead[deal].append(FindingBrief(*told))
    by_stage: dict[str | None, Limit | None] = {}  # many deals stand on few stages

    def limit_of(deal: Any) -> Limit | None:
        if deal.stage_id not in by_stage:
            by_stage[deal.stage_id] = read_limit(deal)
        return by_stage[deal.stage_id]

    return [row(deal, ahead[deal.pk], now, clocks, limit_of) for deal in deals]


def row_of_card(deal: Any, now: datetime) -> DealRow:
    """Of a deal ``with_norms()`` whose findings have been read."""
    ahead = [one for one in standing(deal) if one.closes_at is None or one.closes_at > now]
    briefs = [FindingBrief(one.rule, one.severity, one.opens_at, one.values) for one in ahead]
    return row(deal, briefs, now)


def row(
    deal: Any,
    ahead: Sequence[FindingBrief],
    now: datetime,
    clocks: Callable[[], Clocks] = read_clocks,
    limit_of: Callable[[Any], Limit | None] = read_limit,
) -> DealRow:
    """``ahead``: of its findings that everybody sees those that have not closed, the earliest first."""
    opened = [finding for finding in ahead if finding.opens_at < now]
    if deal.closed_at is not None:
        return DealRow(deal, None, None, opened)
    ageing = None
    if deal.stage_since:
        ageing_rules = behind("ageing")
        stuck = next((finding for finding in ahead if finding.rule in ageing_rules), None)
        deadline = ran_out(stuck, deal.stage_since) if stuck else None
        ageing = age(deal, now, deadline, clocks, limit_of(deal))
    return DealRow(deal, ageing, NextStep(deal.next_due_at, now), opened)


def with_norms(deals: Any) -> Any:
    """Adds ``stage_norms``: the document of norms in force on the deal's stage, or None."""
    published = Regulation.objects.published().filter(stage=OuterRef("stage"))
    return deals.annotate(stage_norms=Subquery(published.values("norms")[:1]))


def age(
    deal: Any, now: datetime, deadline: datetime | None, clocks: Callable[[], Clocks], limit: Limit | None
) -> Ageing:
    """Of an open deal. Shifts and company hours are read only where the norm runs by them."""
    if limit is None:
        return Ageing(deal.stage_since, now, deadline)
    norm, clock, says = limit
    left = None
    if deadline is not None:
        runs: AnyClock = BY_CALENDAR
        if clock != CALENDAR:
            runs = clocks().client if clock == CLIENT else clocks().owner(deal.manager_id)
        left = runs.worked(now, deadline) if now <= deadline else -runs.worked(deadline, now)
    return Ageing(deal.stage_since, now, deadline, norm, says, left, clock == CALENDAR)


def ran_out(stuck: Any, since: datetime) -> datetime:
    """When the norm of a stay ``since`` then ended.

    A stay that had outlived its norm before the norm was in force is found only from then on.
    """
    if stuck.values.get("case") != "new":
        return stuck.opens_at
    return min(stuck.opens_at, since + timedelta(seconds=stuck.values["norm"]))


def standing(deal: Deal) -> list[Any]:
    """The deal's findings that everybody sees, past and to come, the earliest first.

    They are reached through the deal's own relation: judgement builds on the mirror, and not the other way.
    """
    found = [
        finding for finding in deal.findings.all() if finding.withdrawn_at is None and finding.mode in SHOWN
    ]
    return sorted(found, key=lambda finding: (finding.opens_at, finding.pk))


COLUMNS = (  # of the list as a file
    (_("No."), lambda deal: deal.pk),
    (_("Deal"), str),
    (_("Pipeline"), lambda deal: str(deal.stage.pipeline) if deal.stage and deal.stage.pipeline else None),
    (_("Stage"), lambda deal: str(deal.stage) if deal.stage else None),
    (_("Manager"), lambda deal: str(deal.manager) if deal.manager else None),
    (_("Amount"), lambda deal: deal.price),
    (_("Created"), lambda deal: deal.created_at),
    (_("On the stage since"), lambda deal: deal.stage_since),
    (_("Next task"), lambda deal: deal.next_due_at),
    (_("Closed"), lambda deal: deal.closed_at),
)
