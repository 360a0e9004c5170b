"""Appeals against findings: filed, under review, perhaps information is needed, decided, closed.

Whoever decides is neither the author, nor the person it is about, nor a reviewer who has confirmed the finding. While
an appeal is not decided its finding costs nothing; a decision never makes anything dearer: it can only excuse, and what
else is seen on the way is no part of it. An upheld one counts against the rule (`qc.overturns`).

Refusals are ValueErrors with one sentence for the reader. What is sent twice is done once.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core import moment
from qc import excuses, overturns
from qc.models import NEVER, Appeal, AppealStep, Finding, RuleMode, Ruling
from team.models import Employee, Role
from team.schedules import load_clocks

TERM = timedelta(hours=20)  # of the owner's shifts: two of ten hours
TERM_BY_CALENDAR = timedelta(days=4)  # of whoever has no shifts ahead
LATEST = timedelta(days=90)  # after its end a finding can be appealed against for so long
LONGEST = 2_000  # signs of a text
AHEAD = timedelta(days=92)  # a finding may be held back by a decision for so long

Reason, State, Decision, Step = Appeal.Reason, Appeal.State, Appeal.Decision, AppealStep.Kind
REVIEWERS = frozenset({Role.CONTROLLER, Role.HEAD, Role.DIRECTOR, Role.ADMIN})


def file_appeal(
    finding: Finding, author: Employee, reason: str, text: str = "", *, key: UUID | None = None
) -> Appeal:
    """File an appeal of the person whom the finding is held against, or of his head for him.

    One appeal a finding; the same author sending it again, or a form with the same ``key``, gets the first one.
    ValueError with a sentence for a finding that is not the author's, has not opened, is long over or was appealed
    against already, for an unknown reason and a text that is too long (or missing where the reason is «other»).
    """
    text = _read_text(text)
    if reason not in Reason.values:
        raise ValueError(_("Choose a reason from the list."))
    if reason == Reason.OTHER and not text:
        raise ValueError(_("Say in a few words what is wrong."))
    with transaction.atomic():
        locked = next(iter(excuses.lock_findings([finding.pk])), None)
        if locked is None or not may_appeal(locked, author):
            raise ValueError(
                _("Only the person whom a finding is held against, or his head, can object to it.")
            )
        known: Appeal | None = Appeal.objects.filter(finding=locked).first()
        if known is not None:
            if known.author_id == author.pk or (key is not None and known.key == key):
                return known
            raise ValueError(_("An appeal against this finding has been filed already."))
        now = moment.now()
        if refused := refusal(locked, now):
            raise ValueError(refused)
        appeal: Appeal = Appeal.objects.create(
            finding=locked,
            author=author,
            reason=reason,
            text=text,
            key=key,
            filed_at=now,
            due_at=_after(locked, now, TERM),
        )
        Finding.objects.filter(pk=locked.pk).update(disputed_at=now)
        finding.disputed_at = now
        _note(appeal, Step.FILED, author, text)
        excuses.demand_judgement(locked)
    return appeal


def may_appeal(finding: Finding, user: Employee) -> bool:
    """Whether it is held against this person, or against somebody whom he heads."""
    return (
        user.role in {Role.MANAGER, Role.HEAD}
        and user.sees is not None
        and finding.manager_id in user.sees
        and finding.mode in (RuleMode.Mode.WARN, RuleMode.Mode.MONEY)
    )


def refusal(finding: Finding, now: datetime) -> str:
    """Why nobody can object to this finding now; empty where one can."""
    if finding.withdrawn_at is not None:
        return _("This finding does not stand any more.")
    if finding.opens_at >= now:
        return _("This finding has not opened: there is nothing to object to yet.")
    if finding.closes_at is not None and finding.closes_at + LATEST < now:
        return _("This finding was over more than %(days)s days ago.") % {"days": LATEST.days}
    return ""


def may_decide(appeal: Appeal, user: Employee) -> bool:
    """A second person: a reviewer who sees the finding, is not behind the appeal and has ruled nothing about it, nor
    found it himself in a manual review."""
    if user.role not in REVIEWERS or user.pk == appeal.author_id:
        return False
    manager = appeal.finding.manager_id
    if user.sees is not None and manager not in user.sees:
        return False
    if user.person_id is not None and user.person_id == manager:
        return False
    if user.pk in appeal.finding.values.get("by", ()):  # of a manual review: its reviewers
        return False
    ruled = Ruling.objects.in_force().filter(finding=appeal.finding_id, author=user.pk)
    return not ruled.exclude(kind=Ruling.Kind.SNOOZED).exists()


def list_appeals(user: Employee) -> "QuerySet[Appeal]":
    """Those that this reader may see, the most urgent first."""
    return (
        Appeal.objects.visible_to(user)
        .select_related(
            "author", "reviewer", "finding__deal", "finding__stage", "finding__manager", "finding__task"
        )
        .order_by("decided_at", "due_at", "pk")
    )


@transaction.atomic
def take_appeal(appeal: Appeal, reviewer: Employee) -> Appeal:
    """Begin the review; who has begun it is seen by everybody involved. Another reviewer may take it over."""
    locked = _lock(appeal, reviewer)
    if locked.state == State.FILED or locked.reviewer_id != reviewer.pk:
        locked.reviewer = reviewer
        locked.state = State.REVIEW if locked.state == State.FILED else locked.state
        locked.save(update_fields=["reviewer", "state"])
        _note(locked, Step.TAKEN, reviewer)
    return locked


@transaction.atomic
def ask_author(appeal: Appeal, reviewer: Employee, text: str) -> Appeal:
    """Ask for information; the term stands still until it comes."""
    locked, text = _lock(appeal, reviewer), _read_text(text)
    if not text:
        raise ValueError(_("Say what you need to know."))
    if locked.state != State.INFO:
        now = moment.now()
        left = _clock(locked.finding).worked(now, max(now, locked.due_at))
        locked.left, locked.state, locked.reviewer = int(left.total_seconds()), State.INFO, reviewer
        locked.save(update_fields=["left", "state", "reviewer"])
        _note(locked, Step.ASKED, reviewer, text)
    return locked


@transaction.atomic
def answer_reviewer(appeal: Appeal, author: Employee, text: str) -> Appeal:
    """What the author answers; the review goes on with what was left of its term."""
    locked, text = _reread(appeal), _read_text(text)
    if author.pk != locked.author_id:
        raise ValueError(_("Only the author of an appeal answers."))
    if not text:
        raise ValueError(_("Write an answer."))
    if locked.state == State.INFO:
        now = moment.now()
        locked.due_at = _after(locked.finding, now, timedelta(seconds=locked.left or 0))
        locked.left, locked.state = None, State.REVIEW
        locked.save(update_fields=["due_at", "left", "state"])
        _note(locked, Step.ANSWERED, author, text)
    return locked


@transaction.atomic
def decide_appeal(
    appeal: Appeal, reviewer: Employee, decision: str, text: str = "", counts_from: datetime | None = None
) -> tuple[Appeal, bool]:
    """Decide it, and tell whether that is new: the same decision of the same reviewer is made once.

    Upheld, the finding is held against nobody; in part, only from ``counts_from`` on. ValueError with a sentence for
    whoever may not decide, a decision that was made already, a refusal without a text, and a moment that is no later
    than the finding opened or too far ahead.
    """
    locked, text = _reread(appeal), _read_text(text)
    if decision not in Decision.values:
        raise ValueError(_("There is no decision “%(decision)s”.") % {"decision": decision})
    if locked.decided_at is not None:
        if locked.reviewer_id == reviewer.pk and locked.decision == decision:
            return locked, False
        raise ValueError(_("This appeal has been decided already."))
    if not may_decide(locked, reviewer):
        raise ValueError(_("An appeal is decided by a second person, who had no hand in the finding."))
    if decision != Decision.FULL and not text:
        raise ValueError(_("Give the reasons of the decision: the author reads them."))
    now, finding = moment.now(), locked.finding
    until: datetime | None = None
    if decision == Decision.FULL:
        until = NEVER
    elif decision == Decision.PARTIAL:
        if counts_from is None or not finding.opens_at < counts_from <= now + AHEAD:
            raise ValueError(
                _("Say from when the finding counts: after it opened, at most three months ahead.")
            )
        until = counts_from
    locked.decision, locked.decision_text, locked.counts_from = decision, text, counts_from if until else None
    if decision == Decision.FULL:
        locked.counts_from = None
    locked.state, locked.reviewer, locked.decided_at, locked.left = State.DECIDED, reviewer, now, None
    locked.save()
    finding.disputed_at = None
    finding.save(update_fields=["disputed_at"])
    _note(locked, Step.DECIDED, reviewer, text)
    if until is None:
        excuses.demand_judgement(finding)
    else:
        excuses.excuse_finding(finding, until)
        overturns.stop_if_overturned(finding.rule, now)
    return locked, True


@transaction.atomic
def close_appeal(appeal: Appeal, author: Employee) -> Appeal:
    """The author has read the decision. One that nobody closes is closed a week later."""
    locked = _reread(appeal)
    if author.pk != locked.author_id:
        raise ValueError(_("Only its author closes an appeal."))
    if locked.decided_at is None:
        raise ValueError(_("This appeal has not been decided."))
    if locked.closed_at is None:
        locked.state, locked.closed_at = State.CLOSED, moment.now()
        locked.save(update_fields=["state", "closed_at"])
        _note(locked, Step.CLOSED, author)
    return locked


def _lock(appeal: Appeal, reviewer: Employee) -> Appeal:
    locked = _reread(appeal)
    if locked.decided_at is not None:
        raise ValueError(_("This appeal has been decided already."))
    if not may_decide(locked, reviewer):
        raise ValueError(_("An appeal is decided by a second person, who had no hand in the finding."))
    return locked


def _reread(appeal: Appeal) -> Appeal:
    """As it stands now, locked with its finding, always in the order finding, appeal."""
    [finding] = excuses.lock_findings([appeal.finding_id])
    locked: Appeal = Appeal.objects.select_for_update(of=("self",)).select_related("author").get(pk=appeal.pk)
    locked.finding = finding
    return locked


def _note(appeal: Appeal, kind: AppealStep.Kind, author: Employee, text: str = "") -> None:
    AppealStep.objects.create(appeal=appeal, kind=kind, author=author, at=moment.now(), text=text)


def _read_text(text: str) -> str:
    text = text.replace("\0", "").strip()
    if len(text) > LONGEST:
        raise ValueError(_("A text has %(most)s signs at most.") % {"most": LONGEST})
    return text


def _clock(finding: Finding) -> Any:
    return load_clocks([finding.manager_id] if finding.manager_id else []).owner(finding.manager_id)


def _after(finding: Finding, now: datetime, length: timedelta) -> datetime:
    found: datetime | None = _clock(finding).after(now, length)
    return found or now + TERM_BY_CALENDAR
