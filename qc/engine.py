"""Judgement: timelines in, findings out. Judged twice, nothing changes; a newer judgement corrects an older one."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from core import locks, moment
from core.db import Statement, run_statements
from pipelines.models import Deal, Person, Stage
from qc import deal_states, kept_checks, kept_findings
from qc.criteria import STAMP, Bench, bench, kept_reads
from qc.rules import CONTACT, DEAL, PERSON, RULES, STAGE
from qc.verdicts import Said, hear_rule, judge_timelines
from timeline import subject_loading
from timeline.loading import build, reading

LIVES: Mapping[str, Callable[[Any, Collection[str], Collection[str]], Iterator[Any]]] = {
    PERSON: subject_loading.people,
    CONTACT: subject_loading.contacts,
    STAGE: subject_loading.stages,
}
BATCH = 1_000  # deals judged in one transaction, each under its own lock

REQUESTS = """
    select id, deal_id from pipelines_judgementrequest where deal_id = any(%(deals)s::bigint[]) for update skip locked
"""
ANSWER = "delete from pipelines_judgementrequest where id = any(%(requests)s)"
LOCK_SUBJECTS = """
    select pg_advisory_xact_lock(hashtextextended(%(unit)s || id, 0))
    from (select unnest(%(subjects)s::text[]) as id order by id) subject
"""


INVOLVED_CONTACTS = """
    select distinct contact_id from pipelines_deal where id = any(%(deals)s) and contact_id is not null
"""
# Who has had them, who has moved them, who has set or moved their tasks.
INVOLVED_PEOPLE = """
    select p.id from pipelines_person p join (
        select manager_id as id from pipelines_stay where deal_id = any(%(deals)s)
        union select author_id from pipelines_event
        where entity = 'deal' and entity_id = any(%(deals)s) and kind = 'stage'
        union select t.created_by from pipelines_task t where t.deal_id = any(%(deals)s)
        union select e.author_id from pipelines_task t join pipelines_event e on e.entity_id = t.id
        where t.deal_id = any(%(deals)s) and e.entity = 'task' and e.kind = 'deadline'
    ) involved using (id)
"""


def judge(
    deal_ids: Iterable[int] | None = None, rules: Collection[str] | None = None, *, around: bool = True
) -> Counter[tuple[str, str]]:
    """Judge these deals (None = all) by these rules (None = all), by what is kept of their history.

    With them (but for ``around``) their contacts and whoever closed them, where rules that are on look at those; with
    all deals all people, contacts and stages. Writes what differs.

    Returns counts by (rule, outcome): new, changed, withdrawn (had opened), dropped (withdrawn before it opened),
    standing, failed. A rule that raises says nothing about that deal: its findings stay as they are. A rule that is off
    finds nothing from then on. Raises ValueError for a code that is not in the catalogue.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for deals in _batches(deal_ids):
        counts += judge_together(deals, rules, around=around and deal_ids is not None).counts
    return counts + (judge_every_subject(rules) if deal_ids is None else Counter())


class Judged(NamedTuple):
    """How many deals were judged together, and counts by (rule, outcome)."""

    deals: int
    counts: Counter[tuple[str, str]]


def judge_together(
    deals: Sequence[int],
    rules: Collection[str] | None = None,
    *,
    history: bool = False,
    requests: Collection[int] | None = (),
    around: bool = True,
) -> Judged:
    """Judge at most BATCH deals in one transaction: one trip reads everything, one writes what differs, one commits.

    With ``history`` their lives are folded from the events in the same transaction. It answers these ``requests`` of
    the queue, and with ``history`` all others about single ones of the deals. None: nothing is done where nobody asks,
    or another worker has all that is asked in hand. ``around``: with their contacts and the people who closed them; a
    part of a larger judgement leaves those to its end, since a person is judged by all that he has ever closed.
    """
    codes = _codes(DEAL, rules)
    now = moment.now()
    with transaction.atomic(savepoint=False):  # whoever has begun one already rolls it back himself
        # The lock comes before every other read: whoever judges last has seen the newest history. Then the requests:
        # what was changed together with one of them is seen by what is read after it.
        first: tuple[Statement, ...] = (
            locks.of_deals(deals),
            (REQUESTS, {"deals": deals if history else []}),
            (kept_findings.EXISTING, {"deals": deals, "rules": codes}),
            (kept_checks.KNOWN, {"deals": deals}),
            (STAMP, {}),
        )
        reads = kept_reads()
        while True:
            _, asked, known, kept, [stamp], *answers = run_statements(
                *first,
                *reading(deals, reads.fields, history=history, touches=reads.touches, moves=reads.moves),
                prepare=True,
            )
            terms = bench(stamp)
            if reads.covers(terms.reads):
                break
            reads = terms.reads
        if requests is None and not asked:
            return Judged(0, Counter())
        loaded = build(answers, history=history)
        said = judge_timelines(loaded.timelines, codes, terms)
        difference = kept_findings.compare(known, said.found, said.failed, now)
        checks = kept_checks.compare(kept, _whole_checks(said, deals, codes))
        states = deal_states.compare(loaded, said, codes, now)
        done = {request for request, _ in asked}.union(requests or ())
        run_statements(
            *deal_states.writing(loaded, states),
            *_writing(difference, checks, done, now),
            prepare=True,
        )
        counts = difference.counts + (judge_around(deals, rules, terms) if around else Counter())
    return Judged(len(deals), counts)


def judge_around(
    deal_ids: Collection[int], rules: Collection[str] | None, known: Bench
) -> Counter[tuple[str, str]]:
    """Contacts of these deals, and the people who work on them, by the rules that were ever on."""
    counts: Counter[tuple[str, str]] = Counter()
    ever_on = known.steps
    for unit, involved in ((CONTACT, INVOLVED_CONTACTS), (PERSON, INVOLVED_PEOPLE)):
        codes = [code for code in _codes(unit, rules) if code in ever_on]
        if codes:
            [rows] = run_statements((involved, {"deals": list(deal_ids)}))
            counts += judge_subjects(unit, [one for (one,) in rows], codes)
    return counts


def judge_subjects(
    unit: str, ids: Iterable[int | str], rules: Collection[str] | None = None
) -> Counter[tuple[str, str]]:
    """The same for people, contacts or stages (a ``unit`` other than the deal) by the rules that look at them."""
    codes = _codes(unit, rules)
    subjects = sorted(set(ids), key=str)
    counts: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(subjects), BATCH) if codes else ():
        with transaction.atomic():
            counts += _judge_subjects(unit, subjects[start : start + BATCH], codes)
    return counts


def judge_every_subject(rules: Collection[str] | None = None) -> Counter[tuple[str, str]]:
    """All people, contacts with deals and stages, where a rule that was ever on looks at them."""
    counts: Counter[tuple[str, str]] = Counter()
    contacts = Deal.objects.exclude(contact=None).order_by("contact").values_list("contact", flat=True)
    everything: dict[str, Iterable[int | str]] = {
        PERSON: Person.objects.values_list("id", flat=True),
        CONTACT: contacts.distinct(),
        STAGE: Stage.objects.values_list("id", flat=True),
    }
    ever_on = bench().steps
    for unit, ids in everything.items():
        codes = [code for code in _codes(unit, rules) if code in ever_on]
        if codes:
            counts += judge_subjects(unit, ids, codes)
    return counts


def _codes(unit: str, rules: Collection[str] | None) -> list[str]:
    if unknown := [code for code in rules or () if code not in RULES]:
        raise ValueError(f"There is no rule {unknown[0]}.")
    return [code for code, rule in RULES.items() if rule.unit == unit and (rules is None or code in rules)]


def _judge_subjects(unit: str, ids: list[int | str], codes: list[str]) -> Counter[tuple[str, str]]:
    now, names = moment.now(), {"unit": unit, "subjects": [str(one) for one in ids]}
    _, known, [stamp] = run_statements(
        (LOCK_SUBJECTS, names), (kept_findings.OF_SUBJECTS, {**names, "rules": codes}), (STAMP, {})
    )
    terms, said = bench(stamp), Said({}, {}, set())
    active = [(RULES[code], terms.steps[code]) for code in codes if code in terms.steps]
    wanted = {name for rule, _ in active for name in rule.reads}
    limited = [rule.norm for rule, _ in active if rule.by_stages and rule.norm is not None]
    stages = {stage for norm in limited for stage in terms.terms.stages_of(norm)}
    for life in LIVES[unit](ids, wanted, stages) if active else ():
        for rule, reach in active:
            hear_rule(rule, reach, life, str(life.id), terms.terms, said)
    difference = kept_findings.compare(known, said.found, said.failed, now)
    if statement := difference.statement(now):
        run_statements(statement)
    return difference.counts


def _batches(deal_ids: Iterable[int] | None) -> Iterator[list[int]]:
    if deal_ids is not None:
        ids = sorted(set(deal_ids))
        yield from (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
        return
    last = -(2**63)
    while ids := list(Deal.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _whole_checks(
    said: Said, deals: Sequence[int], codes: Collection[str]
) -> dict[kept_checks.Key, kept_checks.Row]:
    """The checks to be kept: those of rules that were not asked, or failed, stay as they stand."""
    unasked = {(code, deal) for code in _codes(DEAL, None) if code not in codes for deal in deals}
    unasked |= {(code, int(subject)) for code, subject in said.failed}
    if not unasked:
        return said.checks
    [whole] = run_statements((kept_checks.WHOLE, {"deals": deals}))
    return kept_checks.merge(said.checks, whole, unasked)


def _writing(
    difference: kept_findings.Difference,
    checks: kept_checks.Difference,
    requests: Collection[int],
    now: datetime,
) -> Iterator[Statement]:
    if statement := difference.statement(now):
        yield statement
    if checks:
        yield kept_checks.WRITE, checks.parameters()
    if requests:
        yield ANSWER, {"requests": list(requests)}
