"""Regulations as documents: ``[{"stage": …, "effective_from": …, "texts": {…}, "norms": {…}}]``, read and written.

``texts`` and ``norms`` that are not there stay as they are; ``norms`` that are there are all of them.
``effective_from`` is a day of the portal's zone («2026-11-01»: since it began) or a moment with a zone; without one it
is now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import moment
from core.zone import portal_zone
from pipelines.models import JudgementRequest, Stage
from qc import norms, regulations
from qc.models import Regulation
from qc.regulations import FARTHEST, NORMS, TEXTS
from qc.steps import write_steps
from team.models import Employee

KEYS = {"stage", "effective_from", "texts", "norms"}
MOST, LONGEST_TEXT = 2_000, 20_000  # documents in a file, characters of a text


class BadDocuments(ValueError):
    """``sentences``: one for each bad place."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


@dataclass(frozen=True)
class _Wanted:
    where: str
    stage: str
    at: datetime | None
    values: dict[str, Any]


def dump() -> list[dict[str, Any]]:
    """All versions in force, and those that wait for their day, in the order of amoCRM's stages."""
    waiting = list(regulations.waiting())
    rows = [*regulations.in_force().values(), *waiting]
    order = {
        key: place
        for place, key in enumerate(
            Stage.objects.order_by("pipeline__sort", "sort", "pk").values_list("pk", flat=True)
        )
    }
    rows.sort(key=lambda row: (order.get(row.stage_id, len(order)), row.published_at or row.effective_at))
    return [_document(row) for row in rows]


def _document(row: Regulation) -> dict[str, Any]:
    at = row.published_at or row.effective_at
    assert at is not None
    local = at.astimezone(portal_zone())
    whole_day = local.time() == time()
    return {
        "stage": row.stage_id,
        "effective_from": local.date().isoformat() if whole_day else local.isoformat(),
        "texts": {name: getattr(row, name) for name in TEXTS if getattr(row, name)},
        "norms": row.norms,
    }


def load(documents: Any, author: Employee | None = None) -> list[Regulation]:
    """Put these regulations in force from their days on; returns the new versions, none where nothing differs.

    Raises BadDocuments, with a sentence for each bad place, and then nothing is changed.
    """
    with transaction.atomic():
        wanted, bad = _read(documents)
        made: list[Regulation] = []
        for one in sorted(wanted, key=lambda one: (one.stage, one.at or moment.now())):
            try:
                if (version := _put(one, author)) is not None:
                    made.append(version)
            except ValueError as error:
                bad.append(f"{one.where}: {error}")
        if bad:
            raise BadDocuments(bad)
    return made


def _read(documents: Any) -> tuple[list[_Wanted], list[str]]:
    if isinstance(documents, Mapping):
        documents = [documents]
    if not isinstance(documents, list):
        return [], [_("Regulations are written as a list of documents.")]
    if len(documents) > MOST:
        return [], [_("At most %(most)s regulations at once.") % {"most": MOST}]
    found, bad = [], []
    for number, document in enumerate(documents, 1):
        where = _("Document %(number)s") % {"number": number}
        try:
            found.append(_read_one(where, document))
        except ValueError as error:
            if isinstance(document, Mapping) and isinstance(document.get("stage"), str):
                where = f"{where} ({document['stage'][:40]})"
            bad.append(f"{where}: {error}")
    seen: set[tuple[str, datetime | None]] = set()
    for one in found:
        if (one.stage, one.at) in seen:
            bad.append(f"{one.where}: " + _("This stage has another document of the same day."))
        seen.add((one.stage, one.at))
    return found, bad


def _read_one(where: str, document: Any) -> _Wanted:
    if not isinstance(document, Mapping):
        raise ValueError(_("A regulation is written as {stage, effective_from, texts, norms}."))
    if unknown := [name for name in document if name not in KEYS]:
        raise ValueError(_("A regulation has no field “%(name)s”.") % {"name": str(unknown[0])[:40]})
    stage = document.get("stage")
    if not isinstance(stage, str) or not stage:
        raise ValueError(_("A regulation names its stage, like “8100001:70100102”."))
    values = dict(_texts(document.get("texts", {})))
    if "norms" in document:
        list(norms.named(document["norms"]))  # or it raises
        values[NORMS] = document["norms"]
    return _Wanted(f"{where} ({stage[:40]})", stage, _moment(document.get("effective_from")), values)


def _texts(texts: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(texts, Mapping):
        raise ValueError(_("Texts are written as {field: text}."))
    for name, text in texts.items():
        if name not in TEXTS:
            raise ValueError(_("A regulation has no text “%(name)s”.") % {"name": str(name)[:40]})
        if name == "steps":
            try:
                text = write_steps(text)
            except ValueError as error:
                says = _("Steps are a text or a list of {do, if: [{case, then}]}: see %(place)s.")
                raise ValueError(says % {"place": error}) from error
        if not isinstance(text, str):
            raise ValueError(_("The text “%(name)s” must be text.") % {"name": name})
        if len(text) > LONGEST_TEXT or "\x00" in text:
            raise ValueError(
                _("The text “%(name)s” is too long: %(most)s characters at most.")
                % {"name": name, "most": LONGEST_TEXT}
            )
        yield name, text.replace("\r\n", "\n")


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    wrong = _("“%(value)s” is no day like 2026-11-01.") % {"value": str(text)[:40]}
    if not isinstance(text, str):
        raise ValueError(wrong)
    try:
        if len(text) == 10:
            at = datetime.combine(date.fromisoformat(text), time(), portal_zone())
        else:
            at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(wrong) from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=portal_zone())
    if not 2000 <= at.year <= 2100:
        raise ValueError(wrong)
    return at


def _put(wanted: _Wanted, author: Employee | None) -> Regulation | None:
    now = moment.now()
    at = now if wanted.at is None else wanted.at
    if at > now + FARTHEST:
        raise ValueError(_("A version may wait for a year at most."))
    list(Stage.objects.select_for_update().filter(pk=wanted.stage).values_list("pk"))
    published = Regulation.objects.published().filter(stage=wanted.stage)
    of_that_day = regulations.waiting(wanted.stage).filter(effective_at=at).first() if at > now else None
    present = of_that_day or published.filter(published_at__lte=at).first()
    fresh = regulations.draft(wanted.stage, basis=_basis(present, wanted), **wanted.values)
    if present is not None and _same(present, fresh):
        return None
    if at <= now and (later := published.filter(published_at__gt=at).order_by("published_at").first()):
        raise ValueError(_("Version %(version)s is in force since a later day.") % {"version": later.version})
    if of_that_day is not None:
        regulations.call_off(wanted.stage, of_that_day.version)
    last = Regulation.objects.filter(stage=wanted.stage).aggregate(last=Max("version"))["last"]
    fresh.version, fresh.author, fresh.decided_at = (last or 0) + 1, author, now
    if at > now:
        fresh.effective_at = at
    else:
        fresh.published_at = at
    fresh.save(force_insert=True)
    if at <= now:
        JudgementRequest.objects.demand_stage(wanted.stage, at - timedelta(microseconds=1))
    return fresh


def _basis(present: Regulation | None, wanted: _Wanted) -> Regulation | None:
    """What stays of the present version; norms that a document has are all of them."""
    if present is None or NORMS not in wanted.values:
        return present
    return Regulation(stage_id=present.stage_id, norms={}, **{name: getattr(present, name) for name in TEXTS})


def _same(old: Regulation, new: Regulation) -> bool:
    return old.norms == new.norms and all(
        getattr(old, name).strip() == getattr(new, name).strip() for name in TEXTS
    )
