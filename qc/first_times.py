"""The first time costs no money: so many first cases of a person by a rule in a month are held against him only from
the month's end on. Which they are follows from all that stands, so it is asked when it is read, and kept nowhere.

A case that is broken in a moment and asked for once (`qc.rules.Check.once`) is then forgiven for good.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from core import locks, moment
from core.db import Statement, run_statements
from core.locks import Lock
from core.periods import month_of
from core.zone import portal_zone
from qc.models import NEVER, Finding, FirstTimeGrace, RuleMode
from team.models import Employee

MOST = 10  # cases
MONEY = RuleMode.Mode.MONEY.value
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
# Ranked are those that cost money at all. Nothing is looked at where no grace was ever given.
FREE = """
    select id, until, closes_at from (
        select f.id, f.opens_at, f.closes_at,
               (date_trunc('month', f.opens_at at time zone %(zone)s) + interval '1 month')
                   at time zone %(zone)s as until,
               row_number() over (
                   partition by f.manager_id, f.rule, date_trunc('month', f.opens_at at time zone %(zone)s)
                   order by f.opens_at, f.id) as place
        from qc_finding f
        where f.withdrawn_at is null and f.mode = 'money' and f.rule is distinct from %(but)s::text
          and f.manager_id is not null and f.opens_at < %(until)s
          and exists (select from qc_firsttimegrace where cases > 0)
          and f.opens_at >= date_trunc('month', greatest(%(since)s, (
                  select min(g.since) from qc_firsttimegrace g where g.cases > 0
              )) at time zone %(zone)s) at time zone %(zone)s {of}
    ) ranked
    where place <= (
        select g.cases from qc_firsttimegrace g where g.since <= ranked.opens_at order by g.since desc limit 1)
"""
NAMED = re.compile(r"%\((\w+)\)s")


class Case(Protocol):
    """What of a finding its grace depends on."""

    @property
    def pk(self) -> int: ...
    @property
    def mode(self) -> str: ...
    @property
    def manager_id(self) -> int | None: ...
    @property
    def opens_at(self) -> datetime: ...


def free_cases(
    since: datetime = EARLIEST,
    until: datetime = NEVER,
    people: Collection[int] | None = None,
    but: str | None = None,
) -> Statement:
    """The statement of the findings that opened in the months from that of ``since`` on, before ``until``, and are (or
    were) free of money: id, until when, and when they close. ``people`` None: of everybody; ``but``: a rule of which
    nothing is."""
    values: dict[str, Any] = {"zone": portal_zone().key, "since": since, "until": until, "but": but}
    if people is None:
        return FREE.format(of=""), values
    return FREE.format(of="and f.manager_id = any(%(people)s)"), {**values, "people": list(people)}


def rank_free(
    cases: Iterable[tuple[int, int | None, datetime]], graces: Sequence[tuple[datetime, int]], zone: ZoneInfo
) -> dict[int, datetime]:
    """The same of cases of one rule that nobody has kept: (key, person, when it opens); ``graces``: since when so many,
    ascending. Pure."""
    seen: Counter[tuple[int, date]] = Counter()
    free: dict[int, datetime] = {}
    for key, person, opens_at in sorted(cases, key=lambda case: (case[2], case[0])):
        if person is None:
            continue
        month = month_of(opens_at, zone)
        seen[person, month.first] += 1
        if seen[person, month.first] <= next((n for since, n in reversed(graces) if since <= opens_at), 0):
            free[key] = month.end
    return free


def read_graces() -> list[tuple[datetime, int]]:
    """Since when how many first cases are free, ascending. One query."""
    return list(FirstTimeGrace.objects.order_by("since").values_list("since", "cases"))


def note_free(findings: Iterable[Finding]) -> None:
    """Put ``free_until`` on those that lack it: until when each is free of money, or None. One query at most."""
    lacking = [one for one in findings if not hasattr(one, "free_until")]
    free = find_free(lacking)
    for one in lacking:
        one.free_until = free.get(one.pk)


def find_noted(cases: Iterable[Case]) -> dict[int, datetime]:
    """`find_free`, which asks nothing of findings that have been noted."""
    told = list(cases)
    lacking = find_free([one for one in told if not hasattr(one, "free_until")])
    return lacking | {
        one.pk: until for one in told if (until := getattr(one, "free_until", None)) is not None
    }


def find_free(cases: Iterable[Case]) -> dict[int, datetime]:
    """Until when each of these is free of money, by its key; those that never were are left out. One query at most."""
    asked = [one for one in cases if one.mode == MONEY and one.manager_id is not None]
    if not asked:
        return {}
    moments, people = [one.opens_at for one in asked], {one.manager_id for one in asked if one.manager_id}
    # The last of them is within its own rank.
    sql, values = free_cases(min(moments), NEVER, people)
    keys = {"keys": [one.pk for one in asked]}
    [rows] = run_statements(
        (f"select id, until from ({sql}) free where id = any(%(keys)s)", {**values, **keys})
    )
    return dict(rows)


def is_free(at: datetime, since: datetime = EARLIEST, people: Collection[int] | None = None) -> Q:
    """Findings that cost nothing up to a moment, and never will if they close within their month."""
    sql, values = free_cases(since, NEVER, people)
    standing = f"select id from ({sql}) free where until >= %(at)s or closes_at <= until"
    return Q(pk__in=_raw(standing, {**values, "at": at}))


def _raw(sql: str, values: Mapping[str, Any]) -> RawSQL:
    """A statement with named parameters as Django's own have none."""
    names = NAMED.findall(sql)
    return RawSQL(NAMED.sub("%s", sql), [values[name] for name in names])  # noqa: S611 - values are parameters


def present_cases() -> int:
    """How many first cases are free now; 0: none."""
    row = FirstTimeGrace.objects.order_by("-since").first()
    return 0 if row is None else int(row.cases)


def set_cases(cases: int, author: Employee | None) -> bool:
    """Let so many first cases (0: none) of what opens from now on be free; False where nothing differs.

    Nothing has to be judged again. Raises ValueError with one sentence.
    """
    if not 0 <= cases <= MOST:
        raise ValueError(_("How many first cases are free is a number from 0 to %(most)s.") % {"most": MOST})
    with transaction.atomic():
        locks.hold(Lock.TABLE, FirstTimeGrace._meta.db_table)
        if present_cases() == cases:
            return False
        FirstTimeGrace.objects.update_or_create(
            since=moment.now(), defaults={"cases": cases, "author": author}
        )
    return True
