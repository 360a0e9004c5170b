"""What reviewers rule about findings: right, an error of the rule, waived until a date, put off.

Refusals are ValueErrors with one sentence for the reader. What is sent twice is done once.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from core import moment
from pipelines.models import Touch
from qc import excuses
from qc.appeals import AHEAD, LONGEST, REVIEWERS, may_decide
from qc.models import Appeal, Finding, FindingQuerySet, RuleMode, Ruling
from team.models import Employee

Kind = Ruling.Kind
SHOWN = (RuleMode.Mode.WARN, RuleMode.Mode.MONEY)
QUEUE = timedelta(days=7)  # what opened longer ago is no news: the list of findings has it
FRESH = timedelta(days=1)  # a call as young as that may explain a case, so it is decided alone
UNDO = timedelta(minutes=10)
MOST = 200  # findings confirmed at once


def is_reviewer(user: Employee) -> bool:
    return user.role in REVIEWERS


def list_waiting(user: Employee, now: datetime) -> FindingQuerySet:
    """What waits for a ruling of this reviewer: opened within a week, and nobody has ruled about it.

    With ``appealed``, whether an appeal waits, and ``called``, whether there was a call within a day.
    """
    ruled = Ruling.objects.in_force().filter(finding=OuterRef("pk"))
    ruled = ruled.filter(~Q(kind=Kind.SNOOZED) | Q(until__gt=now))
    calls = Touch.objects.filter(
        Q(deal=OuterRef("deal")) | Q(deal=None, contact=OuterRef("deal__contact")),
        at__gte=now - FRESH,
        at__lte=now,
        kind__in=[Touch.Kind.CALL_IN, Touch.Kind.CALL_OUT],
    )
    rows = Finding.objects.standing().shown_to(user)
    found: FindingQuerySet = rows.filter(opens_at__gte=now - QUEUE, opens_at__lt=now).filter(~Exists(ruled))
    told: FindingQuerySet = found.annotate(
        appealed=Exists(Appeal.objects.undecided().filter(finding=OuterRef("pk"))), called=Exists(calls)
    )
    return told


def found_himself(finding: Finding, user: Employee) -> bool:
    """Whether it comes from a manual review of this reviewer: his word alone makes no rule more precise."""
    return user.pk in finding.values.get("by", ())


class Confirmed(NamedTuple):
    """Keys of findings that were confirmed, and those left out: with an appeal, a fresh call, found by the reviewer
    himself, or not waiting."""

    done: list[int]
    left_out: list[int]


@transaction.atomic
def confirm_findings(
    keys: Collection[int], rule: str, author: Employee, key: UUID | None = None
) -> Confirmed:
    """Confirm several findings of one rule. Those with an appeal or a call within a day are decided one by one.

    ValueError with a sentence where the findings are of several rules, too many, or not all for this reviewer.
    """
    _check(author)
    if len(keys) > MOST:
        raise ValueError(_("At most %(most)s findings are confirmed at once.") % {"most": MOST})
    rows = excuses.lock_findings(keys)
    visible = set(Finding.objects.visible_to(author).filter(pk__in=list(keys)).values_list("pk", flat=True))
    if len(visible) < len(set(keys)):
        raise ValueError(_("There is no such finding."))
    if {row.rule for row in rows} - {rule}:
        raise ValueError(_("Only findings of one rule are confirmed together."))
    waiting = {row.pk: row for row in list_waiting(author, moment.now()).filter(pk__in=list(keys))}
    done = [
        pk
        for pk, row in waiting.items()
        if not row.appealed and not row.called and not found_himself(row, author)
    ]
    for pk in done:
        _create(waiting[pk], Kind.CONFIRMED, author, key=key)
    again = (
        set(Ruling.objects.filter(key=key, finding__in=keys).values_list("finding", flat=True))
        if key
        else set()
    )
    confirmed = sorted(set(done) | again)
    return Confirmed(confirmed, sorted(set(keys) - set(confirmed)))


@transaction.atomic
def rule_finding(
    finding: Finding,
    kind: str,
    author: Employee,
    text: str = "",
    until: datetime | None = None,
    key: UUID | None = None,
) -> tuple[Ruling, bool]:
    """Rule about one finding, and tell whether that is new.

    An error of the rule and a waiver need a reason, a waiver and what is put off an end ahead of now. ValueError with a
    sentence for whoever may not, for a finding that does not stand, and for one about which an appeal waits.
    """
    _check(author)
    text = text.replace("\0", "").strip()
    if kind not in Kind.values:
        raise ValueError(_("There is no ruling “%(kind)s”.") % {"kind": kind})
    if len(text) > LONGEST:
        raise ValueError(_("A text has %(most)s signs at most.") % {"most": LONGEST})
    now = moment.now()
    if kind in (Kind.MISTAKEN, Kind.WAIVED) and not text:
        raise ValueError(_("Give a reason."))
    if kind in (Kind.WAIVED, Kind.SNOOZED) and (until is None or not now < until <= now + AHEAD):
        raise ValueError(_("Give an end: a day after today, at most three months ahead."))
    [locked] = excuses.lock_findings([finding.pk])
    if not Finding.objects.visible_to(author).filter(pk=locked.pk).exists():
        raise ValueError(_("There is no such finding."))
    known = locked.rulings.in_force().filter(kind=kind).first()
    if known is not None and ((key is not None and known.key == key) or kind == Kind.CONFIRMED):
        return known, False
    if author.person_id is not None and author.person_id == locked.manager_id:
        raise ValueError(_("Nobody rules about a finding that is held against himself."))
    if kind == Kind.CONFIRMED and found_himself(locked, author):
        raise ValueError(_("Somebody else confirms what you have found in a manual review."))
    appeal = Appeal.objects.undecided().filter(finding=locked).first()
    if appeal is not None and kind != Kind.SNOOZED:
        appeal.finding = locked
        own = may_decide(appeal, author)
        raise ValueError(
            _("An appeal waits: decide it.") if own else _("An appeal waits: somebody else decides it.")
        )
    if locked.withdrawn_at is not None:
        raise ValueError(_("This finding does not stand any more."))
    locked.rulings.in_force().filter(kind__in=[Kind.SNOOZED, kind]).update(revoked_at=now)
    opened_at = locked.opens_at
    if kind == Kind.WAIVED and known is not None:
        opened_at = known.opened_at or opened_at
    ruling = _create(
        locked, kind, author, text, until if kind in (Kind.WAIVED, Kind.SNOOZED) else None, opened_at, key
    )
    if kind in (Kind.WAIVED, Kind.MISTAKEN):
        excuses.restore_finding(locked, opened_at)
    return ruling, True


@transaction.atomic
def revoke_ruling(ruling: Ruling, author: Employee) -> None:
    """Take back one's own ruling within ten minutes, or end a waiver at any time; it stays known.

    ValueError with a sentence for whoever may not.
    """
    _check(author)
    [finding] = excuses.lock_findings([ruling.finding_id])
    locked = Ruling.objects.select_for_update().get(pk=ruling.pk)
    if locked.revoked_at is not None:
        return
    now = moment.now()
    if locked.kind != Kind.WAIVED and (locked.author_id != author.pk or locked.at + UNDO < now):
        raise ValueError(_("A ruling is taken back by whoever made it, within ten minutes."))
    if not Finding.objects.visible_to(author).filter(pk=finding.pk).exists():
        raise ValueError(_("There is no such finding."))
    locked.revoked_at = now
    locked.save(update_fields=["revoked_at"])
    if locked.kind in (Kind.WAIVED, Kind.MISTAKEN):
        excuses.restore_finding(finding, locked.opened_at)


def list_waivers(user: Employee, now: datetime) -> list[Ruling]:
    """Waivers that have not ended, the next to end first."""
    rows = Ruling.objects.in_force().filter(kind=Kind.WAIVED, until__gt=now)
    if user.sees is not None:
        rows = rows.filter(finding__manager__in=user.sees)
    related = ("author", "finding__deal", "finding__stage", "finding__manager", "finding__task")
    return list(rows.select_related(*related).order_by("until", "pk"))


def _create(
    finding: Finding,
    kind: str,
    author: Employee,
    text: str = "",
    until: datetime | None = None,
    opened_at: datetime | None = None,
    key: UUID | None = None,
) -> Ruling:
    return Ruling.objects.create(
        finding=finding,
        kind=kind,
        author=author,
        at=moment.now(),
        text=text,
        until=until,
        opened_at=opened_at,
        key=key,
    )


def _check(author: Employee) -> None:
    if not is_reviewer(author):
        raise ValueError(_("Only reviewers rule about findings."))
