"""The life of a decision: proposed, taken by somebody with a term, done or dropped. Each step may come twice."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from core import formats
from core.zone import local_day
from metrics.proposals import READY, Proposal, Standing, due_on, find_worth
from notices.models import Decision, DecisionDeal, Hidden, Report
from pipelines.models import Task
from team.models import Employee, HeadAssignment, Role

MOST = 5_000  # deals of a list
LONGEST = 366  # days of a term
OF_LIST = "list"  # the kind of what somebody has made of a list himself


class Impossible(ValueError):
    """A step that makes no sense; the text is a sentence for the reader."""


@dataclass(frozen=True)
class Wish:
    """Who shall do what by when."""

    title: str
    owner: Employee
    due_on: date
    text: str = ""


def freeze_proposal(
    proposal: Proposal, rows: Mapping[int, Standing], as_of: datetime, key: str, **more: Any
) -> Decision:
    """The proposal with its list as a row in the state proposed; the same key is the same decision."""
    with transaction.atomic():
        made, is_new = Decision.objects.get_or_create(
            key=key,
            defaults={
                "kind": proposal.kind,
                "facts": facts_of(proposal),
                "as_of": as_of,
                "n": proposal.n,
                "money": proposal.money,
                "expected": proposal.expected if proposal.sure else None,
                "owner": Staff(local_day(as_of)).find_owner(proposal),
                "due_on": due_on(proposal, local_day(as_of)),
                **more,
            },
        )
        if is_new:
            DecisionDeal.objects.bulk_create(
                [
                    DecisionDeal(
                        decision=made,
                        deal_id=deal,
                        price=rows[deal].price,
                        expected=find_worth(proposal.kind, rows[deal]),
                        stage_id=rows[deal].stage,
                        manager_id=rows[deal].manager,
                        planned=not rows[deal].unplanned,
                    )
                    for deal in proposal.deals
                ],
                batch_size=1000,
            )
    decided: Decision = made
    return decided


def facts_of(proposal: Proposal) -> dict[str, Any]:
    """What its sentences are filled with, for ever."""
    return {
        "key": proposal.key,
        "person": proposal.person,
        "stage": proposal.stage,
        "stuck": proposal.stuck,
        "of": proposal.of,
        "median_days": proposal.median_days,
        "sure": proposal.sure,
        "whole": proposal.kind == READY,
        "holders": [list(one) for one in proposal.holders],
    }


def decide_list(
    user: Employee, deals: Any, wish: Wish, now: datetime, *, key: str, query: str = "",
    worths: Mapping[int, Decimal | None] | None = None,
) -> Decision:  # fmt: skip
    """Make what a list shows (open deals) a decision that is taken at once. Raises Impossible.

    The same ``key`` (of a form that was shown once) does it once. ``worths``: what may be expected of a deal, if known.
    """
    check_wish(wish, now)
    known: Decision | None = Decision.objects.filter(key=key).first()
    if known is not None:
        return known
    planned = Exists(Task.objects.open().filter(deal=OuterRef("pk")))
    rows = list(deals.order_by().annotate(planned=planned).values_list(
        "pk", "price", "stage_id", "manager_id", "planned"
    )[: MOST + 1])  # fmt: skip
    if not rows:
        raise Impossible(_("There is no open deal in this list."))
    if len(rows) > MOST:
        most = formats.number(MOST, "ru")
        raise Impossible(_("A decision may have %(n)s deals at most. Narrow the list.") % {"n": most})
    listed = {pk for pk, *_rest in rows}
    expected = {pk: worth for pk, worth in (worths or {}).items() if pk in listed and worth is not None}
    with transaction.atomic():
        made, is_new = Decision.objects.get_or_create(
            key=key,
            defaults={
                "kind": OF_LIST,
                "title": wish.title,
                "text": wish.text,
                "query": query[:1000],
                "state": Decision.State.TAKEN,
                "owner": wish.owner,
                "due_on": wish.due_on,
                "as_of": now,
                "n": len(rows),
                "money": sum((price for _pk, price, *_rest in rows), Decimal(0)),
                "expected": sum(expected.values(), Decimal(0)) if expected else None,
                "taken_by": user,
                "taken_at": now,
            },
        )
        if is_new:
            DecisionDeal.objects.bulk_create(
                [
                    DecisionDeal(
                        decision=made, deal_id=pk, price=price, stage_id=stage, manager_id=manager,
                        planned=has_task, expected=expected.get(pk),
                    )
                    for pk, price, stage, manager, has_task in rows
                ],
                batch_size=1000,
            )  # fmt: skip
    decided: Decision = made
    return decided


def check_wish(wish: Wish, now: datetime) -> None:
    today = local_day(now)
    if wish.due_on < today:
        raise Impossible(_("This day is over: choose today or a later one."))
    if (wish.due_on - today).days > LONGEST:
        raise Impossible(_("A term may be a year long at most."))
    if not wish.owner.is_active or wish.owner.has_left:
        raise Impossible(_("%(name)s does not work here any more.") % {"name": wish.owner})


def take_decision(
    decision: Decision, user: Employee, now: datetime, owner: Employee | None = None, due: date | None = None,
    text: str = "",
) -> Decision:  # fmt: skip
    """Take a proposed one, with its own owner and term unless others are given. Raises Impossible."""
    with transaction.atomic():
        row: Decision = Decision.objects.select_for_update().get(pk=decision.pk)
        if row.state == Decision.State.TAKEN:
            return row
        if row.state != Decision.State.PROPOSED:
            raise Impossible(_("This decision is over already."))
        row.owner = owner or row.owner or user
        row.due_on = max(due or row.due_on or local_day(now), local_day(now))
        check_wish(Wish("", row.owner, row.due_on), now)
        row.state, row.taken_by, row.taken_at = Decision.State.TAKEN, user, now
        row.text = text or row.text
        row.save()
    return row


def put_off(decision: Decision, due: date, now: datetime) -> Decision:
    """Another term, counted. Raises Impossible."""
    with transaction.atomic():
        row: Decision = Decision.objects.select_for_update().get(pk=decision.pk)
        if row.state != Decision.State.TAKEN or row.owner is None:
            raise Impossible(_("Only what is under way has a term."))
        check_wish(Wish("", row.owner, due), now)
        if due != row.due_on:
            row.due_on, row.moves = due, row.moves + 1
            row.save(update_fields=["due_on", "moves"])
    return row


def end_decision(
    decision: Decision, user: Employee, now: datetime, *, done: bool, outcome: str = ""
) -> Decision:
    """Done, or dropped. The same again changes nothing. Raises Impossible."""
    wanted = Decision.State.DONE if done else Decision.State.DROPPED
    with transaction.atomic():
        row: Decision = Decision.objects.select_for_update().get(pk=decision.pk)
        if row.state == wanted:
            return row
        if row.state in (Decision.State.DONE, Decision.State.DROPPED):
            raise Impossible(_("This decision is over already."))
        if done and row.state != Decision.State.TAKEN:
            raise Impossible(_("Nobody has taken this decision yet."))
        row.state, row.ended_by, row.ended_at, row.outcome = wanted, user, now, outcome
        row.save()
    return row


def untake(decision: Decision, now: datetime) -> Decision:
    """A taken proposal is a proposal again; what was made of a list is dropped. Raises Impossible when it is over."""
    with transaction.atomic():
        row: Decision = Decision.objects.select_for_update().get(pk=decision.pk)
        if row.state == Decision.State.PROPOSED:
            return row
        if row.state != Decision.State.TAKEN:
            raise Impossible(_("This decision is over already."))
        row.state = Decision.State.PROPOSED if row.kind != OF_LIST else Decision.State.DROPPED
        row.taken_by = row.taken_at = None
        row.ended_at = now if row.kind == OF_LIST else None
        row.save()
    return row


def hide_until(key: str, until: date, reason: str, user: Employee, now: datetime) -> None:
    """It is not proposed until a day: to nobody, or, where a head says so, not to him. Raises Impossible."""
    today = local_day(now)
    if not today < until or (until - today).days > LONGEST:
        raise Impossible(_("Choose a day after today and within a year."))
    if not reason.strip():
        raise Impossible(_("Say why, so that others know."))
    Hidden.objects.update_or_create(
        key=key,
        head=None if user.sees is None else user,
        defaults={"until": until, "reason": reason.strip()[:300], "hidden_by": user, "hidden_at": now},
    )


def show_again(hidden: int, user: Employee, now: datetime) -> bool:
    """It is proposed from today on, by whoever may hide it so; False where nothing is hidden. The row stays."""
    today = local_day(now)
    rows = Hidden.objects.filter(pk=hidden, head=None if user.sees is None else user, until__gt=today)
    return bool(rows.update(until=today))


class Staff:
    """Who works here and whose people are whose, read once: three queries whatever is asked."""

    def __init__(self, day: date) -> None:
        everybody = list(Employee.objects.order_by("pk"))
        self.here = {one.pk: one for one in everybody if one.is_active and not one.has_left}
        self._of_person = {one.person_id: one.pk for one in everybody if one.person_id is not None}
        self._heads = dict(HeadAssignment.objects.on(day).values_list("employee", "head"))

    def find_owner(self, proposal: Proposal) -> Employee | None:
        """Whose deed it is: the holder's where one holds most of it, else the head of most of it, else a director."""
        doer = self.here.get(self._of_person.get(proposal.doer or 0) or 0)
        if doer is not None:
            return doer
        for person, _n in proposal.holders:
            if head := self.here.get(self._heads.get(self._of_person.get(person or 0) or 0) or 0):
                return head
        for role in (Role.HEAD, Role.DIRECTOR):
            if found := next((one for one in self.here.values() if one.role == role), None):
                return found
        return None


def key_of(*parts: object) -> str:
    """A key that fits, of whatever tells a decision from all others."""
    text = ":".join(str(part) for part in parts)
    return text if len(text) <= 120 else hashlib.sha256(text.encode()).hexdigest()


def of_report(report: Report) -> Iterable[Decision]:
    return report.decisions.select_related("owner").order_by("place")


def overdue(day: date) -> Any:
    """Under way, and the term is over on this day."""
    return Decision.objects.running().filter(due_on__lt=day).order_by(F("due_on").asc(), "pk")
