"""What a set of norms would change in one pipeline, what it would find there, and putting it in force."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from pipelines.models import Pipeline, Stage
from qc import backtest, norms, regulations
from qc.criteria import field_names
from qc.models import RuleMode
from qc.packs import Pack, PackStage
from qc.rules import RULES
from qc.rules.parameters import DealField, DealFields, Options
from team.models import Employee

DAYS = 90
NUMBERS = ("now", "period", "now_before", "period_before")


@dataclass(frozen=True)
class StageOffer:
    """``norms``: the document to be put in force, with what the stage demands already left as it is (``kept``:
    titles of rules); ``unknown``: fields that the account does not have. ``stage`` None: there is no such stage.
    """

    name: str
    stage: Stage | None
    norms: dict[str, dict[str, Any]]
    kept: list[str]
    unknown: list[str]


@dataclass(frozen=True)
class Offer:
    pack: Pack
    pipeline: Pipeline
    stages: list[StageOffer]

    @property
    def changing(self) -> list[StageOffer]:
        return [one for one in self.stages if one.stage is not None and one.norms]

    @property
    def rules(self) -> list[str]:
        """Rules of the set that are off: they would begin in shadow."""
        on = set(RuleMode.objects.exclude(mode=RuleMode.Mode.OFF).values_list("rule", flat=True))
        return [code for code in self.pack.rules if code in RULES and code not in on]


def prepare_offer(pack: Pack, pipeline: Pipeline) -> Offer:
    """Stages by their names; what a stage's regulation demands by some rule already is left as it is."""
    stages = {_plain(one.name): one for one in Stage.objects.filter(pipeline=pipeline, deleted_at=None)}
    present, names = regulations.in_force(), field_names()
    fields = {_plain(name): key for key, name in names.items() if name} | {"price": "price"}
    return Offer(
        pack,
        pipeline,
        [_offer(one, stages.get(_plain(one.stage)), present, fields) for one in pack.stages],
    )


def _offer(
    one: PackStage, stage: Stage | None, present: Mapping[str, Any], fields: Mapping[str, str]
) -> StageOffer:
    known = norms.read_norms(present[stage.pk].norms) if stage is not None and stage.pk in present else {}
    found: dict[str, dict[str, Any]] = {}
    kept, unknown = [], list[str]()
    for code, document in one.norms.items():
        rule = RULES[code]
        assert rule.norm is not None
        if code in known and known[code] != rule.norm():
            kept.append(code)
            continue
        own = dict(document)
        for parameter in rule.parameters:
            if parameter.name not in own:
                continue
            if isinstance(parameter.kind, DealFields):
                asked = own[parameter.name]
                unknown += [name for name in asked if _plain(name) not in fields]
                own[parameter.name] = [fields[_plain(name)] for name in asked if _plain(name) in fields]
            elif isinstance(parameter.kind, Options):
                lists = own[parameter.name]
                unknown += [name for name in lists if _plain(name) not in fields]
                own[parameter.name] = {
                    fields[_plain(name)]: options for name, options in lists.items() if _plain(name) in fields
                }
            elif isinstance(parameter.kind, DealField):
                name = own.pop(parameter.name)
                if _plain(name) in fields:
                    own[parameter.name] = fields[_plain(name)]
                else:
                    unknown.append(name)
        if norms.write_norm(rule, norms.read_norm(rule, own)):
            found[code] = own
    return StageOffer(one.stage, stage, found, kept, list(dict.fromkeys(unknown)))


@dataclass(frozen=True)
class Tried:
    """What the set would find in ``DAYS`` days beside what is found now, by rule; of each (now, in the period)."""

    rules: list[tuple[str, int, int, int, int]]


def try_offer(offer: Offer) -> Tried:
    """Judge every stage that would change by its draft; writes nothing. Some seconds for a busy pipeline."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in offer.changing:
        assert one.stage is not None
        for row in backtest.judge_by_norms(one.stage.pk, {"norms": one.norms}, DAYS):
            for name in NUMBERS:
                counts[row["rule"], name] += row[name]  # type: ignore[literal-required]  # a name of NUMBERS
    codes = [code for code in RULES if any(counts[code, name] for name in NUMBERS)]
    return Tried([(code, *(counts[code, name] for name in NUMBERS)) for code in codes])  # type: ignore[misc]  # as many


def apply_offer(offer: Offer, author: Employee) -> int:
    """Publish the norms and switch the rules of the set that are off to shadow; returns how many stages changed.

    All or nothing; a set that is applied twice changes nothing the second time. Raises ValueError with one sentence.
    """
    with transaction.atomic():
        for one in offer.changing:
            assert one.stage is not None
            regulations.publish(one.stage, author, norms=one.norms)
        for code in offer.rules:
            regulations.set_mode(code, RuleMode.Mode.SHADOW)
    return len(offer.changing)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())
