"""What deals are judged by at present: steps of rules, norms in force, clocks, people who left."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core import account
from core.db import run_statements
from pipelines.models import CustomField, PipelineKind, Stage
from qc import newcomers, rule_modes
from qc.models import Regulation, RuleMode
from qc.norms import read_norm, read_norms
from qc.options import LISTS, FieldNames
from qc.rule_modes import Steps
from qc.rules import DEAL, RULES, Rule, StageNorms, Terms
from qc.rules.parameters import DealField, DealFields, Options
from qc.rules.terms import StagePlace
from team.schedules import departures, employment, load_clocks
from timeline.timeline import LOSS_REASON, PRICE

# A checksum of every row that judgement depends on, beside the deals themselves. These tables are small.
STAMP = """
    select (select sum(hashtextextended((id, stage_id, version, published_at, norms)::text, 0))
            from qc_regulation where published_at is not null),
           (select sum(hashtextextended((rule, mode, norm, since)::text, 0)) from qc_rulemode),
           (select sum(hashtextextended((rule, mode, norm, since)::text, 0)) from qc_rulestep),
           (select sum(hashtextextended((id, since, until, begun, ended)::text, 0)) from qc_controloff),
           (select sum(hashtextextended((since, days)::text, 0)) from qc_newcomergrace),
           (select sum(hashtextextended(r::text, 0)) from team_rota r),
           (select sum(hashtextextended(a::text, 0)) from team_rotaassignment a),
           (select sum(hashtextextended((c.id, c.country, c.eve_minutes)::text, 0)) from team_holidaycalendar c),
           (select sum(hashtextextended(d::text, 0)) from team_calendarday d),
           (select sum(hashtextextended(u::text, 0)) from team_amouser u),
           (select sum(hashtextextended((id, person_id, hired_on, left_on)::text, 0)) from team_employee),
           (select sum(hashtextextended(d::text, 0)) from team_dayoff d),
           (select sum(hashtextextended((id, is_active, deleted_at)::text, 0)) from pipelines_person),
           (select sum(hashtextextended((id, kind, name, sort, deleted_at)::text, 0)) from pipelines_stage),
           (select sum(hashtextextended(k::text, 0)) from pipelines_pipelinekind k),
           (select sum(hashtextextended((id, time_zone)::text, 0)) from pipelines_account),
           (select sum(hashtextextended((id, name, enums, deleted_at)::text, 0)) from pipelines_customfield)
"""


@dataclass(frozen=True)
class Bench:
    """Everything one run of judgement needs. ``steps``: of rules ever on; ``fields``: required anywhere, ever.

    ``off_times``: when there was no quality control."""

    terms: Terms
    steps: Mapping[str, Steps]
    fields: frozenset[str]
    off_times: rule_modes.OffTimes = ()

    def judges(self, code: str) -> bool:
        """Whether the rule is in any mode but off."""
        return code in self.steps and self.steps[code][-1].mode != RuleMode.Mode.OFF

    def judged_by(self, kinds: Set[type]) -> tuple[str, ...]:
        """The rules of deals whose norms these are, and those judged now that go by them."""
        return tuple(
            code
            for code, rule in RULES.items()
            if rule.unit == DEAL
            and (rule.norm in kinds or (self.judges(code) and not kinds.isdisjoint(rule.goes_by)))
        )

    @cached_property
    def reach(self) -> Mapping[str, frozenset[str] | None]:
        """By rule, the stages to one of which a deal must have come for it to say anything; None: it looks at any."""
        return {code: _stages_of(RULES[code], self.terms) for code in self.steps}

    @cached_property
    def reads(self) -> "Reads":
        """What the rules that were ever on need of a deal."""
        rules = [RULES[code] for code in self.steps]
        return Reads(
            self.fields,
            any(rule.reads_touches for rule in rules),
            any(rule.reads_moves for rule in rules),
            reviews=any(rule.reads_reviews for rule in rules),
        )


def _stages_of(rule: Rule, terms: Terms) -> frozenset[str] | None:
    if not rule.by_visits:
        return None
    norms = (rule.norm, *rule.goes_by)
    return frozenset(stage for norm in norms if norm is not None for stage in terms.stages_of(norm))


class Reads(NamedTuple):
    """What of deals is read beside their stays; ``fields`` None = changes of every field."""

    fields: frozenset[str] | None
    touches: bool
    moves: bool
    tasks: bool = True
    reviews: bool = False

    def covers(self, other: "Reads") -> bool:
        fits = self.fields is None or (other.fields is not None and other.fields <= self.fields)
        asked = (self.touches, other.touches), (self.moves, other.moves), (self.reviews, other.reviews)
        return fits and all(own >= others for own, others in asked)


def reads_of(codes: Collection[str], versions: Iterable[StageNorms]) -> Reads:
    """What these rules alone need of a deal that is judged by these norms: what others ask for is not read."""
    rules = [RULES[code] for code in codes]
    regarded = {norm for rule in rules for norm in (rule.norm, *rule.goes_by)}
    asked = (
        [one._replace(norms={kind: norm for kind, norm in one.norms.items() if kind in regarded})]
        for one in versions
    )
    return Reads(
        fields_of(asked),
        any(rule.reads_touches for rule in rules),
        any(rule.reads_moves for rule in rules),
        any(rule.reads_tasks for rule in rules),
        any(rule.reads_reviews for rule in rules),
    )


def stamp() -> tuple[Any, ...]:
    """The present STAMP."""
    [[row]] = run_statements((STAMP, {}))
    return row


_kept: tuple[Any, Bench] | None = None


def bench(at: tuple[Any, ...] | None = None) -> Bench:
    """The present terms; read again only when a row behind them has changed, so that clocks are laid out once.

    ``at``: the stamp, when the caller has read it already.
    """
    global _kept
    at = at or stamp()
    if _kept is None or _kept[0] != at:
        _kept = (at, _read())
    return _kept[1]


def kept_reads() -> Reads:
    """What the terms as they were last read here need; before that: all."""
    return _kept[1].reads if _kept else Reads(None, True, True, reviews=True)


def _read() -> Bench:
    names = field_names()
    norms: dict[str, list[StageNorms]] = defaultdict(list)
    robots = PipelineKind.objects.filter(kind=PipelineKind.Kind.ROBOT)
    # Nobody works there, so no norm is anybody's.
    nobodys = Stage.objects.filter(pipeline__in=robots.values("pipeline"))
    for regulation in Regulation.objects.published().exclude(stage__in=nobodys).reverse():
        norms[regulation.stage_id].append(stage_norms(regulation, names))
    known, off_times = rule_modes.read_with_off_times()
    ever_on = {
        code: known[code]
        for code in RULES
        if code in known and any(step.mode != RuleMode.Mode.OFF for step in known[code])
    }
    stages = {stage: tuple(versions) for stage, versions in norms.items()}
    since = {code: steps[0].since for code, steps in ever_on.items()}
    terms = Terms(
        stages | portal_norms(ever_on),
        load_clocks(),
        departures(),
        employment(),
        since,
        ZoneInfo(account.own().dates),
        stage_places(),
        frozenset(map(str, account.own().robots)),
        newcomers.read_graces(),
    )
    return Bench(terms, ever_on, fields_of(norms.values()), off_times)


def stage_places() -> dict[str, StagePlace]:
    """Every stage that amoCRM has, in its order."""
    rows = Stage.objects.filter(deleted_at=None).values_list("id", "pipeline_id", "sort", "kind", "name")
    return {key: StagePlace(str(pipeline), sort, kind, name) for key, pipeline, sort, kind, name in rows}


def portal_norms(steps: Mapping[str, Steps]) -> dict[str, tuple[StageNorms, ...]]:
    """The norms of rules that have one for the whole portal; before its first step a rule is judged as with it."""
    found = {}
    for code, of_rule in steps.items():
        rule = RULES[code]
        if rule.norm is not None and not rule.is_of_stages:
            found[code] = tuple(
                StageNorms(None, step.since if place else None, {rule.norm: read_norm(rule, step.norm)})
                for place, step in enumerate(of_rule)
            )
    return found


def stage_norms(regulation: Regulation, names: Mapping[str, str]) -> StageNorms:
    """The norms of a version; fields that no longer exist in amoCRM are nobody's duty."""
    norms = {type(norm): norm for norm in read_norms(regulation.norms, names).values()}
    return StageNorms(regulation.pk, regulation.published_at, norms)


def fields_of(versions: Iterable[Iterable[StageNorms]]) -> frozenset[str]:
    """The deal fields that any of these norms asks for."""
    named = [
        (rule.norm, one)
        for rule in RULES.values()
        for one in rule.parameters
        if isinstance(one.kind, DealFields | DealField | Options) and rule.norm is not None
    ]
    needing = [
        (rule.norm, rule.needs) for rule in RULES.values() if rule.norm is not None and rule.needs is not None
    ]
    found: set[str] = set()
    for known in (version.norms for of_stage in versions for version in of_stage):
        found.update(*(needs(known[norm]) for norm, needs in needing if norm in known))
        for norm, one in named:
            value = getattr(known[norm], one.name) if norm in known else None
            if isinstance(one.kind, DealFields):
                found.update(field for field, _name in value or ())
            elif isinstance(one.kind, Options):
                found.update(own.field for own in value or ())
            elif value is not None:
                found.add(value)
    return frozenset(found)


def field_names() -> FieldNames:
    """Fields that a regulation may require, by id as text; the amount and the loss reason have no name of their own."""
    return read_fields()[0]


def read_fields(stage: str = "") -> tuple[FieldNames, list[str]]:
    """The same, and those of them that amoCRM itself demands on a stage. One query."""
    rows = list(
        CustomField.objects.filter(deleted_at=None).values_list(
            "id", "name", "type", "enums", "required_stages"
        )
    )
    demanded = [str(field) for field, *_, stages in rows if stage in stages]
    return name_fields(row[:4] for row in rows), demanded


def name_fields(rows: Iterable[Sequence[Any]]) -> FieldNames:
    """Of rows that somebody has read along: id, name, type and options of each."""
    names = FieldNames({PRICE: "", LOSS_REASON: ""})
    for field, name, kind, options in rows:
        names[str(field)] = name
        if kind in LISTS:
            names.options[str(field)] = options
    return names


def fields_to_require(stage: Stage) -> FieldNames:
    """The same of one stage: only a lost deal has a reason of its loss."""
    names = field_names()
    return names if stage.kind == Stage.Kind.LOST else names.without(LOSS_REASON)
