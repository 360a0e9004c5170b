"""Facts become notices, their chains become steps, and steps that are due become deliveries. Nothing is sent here.

Every part may run at any moment, twice, and beside another worker: keys are unique, and steps are claimed by row locks
in the transaction that climbs them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core.db import run_statements
from notices import reading
from notices.kinds import KINDS, Fact, Kind, rules_of, told_from
from notices.kinds.registry import (
    ACCEPT,
    ALERT,
    APPEAL,
    CHANNEL,
    DECISION,
    DISPUTE,
    FINDING,
    MIRROR,
    MONTH,
    REPORT,
    RULE,
    SHIFT,
    STATE,
)
from notices.models import Channel, Delivery, Notice, Step
from notices.people import People
from notices.planning import Wanted, plan_deliveries, plan_steps
from notices.policy import Allowed, read_policy
from notices.reasons import FIXED_BEFORE
from notices.silences import Silenced, read_silenced
from qc.rules import RULES
from team.clock import Clocks

ACCEPTED = timedelta(hours=4)  # of working time: so long «accepted» holds the next rung up
BATCH = 500

Source = Callable[[Kind, Allowed, People, datetime], Iterator[Any]]
SOURCES: dict[str, Source] = {
    FINDING: lambda one, allowed, people, now: reading.see_findings(
        one.code, rules_of(one, RULES), allowed.terms[one.code].ahead, allowed.started_at, now
    ),
    APPEAL: lambda one, allowed, people, now: reading.see_appeals(one.code, allowed.started_at, now),
    MONTH: lambda one, allowed, people, now: reading.see_months(one.code, allowed.started_at, now),
    RULE: lambda one, allowed, people, now: reading.see_rules(allowed.started_at, now),
    CHANNEL: lambda one, allowed, people, now: reading.see_stopped(allowed.started_at, now),
    STATE: lambda one, allowed, people, now: reading.see_states(),
    DECISION: lambda one, allowed, people, now: reading.see_decisions(allowed.started_at, now),
    ALERT: lambda one, allowed, people, now: reading.see_alerts(allowed.started_at, now),
    REPORT: lambda one, allowed, people, now: reading.see_reports(allowed.started_at, now),
    MIRROR: lambda one, allowed, people, now: reading.see_mirror(now),
    SHIFT: lambda one, allowed, people, now: reading.see_shifts(
        people.clocks, list(people.staff.values()), now
    ),
}
# What nobody reads, as somebody wishes it, has no source here.
SWIFT, SLOW = (
    (FINDING,),
    (APPEAL, MONTH, RULE, CHANNEL, STATE, DECISION, ALERT, REPORT, MIRROR, SHIFT),
)  # read at every tick, or now and then

# What is fixed: its finding stands open no more. With the same trip, what is open again.
FIXED = """
    update notices_notice n set fixed_at = %(now)s
    from qc_finding f
    where n.fixed_at is null and f.id = n.finding_id and n.kind = any(%(kinds)s) and n.at > %(since)s
      and (f.withdrawn_at is not null or f.closes_at <= %(now)s
           or (f.opens_at > %(now)s + interval '2 minutes' and n.kind <> all(%(warns)s)))
    returning n.id
"""
OPEN_AGAIN = """
    update notices_notice n set fixed_at = null
    from qc_finding f
    where n.fixed_at > %(since)s and f.id = n.finding_id and n.kind = any(%(kinds)s) and n.kind <> all(%(warns)s)
      and f.withdrawn_at is null and coalesce(f.closes_at, 'infinity') > %(now)s and f.opens_at <= %(now)s
    returning n.id
"""
WATCHED = timedelta(days=30)  # so long a message is edited when its fact is fixed


def note_facts(now: datetime, *, swift: bool = False, clocks: Clocks | None = None) -> int:
    """Note what has happened and is about to; returns how many notices are new. ``swift``: only what cannot wait."""
    allowed = read_policy()
    people = People(allowed, now, clocks)
    found = 0
    for source in SWIFT if swift else (*SWIFT, *SLOW):
        for one in told_from(source):
            if allowed.terms[one.code].on:
                facts = [
                    fact
                    for seen in SOURCES[source](one, allowed, people, now)
                    for fact in one.tell(seen, allowed.terms[one.code])
                ]
                found += keep_facts(one, facts, allowed, people, now)
    return found


def keep_facts(one: Kind, facts: Iterable[Fact], allowed: Allowed, people: People, now: datetime) -> int:
    """A notice and its steps for every fact that is new; one that nobody is to hear of is kept without steps."""
    planned = {
        fact.key: (fact, plan_steps(one, allowed.terms[one.code], fact, people.clock_of(fact), now))
        for fact in facts
    }
    if not planned:
        return 0
    with transaction.atomic():
        known = set(Notice.objects.filter(kind=one.code, key__in=planned).values_list("key", flat=True))
        rows = [_notice(one, fact, now) for key, (fact, _) in planned.items() if key not in known]
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        # Of two workers at once the second finds the rows of the first: their steps are unique as well.
        ids = dict(
            Notice.objects.filter(kind=one.code, key__in=[row.key for row in rows]).values_list("key", "pk")
        )
        steps = [
            Step(notice_id=ids[row.key], number=number, audience=audience, due_at=due_at)
            for row in rows
            for number, audience, due_at in planned[row.key][1]
        ]
        Step.objects.bulk_create(steps, ignore_conflicts=True)
    return len(rows)


def _notice(one: Kind, fact: Fact, now: datetime) -> Notice:
    return Notice(
        kind=one.code,
        key=fact.key,
        at=fact.at,
        until=fact.until,
        person_id=fact.person,
        employee_id=fact.employee,
        finding_id=fact.finding,
        deal_id=fact.deal,
        values=dict(fact.values),
        noted_at=now,
    )


def climb_steps(now: datetime, *, clocks: Clocks | None = None) -> int:
    """Turn steps that are due (or nearly so) into deliveries; returns how many steps were taken."""
    taken = 0
    while True:
        with transaction.atomic():
            steps = list(
                Step.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(done_at=None, due_at__lte=now + reading.AHEAD)
                .select_related("notice", "notice__finding")
                .order_by("due_at", "id")[:BATCH]
            )
            if not steps:
                return taken
            allowed, silenced = read_policy(), read_silenced(now)
            people = People(allowed, now, clocks)
            waiting = _still_waiting([step.notice_id for step in steps if step.number])
            rows: list[Delivery] = []
            for step in steps:
                rows += _climb(step, waiting.get(step.notice_id), allowed, silenced, people, now)
            Delivery.objects.bulk_create(rows, ignore_conflicts=True)
            Step.objects.bulk_update(steps, ["done_at", "told", "due_at"])
        taken += len(steps)


def _climb(
    step: Step,
    waits: datetime | None,
    allowed: Allowed,
    silenced: Silenced,
    people: People,
    now: datetime,
) -> list[Delivery]:
    """The deliveries of a step; none where the fact has been fixed, and later where somebody has accepted it or where
    the person's own message still ``waits``."""
    notice, one = step.notice, KINDS.get(step.notice.kind)
    step.done_at = now
    if one is None or notice.fixed_at is not None or is_over(notice, now):
        return []
    fact = fact_of(notice)
    if step.number and notice.answer == DISPUTE:
        return []  # somebody else looks at it already
    if step.number and notice.answer == ACCEPT and notice.answered_at is not None:
        until = people.clock_of(fact).after(notice.answered_at, ACCEPTED)
        if until is not None and until > now + reading.AHEAD:
            step.done_at, step.due_at = None, until
            return []
    if step.number and waits is not None:
        # Nobody above hears of it before the person himself had his time, counted from when he was told.
        rung = allowed.terms[notice.kind].rungs[min(step.number, len(allowed.terms[notice.kind].rungs) - 1)]
        later = people.clock_of(fact).after(max(waits, now), rung.after)
        if later is not None and later > step.due_at:
            step.done_at, step.due_at = None, later
            return []
    recipients = people.told_by(step.audience, fact)
    if step.number == 0:
        recipients += people.chats(notice.kind, fact)
    step.told = len(recipients)
    terms = allowed.terms[notice.kind]
    if silenced.covers(notice):
        terms = replace(terms, loud=False)
    wanted = plan_deliveries(one, terms, fact, step.due_at, recipients, now)
    return [_delivery(notice, step, want, people, now) for want in wanted]


def _still_waiting(notices: list[int]) -> dict[int, datetime]:
    """When the person's own message is due that is held back for a heap; without those that went out or never will."""
    rows = Delivery.objects.filter(
        notice__in=notices, step=0, state=Delivery.State.QUEUED, employee__isnull=False
    )
    return dict(rows.exclude(channel=Channel.PAGE).values_list("notice", "due_at"))


def _delivery(notice: Notice, step: Step, want: Wanted, people: People, now: datetime) -> Delivery:
    address = want.recipient.address
    if want.recipient.employee is not None and want.channel != Channel.PAGE:
        found = people.address_of(people.staff[want.recipient.employee], want.channel)
        address = found.pk if found is not None else None
    on_page = want.channel == Channel.PAGE
    return Delivery(
        notice=notice,
        recipient=want.recipient.key,
        employee_id=want.recipient.employee,
        address_id=address,
        channel=want.channel,
        step=step.number,
        state=Delivery.State.SENT if on_page else Delivery.State.QUEUED,
        due_at=want.due_at,
        expires_at=want.expires_at,
        created_at=now,
        sent_at=want.due_at if on_page else None,
    )


def is_over(notice: Notice, now: datetime) -> bool:
    """Whether there is nothing to tell any more, by what stands in the house at this moment."""
    if notice.until is not None and notice.until <= now:
        return True
    finding = notice.finding
    if finding is None or not KINDS[notice.kind].follows_finding:
        return False
    return finding.withdrawn_at is not None or (finding.closes_at is not None and finding.closes_at <= now)


def fact_of(notice: Notice) -> Fact:
    return Fact(
        notice.key,
        notice.at,
        notice.until,
        notice.person_id,
        notice.employee_id,
        notice.finding_id,
        notice.deal_id,
        notice.values,
    )


def follow_facts(now: datetime) -> int:
    """Mark what is fixed and what is open again: waiting messages go or come back, sent ones are to be edited."""
    following = [one for one in KINDS.values() if one.follows_finding]
    kinds = [one.code for one in following]
    warns = [one.code for one in following if one.ahead]
    values = {"now": now, "kinds": kinds, "warns": warns, "since": now - WATCHED}
    with transaction.atomic():
        fixed, again = run_statements((FIXED, values), (OPEN_AGAIN, values))
        done, back = [row[0] for row in fixed], [row[0] for row in again]
        done += _fresh_again(now)
        if done:
            _revise(done)
            Delivery.objects.filter(notice__in=done, state=Delivery.State.QUEUED).update(
                state=Delivery.State.DROPPED, reason=FIXED_BEFORE
            )
        if back:
            _revise(back)
            Delivery.objects.filter(
                notice__in=back, state=Delivery.State.DROPPED, reason=FIXED_BEFORE, expires_at__gt=now
            ).update(state=Delivery.State.QUEUED, reason="")
    return len(done) + len(back)


def _revise(notices: list[int]) -> None:
    rows = Delivery.objects.filter(
        notice__in=notices, state=Delivery.State.SENT, channel=Channel.TELEGRAM
    ).values_list("id", "lead")
    leads: dict[int, int] = defaultdict(int)
    for row, lead in rows:
        leads[lead or row] += 1
    for lead in Delivery.objects.filter(pk__in=leads).select_for_update():
        Delivery.objects.filter(pk=lead.pk).update(wanted=lead.wanted + 1)


def _fresh_again(now: datetime) -> list[int]:
    """Notices of stale data are fixed by data that are fresh."""
    rows = Notice.objects.filter(kind="mirror.stale", fixed_at=None, at__gt=now - WATCHED)
    if not rows.exists():
        return []
    if all(seen.state == "critical" for seen in reading.see_mirror(now)):
        return []
    ids = list(rows.values_list("pk", flat=True))
    Notice.objects.filter(pk__in=ids).update(fixed_at=now)
    return ids
