"""Judgement of people, contacts and stages: apart from deals, since one of them hangs on many.

Who works on a deal is not judged with it. The transaction that judges the deal demands him (`demand`), and he is judged
once for all that happened meanwhile (`jobs.judgement_queue`), by no more of his life than the change can reach.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from core import locks, moment
from core.db import Statement, run_statements
from pipelines.models import Deal, Person, Stage
from qc import kept_findings
from qc.criteria import STAMP, Bench, bench
from qc.rules import CONTACT, PERSON, RULES, STAGE, Rule, codes_of
from qc.rules.bursts import begin_apart
from qc.verdicts import Said, hear_rule
from timeline import subject_loading
from timeline.subject_loading import ALWAYS
from timeline.subjects import PersonLife
from timeline.timeline import Piece

BATCH = 1_000
# How far before a change a person's life is read, in windows of the widest rule: mostly enough; else further, then all.
FURTHER = (4, 40)
LIVES: Mapping[str, Callable[[Any, Collection[str], Collection[str]], Iterator[Any]]] = {
    PERSON: subject_loading.people,
    CONTACT: subject_loading.contacts,
    STAGE: subject_loading.stages,
}

LOCK_SUBJECTS = """
    select pg_advisory_xact_lock(hashtextextended(%(unit)s || id, 0))
    from (select unnest(%(subjects)s::text[]) as id order by id) subject
"""
CONTACTS = """
    select contact_id as id, null::timestamptz as since
    from pipelines_deal where id = any(%(deals)s) and contact_id is not null
"""
# Who has had them, who has moved them, who has set or moved their tasks; and since when anything of that can have been.
# Of stays that are still to be written it is told who had which deal: ``holders``, and the deals ``held`` by each.
PEOPLE = """
    select p.id, began.since from pipelines_person p join (
        select manager_id as id, deal_id from pipelines_stay where deal_id = any(%(deals)s)
        union select author_id, entity_id from pipelines_event
        where entity = 'deal' and entity_id = any(%(deals)s) and kind = 'stage'
        union select t.created_by, t.deal_id from pipelines_task t where t.deal_id = any(%(deals)s)
        union select e.author_id, t.deal_id from pipelines_task t join pipelines_event e on e.entity_id = t.id
        where t.deal_id = any(%(deals)s) and e.entity = 'task' and e.kind = 'deadline'
        union select held.person, held.deal from unnest(%(holders)s::bigint[], %(held)s::bigint[]) held (person, deal)
    ) involved using (id) join (
        select d.id as deal_id, least(
            d.created_at,
            (select min(entered_at) from pipelines_stay where deal_id = d.id),
            (select min(created_at) from pipelines_task where deal_id = d.id),
            (select min(at) from pipelines_event where entity = 'deal' and entity_id = d.id)
        ) as since from pipelines_deal d where d.id = any(%(deals)s)
    ) began using (deal_id)
"""
NOTHING_TO_WRITE: dict[str, list[int]] = {"holders": [], "held": []}
INVOLVED = {CONTACT: CONTACTS, PERSON: PEOPLE}
DEMAND = f"""
    insert into pipelines_judgementrequest (unit, subject_id, since, asked_at)
    select unit, id, min(since), %(now)s from (
        select '{CONTACT}' as unit, id, since from ({CONTACTS}) contact where '{CONTACT}' = any(%(units)s)
        union all
        select '{PERSON}', id, since from ({PEOPLE}) person where '{PERSON}' = any(%(units)s)
    ) involved group by unit, id
"""


def demand(deals: Collection[int], stays: Mapping[int, Iterable[Piece]], known: Bench) -> Iterator[Statement]:
    """The statement that asks for the contacts of these deals and the people who work on them, where rules that were
    ever on look at those: who had the deals by the stays that stand, and by the ``stays`` that are to be written."""
    units = [unit for unit in INVOLVED if any(RULES[code].unit == unit for code in known.steps)]
    if not units:
        return
    had = {
        (piece.owner, deal) for deal, pieces in stays.items() for piece in pieces if piece.owner is not None
    }
    holders = {"holders": [person for person, _ in had], "held": [deal for _, deal in had]}
    yield DEMAND, {"deals": list(deals), "units": units, "now": locks.lease_now(), **holders}


def judge_involved(deals: Collection[int], rules: Collection[str] | None) -> Counter[tuple[str, str]]:
    """The same contacts and people at once, by these rules."""
    counts: Counter[tuple[str, str]] = Counter()
    ever_on = bench().steps
    for unit, involved in INVOLVED.items():
        codes = [code for code in codes_of(unit, rules) if code in ever_on]
        if codes:
            [rows] = run_statements((involved, {"deals": list(deals), **NOTHING_TO_WRITE}))
            counts += judge_subjects(unit, {one for one, _since in rows}, codes)
    return counts


def judge_subjects(
    unit: str, ids: Iterable[int | str], rules: Collection[str] | None = None, since: datetime | None = None
) -> Counter[tuple[str, str]]:
    """Judge people, contacts or stages (a ``unit`` other than the deal) by the rules that look at them; as
    `engine.judge` does deals. ``since``: nothing before it has changed."""
    codes = codes_of(unit, rules)
    subjects = sorted(set(ids), key=str)
    counts: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(subjects), BATCH) if codes else ():
        with transaction.atomic():
            counts += _judge(unit, subjects[start : start + BATCH], codes, since)
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
        codes = [code for code in codes_of(unit, rules) if code in ever_on]
        if codes:
            counts += judge_subjects(unit, ids, codes)
    return counts


def _judge(
    unit: str, ids: list[int | str], codes: list[str], since: datetime | None
) -> Counter[tuple[str, str]]:
    now, names = moment.now(), {"unit": unit, "subjects": [str(one) for one in ids]}
    _, known, [stamp] = run_statements(
        (LOCK_SUBJECTS, names), (kept_findings.OF_SUBJECTS, {**names, "rules": codes}), (STAMP, {})
    )
    terms, said = bench(stamp), Said({}, {}, set())
    active = {code: RULES[code] for code in codes if code in terms.steps}
    begins: dict[str, datetime] = {}  # by rule, the moment before which nothing is said anew
    if unit == PERSON and since is not None and len(ids) == 1 and active:
        lives: Iterable[Any] = [_read_since(int(ids[0]), active, terms, since, begins)]
    else:
        wanted = {name for rule in active.values() for name in rule.reads}
        lives = LIVES[unit](ids, wanted, _limited(active, terms)) if active else ()
    for life in lives:
        for code, rule in active.items():
            hear_rule(rule, terms.steps[code], life, str(life.id), terms.terms, said)
    found = {key: verdict for key, verdict in said.found.items() if key.since >= begins.get(key.rule, ALWAYS)}
    known = [row for row in known if row[4] >= begins.get(row[1], ALWAYS)]
    difference = kept_findings.compare(known, found, said.failed, now)
    if statement := difference.statement(now):
        run_statements(statement)
    return difference.counts


def _limited(active: Mapping[str, Rule], terms: Bench) -> set[str]:
    """Stages whose norms any of these rules goes by."""
    norms = [rule.norm for rule in active.values() if rule.by_stages and rule.norm is not None]
    return {stage for norm in norms for stage in terms.terms.stages_of(norm)}


def _read_since(
    person: int, active: Mapping[str, Rule], terms: Bench, since: datetime, begins: dict[str, datetime]
) -> PersonLife:
    """A person's life from before a moment on, by so much that every rule says of the rest what it says of the whole.

    ``begins`` is filled with where that rest begins, by rule; a rule without windows looks at a whole life.
    """
    wanted = {name for rule in active.values() for name in rule.reads}
    windows = {code: _widest(rule, terms) for code, rule in active.items() if hasattr(rule.norm, "window")}
    widest = max(windows.values(), default=timedelta())
    for times in (*FURTHER, None):
        lower = ALWAYS if times is None else since - times * widest
        [life] = subject_loading.people([person], wanted, _limited(active, terms), lower)
        found = {}
        for code, window in windows.items():
            deeds = [deed.at for name in active[code].reads for deed in getattr(life, name)]
            found[code] = begin_apart(deeds, since, lower, window)
        if times is None or None not in found.values():
            break
    begins.update({code: begin or ALWAYS for code, begin in found.items()})
    return life


def _widest(rule: Rule, terms: Bench) -> timedelta:
    """The widest window of a rule's norm that ever was."""
    norms = (
        []
        if rule.norm is None
        else [one.norms.get(rule.norm) for one in terms.terms.norms.get(rule.code, ())]
    )
    windows = [getattr(norm, "window", None) for norm in norms]
    return max((window for window in windows if window is not None), default=timedelta())
