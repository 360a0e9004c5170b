"""What the regulation demands of a deal here and now, each demand met or not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import account
from pipelines.models import Deal
from qc import norms, wording
from qc.criteria import field_names
from qc.models import Finding, Regulation
from qc.options import FieldNames
from qc.rules import RULES
from timeline.timeline import LOSS_REASON, PRICE, is_filled


@dataclass(frozen=True)
class Demand:
    """``until``: the moment by which it must be met, as the judgement sees it; None = no term or already met."""

    text: str
    met: bool
    until: datetime | None = None


@dataclass(frozen=True)
class _Standing:
    """A deal as one rule sees it: see `qc.rules.sentences.Standing`."""

    deal: Deal
    opens_at: datetime | None
    is_open: bool

    def is_filled(self, field: str) -> bool:
        return filled(self.deal, field)

    def value_of(self, field: str) -> Any:
        return self.deal.fields.get(field)


def in_force(stage: str | None) -> Regulation | None:
    """The newest published regulation of the stage."""
    return Regulation.objects.published().filter(stage=stage).first()


def demands(
    deal: Deal,
    regulation: Regulation,
    findings: Collection[Finding],
    now: datetime,
    fields: FieldNames | None = None,
) -> list[Demand]:
    """In the order of the rules; ``findings`` are the deal's open and upcoming ones. At most one query: of the names of
    ``fields``, where they are demanded and whoever asks has not read them."""
    terms = {finding.rule: finding.opens_at for finding in findings}
    opened = {finding.rule for finding in findings if finding.opens_at < now}
    known, names = norms.read_norms(regulation.norms), FieldNames()
    if norms.asks_for_fields(known):
        names = fields or field_names()
        known = norms.read_norms(regulation.norms, names)
    return [
        Demand(wording.say(one.says, names), one.met, one.until)
        for code, rule in RULES.items()
        if rule.requirements is not None
        for one in rule.requirements(known.get(code), _Standing(deal, terms.get(code), code in opened))
    ]


def filled(deal: Deal, field: str) -> bool:
    if field == LOSS_REASON:
        return is_filled(loss_reason(deal))
    return is_filled(deal.price if field == PRICE else deal.fields.get(field))


def loss_reason(deal: Deal) -> Any:
    """Why a deal was lost: amoCRM's own reason (its id), or the field by which this account says so; None: not said."""
    return deal.loss_reason_id or deal.fields.get(account.own().loss_field)
