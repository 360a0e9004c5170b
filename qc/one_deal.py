"""What a draft and what is in force say of one deal: «как сработает на сделке №…». Writes nothing."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from qc import queries, wording
from qc.criteria import bench, field_names, fields_of, stage_norms
from qc.models import Finding, Regulation
from qc.rules import DEAL, RULES, Breach
from timeline.loading import load_timelines


@dataclass(frozen=True)
class Said:
    """A finding in a sentence; ``state``: open, ahead or past."""

    sentence: str
    state: str
    opens_at: datetime
    closes_at: datetime | None


@dataclass(frozen=True)
class Answer:
    """Of one rule: what the draft finds and what is found by what is in force. ``asked``: whether the stage's norm asks
    anything of the deal at all."""

    rule: str
    title: str
    icon: str
    after: list[Said]
    before: list[Said]
    asked: bool

    @property
    def differs(self) -> bool:
        return self.after != self.before


def try_on_deal(deal_id: int, stage_id: str, draft: Regulation, now: datetime) -> list[Answer]:
    """Of all rules with norms of stages, the ones that say something first; findings on this stage only."""
    known = bench().terms
    changed = stage_norms(draft, field_names())
    tried = replace(known, norms={**known.norms, stage_id: (changed,)})
    codes = [code for code, rule in RULES.items() if rule.unit == DEAL and rule.is_of_stages]
    touches, moves = (
        any(getattr(RULES[code], name) for code in codes) for name in ("reads_touches", "reads_moves")
    )
    fields = fields_of((*known.norms.values(), (changed,)))
    found = []
    for deal in load_timelines([deal_id], fields, touches, moves):
        for code in codes:
            said: list[list[Said]] = []
            asked = False
            for terms in (tried, known):
                checks = [one for one in RULES[code].checks(deal, terms) if one.stage in (None, stage_id)]
                asked = asked or bool(checks)
                said.append(
                    [
                        _tell(code, breach, draft, now)
                        for check in checks
                        for breach in check.breaches
                        if breach.stage == stage_id
                    ]
                )
            found.append(Answer(code, queries.title(code), RULES[code].icon, said[0], said[1], asked))
    return sorted(found, key=lambda one: (not (one.after or one.before), not one.asked))


def _tell(code: str, breach: Breach, draft: Regulation, now: datetime) -> Said:
    values: dict[str, Any] = dict(breach.values)
    finding = Finding(
        rule=code,
        severity=RULES[code].severity,
        stage=draft.stage,
        since=breach.since,
        opens_at=breach.opens_at,
        closes_at=breach.closes_at,
        values=values,
    )
    state = "open"
    if breach.opens_at >= now:
        state = "ahead"
    elif breach.closes_at is not None and breach.closes_at <= now:
        state = "past"
    return Said(wording.because(finding, now), state, breach.opens_at, breach.closes_at)
