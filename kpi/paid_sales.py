"""What closed months count as paid, deal by deal: as they were frozen, and as corrections have settled since."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.db import run_statements

PAID = """
    with closed as (
        select id, manager_id, period,
               case when jsonb_typeof(inputs -> 'wins') = 'object' then inputs -> 'wins' else '{}' end as wins
        from kpi_statement where status = 'closed'
    ), said as (
        select s.id, s.manager_id, s.period, measure.key as measure, deal.key::bigint as deal,
               deal.value::numeric as amount, true as paid, 0 as turn
        from closed s, jsonb_each(s.wins) measure, jsonb_each_text(measure.value) deal
        where s.id = any(%(statements)s::bigint[]) or deal.key = any(%(deals)s::bigint[]::text[])
        union all
        select s.id, s.manager_id, s.period, named.measure, l.deal, l.counted,
               l.counted is not null or l.measure = '', l.turn
        from kpi_statementline l
        join closed s on s.id = l.statement_id,
             lateral (select l.measure where l.measure <> ''
                      union all select jsonb_object_keys(s.wins) where l.measure = '') named(measure)
        where l.deal is not null and (s.id = any(%(statements)s::bigint[]) or l.deal = any(%(deals)s::bigint[]))
    )
    , noted as (
        select s.manager_id, (back ->> 'paid_in')::date as period, back ->> 'measure' as measure,
               (back ->> 'deal')::bigint as deal
        from kpi_statement s,
             jsonb_each(s.inputs -> 'returns') part,
             jsonb_array_elements(part.value) back
        where s.takes_back and s.manager_id in (select manager_id from said)
          and s.period > (select min(period) from said)
    )
    select id, manager_id, period, measure, deal, amount,
           (manager_id, period, measure, deal) in (select * from noted)
    from (
        select distinct on (id, measure, deal) * from said order by id, measure, deal, turn desc
    ) last where paid order by period, id, measure, deal
"""


class PaidSale(NamedTuple):
    """``period``: the month's first day. ``amount``: None where it was not kept, by a correction of every measure.

    ``is_noted``: it came back, and a component of a later month looks after that (`kpi.returns`).
    """

    statement: int
    person: int
    period: date
    measure: str
    deal: int
    amount: Decimal | None
    is_noted: bool


def read_paid(deals: Iterable[int] = (), statements: Iterable[int] = ()) -> list[PaidSale]:
    """Of these deals in whatever month, and of these statements whatever deals they paid. One query."""
    asked = {"deals": sorted(set(deals)), "statements": sorted(set(statements))}
    if not any(asked.values()):
        return []
    [rows] = run_statements((PAID, asked))
    return [PaidSale(*row) for row in rows]
