"""Whose an amoCRM user is, and when: the main one of an employee, others of his, and those that were handed over."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from core.db import run_statements

# person_id, employee_id, since, until: half-open days, null = open to that side; for statements that need them beside
# other rows. A main amoCRM user is its employee's until a dated row says otherwise.
HOLDERS = """
    select person_id, employee_id, since, until
    from (select person_id, employee_id, since,
                 lead(since) over (partition by person_id order by since nulls first) as until
          from team_amouser) said
    where employee_id is not null
    union all
    select e.person_id, e.id, null::date, first.since
    from team_employee e
    left join lateral (select u.since from team_amouser u where u.person_id = e.person_id
                       order by u.since nulls first limit 1) first on true
    where e.person_id is not null
      and not exists (select from team_amouser u where u.person_id = e.person_id and u.since is null)
"""

OF_PEOPLE = f"""
    select h.person_id, h.employee_id, h.since, h.until, e.hired_on, e.left_on, e.person_id as main
    from ({HOLDERS}) h join team_employee e on e.id = h.employee_id
    where %(people)s::bigint[] is null or h.person_id = any(%(people)s)
    order by h.person_id, h.since nulls first
"""


def visible(employee: str, reports: str, day: str) -> str:
    """The statement of `visible_people`; its parts are expressions of SQL, ``day`` comes three times."""
    return f"""
        select h.person_id from ({HOLDERS}) h
        where (h.since is null or h.since <= {day}) and (h.until is null or h.until > {day})
          and (h.employee_id = {employee}
               or {reports} and {employee} = (
                   select a.head_id from team_headassignment a
                   where a.employee_id = h.employee_id and (a.since is null or a.since <= {day})
                   order by a.since desc nulls last limit 1))
    """


# amoCRM users who no longer work here on the day (which comes twice): see `team.schedules.departures`, which says when.
# Of several holders the last one decides; a day has to be over for somebody to have left.
LEAVERS = f"""
    select p.id from pipelines_person p
    left join lateral (
        select h.since, least(e.left_on + 1, h.until) as ends
        from ({HOLDERS}) h join team_employee e on e.id = h.employee_id
        where h.person_id = p.id order by h.since desc nulls last limit 1) held on true
    where (p.deleted_at is not null and p.deleted_at <= %s)
       or (held.ends is not null and greatest(held.ends, held.since) <= %s)
       or (held.ends is null and p.deleted_at is null and not p.is_active)
"""

VISIBLE = visible("%(employee)s", "%(reports)s", "%(day)s")


class Holder(NamedTuple):
    """An amoCRM user is this employee's from ``since`` up to, not including, ``until``; None is open.

    ``main`` is the amoCRM user under whose id the employee's months are kept; None: he has no main one.
    """

    person: int
    employee: int
    since: date | None
    until: date | None
    hired_on: date | None
    left_on: date | None
    main: int | None


def holders(people: Iterable[int] | None = None) -> list[Holder]:
    """Of these amoCRM users (None = of all), ascending by user and day. A user may have none at times."""
    asked = None if people is None else list(people)
    [rows] = run_statements((OF_PEOPLE, {"people": asked}))
    return [Holder(*row) for row in rows]


def find_leavers(now: datetime, day: date) -> frozenset[int]:
    """The amoCRM users who no longer work here at a moment, which lies in this day of the portal's zone."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVERS, [now, day])
        return frozenset(person for (person,) in cursor.fetchall())


def visible_people(employee: int | None, day: date, *, reports: bool) -> frozenset[int]:
    """The amoCRM users that are this employee's on the day; with ``reports`` also those of whom he is head then."""
    [rows] = run_statements((VISIBLE, {"employee": employee, "day": day, "reports": reports}))
    return frozenset(person for (person,) in rows)
