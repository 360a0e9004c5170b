"""Regulations of stages: the version in force, a new version, what differs, and what norm real deals suggest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from core import moment
from core.texts import unify_lines
from pipelines.models import JudgementRequest, Stage
from qc import norms
from qc.criteria import field_names, fields_to_require
from qc.models import Regulation, RuleMode, RuleStep
from qc.rule_models import RegulationQuerySet
from qc.rules import QUESTION, RULES
from qc.version_wording import tell_changes
from team.models import Employee

TEXTS = ("entry_result", "goal", "term", "automation", "steps")
NORMS = "norms"
FARTHEST = timedelta(days=366)  # how far ahead a change may be planned


def in_force() -> dict[str, Regulation]:
    """The newest published version of every stage that has one."""
    published = Regulation.objects.published()
    newest = published.order_by("stage_id", *published.query.order_by).distinct("stage_id")
    return {regulation.stage_id: regulation for regulation in newest}


def versions_of(stage_id: str) -> tuple[list[Regulation], dict[str, Regulation]]:
    """What was ever published (or waits to be) for a stage, the newest first, and what is in force on every stage. One
    query."""
    published = Regulation.objects.published()
    newest = published.order_by("stage_id", *published.query.order_by).distinct("stage_id").values("pk")
    rows = Regulation.objects.filter(Q(stage=stage_id) | Q(pk__in=newest)).select_related("author")
    found = list(rows.order_by("-published_at", "-version"))
    own = [row for row in found if row.stage_id == stage_id and (row.decided_at or row.published_at)]
    present: dict[str, Regulation] = {}
    for row in found:
        if row.published_at is not None:
            present.setdefault(row.stage_id, row)
    return sorted(own, key=lambda row: row.version, reverse=True), present


NOW_IN_FORCE = Regulation()  # stands for the version in force, whichever that is


def draft(stage_id: str, *, basis: Regulation | None = NOW_IN_FORCE, **values: Any) -> Regulation:
    """The version in force (or ``basis``) with these values changed; checked, not saved. Raises ValueError with one
    sentence.

    Values are texts, parameters of norms by their flat names, and ``norms`` as a document; a norm that is named there
    keeps the parameters that are not.
    """
    known = norms.flat_parameters()
    if unknown := [name for name in values if name not in (*TEXTS, *known, NORMS)]:
        raise ValueError(_("A regulation has no field “%(name)s”.") % {"name": unknown[0]})
    stage = Stage.objects.filter(id=stage_id, deleted_at=None).first()
    if stage is None:
        raise ValueError(_("There is no stage “%(stage)s”.") % {"stage": stage_id})
    present = in_force().get(stage_id) if basis is NOW_IN_FORCE else basis
    kept = {name: getattr(present, name) if present else "" for name in TEXTS}
    texts = {name: unify_lines(values.get(name, kept[name])) for name in TEXTS}
    names = fields_to_require(stage)
    asked = {name: value for name, value in values.items() if name in known}
    for rule, parameter, value in norms.named(values.get(NORMS, {})):
        asked[next(alias for alias, place in known.items() if place == (rule, parameter))] = value
    found = norms.changed(norms.read_norms(present.norms if present else {}), asked, names)
    if stage.kind in (Stage.Kind.WON, Stage.Kind.LOST):
        for rule, parameter in known.values():
            says = getattr(parameter.kind, "closing", "")
            if says and getattr(found[rule.code], parameter.name) is not None:
                raise ValueError(_(says))
    return Regulation(stage=stage, **texts, norms=norms.write_norms(found))


class Superseded(ValueError):
    """Somebody has published ``version`` since the author looked."""

    def __init__(self, version: int) -> None:
        super().__init__(_("Version %(version)s is in force already.") % {"version": version})
        self.version = version


def publish(
    stage: Stage | str,
    author: Employee | None,
    seen: int | None = None,
    *,
    at: datetime | None = None,
    returns_to: int | None = None,
    **values: Any,
) -> Regulation:
    """Put a new version in force now, or have it wait until ``at``; values not named stay.

    In force, it demands judgement of the stage's deals. One that waits already gives way to it. ``returns_to`` is the
    version whose values these are. Raises ValueError with one sentence, and changes nothing, for values that make no
    sense; Superseded when ``seen`` is not the version in force (0: none is).
    """
    now = moment.now()
    if at is not None and at > now + FARTHEST:
        raise ValueError(_("A version may wait for a year at most."))
    stage_id = stage.pk if isinstance(stage, Stage) else stage
    with transaction.atomic():
        list(Stage.objects.select_for_update().filter(pk=stage_id).values_list("pk"))  # one author at a time
        regulation = draft(stage_id, **values)
        versions = Regulation.objects.filter(stage=stage_id)
        present = versions.published().first()
        number = present.version if present else 0
        if seen is not None and seen != number:
            raise Superseded(number)
        waiting(stage_id).update(effective_at=None)
        regulation.version = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
        regulation.decided_at, regulation.author, regulation.returns_to = now, author, returns_to
        if at is not None and at > now:
            regulation.effective_at = at
            regulation.save(force_insert=True)
        else:
            regulation.published_at = now
            regulation.save(force_insert=True)
            JudgementRequest.objects.demand_stage(stage_id, now)
    return regulation


def return_to(stage_id: str, version: int, author: Employee | None, seen: int | None = None) -> Regulation:
    """Bring an earlier version back as a new one, in force now. Raises ValueError, Superseded."""
    old = Regulation.objects.published().filter(stage=stage_id, version=version).first()
    if old is None:
        raise ValueError(_("There is no version %(version)s of this regulation.") % {"version": version})
    return publish(stage_id, author, seen, returns_to=version, **whole_values(old))


def whole_values(regulation: Regulation) -> dict[str, Any]:
    """All values of a version, for `draft`; fields that no longer exist are left out."""
    known = norms.flat_values(norms.read_norms(regulation.norms, field_names()))
    return known | {name: getattr(regulation, name) for name in TEXTS}


def waiting(stage_id: str | None = None) -> "RegulationQuerySet":
    """Published versions that wait for their day: of a stage, or all."""
    rows = Regulation.objects.filter(published_at=None, effective_at__isnull=False).order_by("effective_at")
    return rows if stage_id is None else rows.filter(stage=stage_id)


def call_off(stage_id: str, version: int) -> bool:
    """Take back a version that waits for its day; False when it waits no more."""
    return bool(waiting(stage_id).filter(version=version).update(effective_at=None))


def put_in_force(now: datetime) -> int:
    """Let versions whose day has come be in force since that moment, each in one transaction. Returns how many."""
    done = 0
    for key, stage_id in list(waiting().filter(effective_at__lte=now).values_list("pk", "stage")):
        with transaction.atomic():
            list(Stage.objects.select_for_update().filter(pk=stage_id).values_list("pk"))
            row = waiting().filter(pk=key).first()
            if row is None:  # another worker was faster
                continue
            row.published_at = row.effective_at
            row.save(update_fields=["published_at"])
            JudgementRequest.objects.demand_stage(stage_id, row.published_at)
            done += 1
    return done


def set_mode(
    rule: str,
    mode: str,
    weight: int | None = None,
    norm: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
) -> RuleMode:
    """Switch a rule further or back, weigh it anew or give it another norm for the whole portal, from now on.

    ``at``: since when instead, for a switch whose day has come. What it was before stays known for its time. It demands
    judgement by a switched rule. Raises ValueError with one sentence for a rule, a mode or a norm that does not exist,
    and for a question that is to cost money.
    """
    check_switch(rule, mode, weight)
    at = at or moment.now()
    with transaction.atomic():
        row, created = RuleMode.objects.select_for_update().get_or_create(
            rule=rule,
            defaults={"mode": mode, "weight": 1 if weight is None else weight, "since": at},
        )
        kept = row.norm if norm is None else norms.portal_document(RULES[rule], row.norm, norm)
        switched = created or row.mode != mode or row.norm != kept
        before, after = (
            (row.mode, row.weight, row.norm),
            (mode, row.weight if weight is None else weight, kept),
        )
        if before != after:
            RuleStep.objects.create(
                rule=rule, mode=row.mode, weight=row.weight, norm=row.norm, since=row.since
            )
            row.mode, row.weight, row.norm, row.since = *after, at
            row.save()
        if switched:
            JudgementRequest.objects.demand_all([rule])
    return row


def check_switch(rule: str, mode: str, weight: int | None) -> None:
    """Raises ValueError with one sentence for a switch that makes no sense."""
    if rule not in RULES:
        raise ValueError(_("There is no rule “%(rule)s”.") % {"rule": rule})
    if mode not in RuleMode.Mode.values:
        raise ValueError(_("A rule has no mode “%(mode)s”.") % {"mode": mode})
    if weight is not None and not 0 <= weight <= 100:
        raise ValueError(_("The weight of a rule is a number from 0 to 100."))
    if mode == RuleMode.Mode.MONEY and RULES[rule].severity == QUESTION:
        raise ValueError(_("A question is answered: it never counts in money."))


def longest_stay(document: Mapping[str, Any]) -> tuple[timedelta, str] | None:
    """How long a deal may be on a stage with these norms, and by which clock; None = as long as it likes."""
    limits = (
        rule.stay(norms.read_norm(rule, document.get(rule.code, {})))
        for rule in norms.rules()
        if rule.stay is not None
    )
    return next((limit for limit in limits if limit is not None), None)


def sentences(old: Regulation | None, new: Regulation) -> list[str]:
    """What a new version changes, a sentence for each change, in the reader's language."""
    return tell_changes(old or Regulation(stage_id=new.stage_id), new, field_names())


@dataclass(frozen=True)
class Dwell:
    """Calendar time of the ``n`` visits to a stage that moved on to anything but a lost stage; None without any.

    Of the last `LATEST` visits alone: a norm is set by how the stage works now, and a page does not read years of them.
    """

    n: int
    p50: timedelta | None
    p75: timedelta | None
    p80: timedelta | None


LATEST = 10_000
# Deals that are deleted are few: what has none of them is read from stays alone, backwards by `stay_by_stage`.
DWELL = """
    select count(*), percentile_disc(array[0.5, 0.75, 0.8]) within group (order by length) from (
        select extract(epoch from s.left_at - s.visit_since)::float8 as length
        from (select deal_id, visit_since, left_at, next_stage_id, inferred from pipelines_stay
              where stage_id = %(stage)s and next_stage_id is not null order by entered_at desc limit %(latest)s) s
        where not s.inferred and s.left_at > s.visit_since
          and s.next_stage_id in (select id from pipelines_stage where kind <> 'lost')
          and not exists (select from pipelines_deal d where d.id = s.deal_id and d.deleted_at is not null)
    ) visit
"""


def suggest(stage_id: str) -> Dwell:
    """How long deals really stay on a stage before they move on: what a norm can be set by (p75 or p80, n ≥ 30)."""
    with connection.cursor() as cursor:
        cursor.execute(DWELL, {"stage": stage_id, "latest": LATEST})
        n, seconds = cursor.fetchone()
    return Dwell(n, *(timedelta(seconds=one) for one in seconds)) if seconds else Dwell(n, None, None, None)
