"""The department's weeks: what was created, won and lost, what was in work, and the findings that opened and closed."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.beside import ask_beside
from metrics.analytics.calendar import Cut
from metrics.analytics.columns import Ints
from metrics.analytics.flow import behind as behind_flow
from metrics.analytics.flow import cut_from, find_flow, read_cut, read_moves
from metrics.analytics.report import Answer, Cell, Report, register
from metrics.analytics.terms import EPOCH, Terms
from metrics.analytics.words import WHOLE
from qc.models import SHOWN

# Both weeks of a finding at once, so that millions of them are looked through once.
FINDINGS = """
    select width_bucket(opens_at, %(edges)s::timestamptz[]), width_bucket(closes_at, %(edges)s::timestamptz[]), rule,
           count(*)
    from qc_finding f
    where withdrawn_at is null and mode = any(%(shown)s) and opens_at < %(end)s
      and (opens_at >= %(start)s or (closes_at >= %(start)s and closes_at < %(end)s))
      and (%(people)s::bigint[] is null or manager_id = any(%(people)s))
      and (%(pipeline)s::text is null or stage_id like %(pipeline)s)
    group by 1, 2, 3 order by 3"""


def count_findings(
    cut: Cut, people: Iterable[int] | None, pipeline: int | None
) -> list[dict[str, dict[str, int]]]:
    """Of each period: {"opened": {rule: n}, "closed": {rule: n}}; shadow rules are not shown. One statement."""
    found: list[dict[str, dict[str, int]]] = [{"opened": {}, "closed": {}} for _ in cut.labels]
    edges = [EPOCH + timedelta(microseconds=int(edge)) for edge in cut.edges]
    values: dict[str, Any] = {
        "shown": list(SHOWN),
        "people": None if people is None else sorted(people),
        "pipeline": None if pipeline is None else f"{pipeline}:%",
        "start": edges[0],
        "end": edges[-1],
        "edges": edges,
    }
    with connection.cursor() as cursor:
        cursor.execute(FINDINGS, values)
        for opened, closed, rule, n in cursor.fetchall():
            for name, week in (("opened", opened), ("closed", closed)):
                if week is not None and 1 <= week <= len(found):
                    told = found[week - 1][name]
                    told[rule] = told.get(rule, 0) + n
    return found


def answer(terms: Terms) -> Answer:
    if terms.start is None:  # the weeks begin with the first move
        log, moves = read_moves(terms)
        cut = read_cut(log, moves, terms, "week")
        findings = ask_beside(partial(count_findings, cut, terms.people, terms.pipeline))
    else:
        cut = cut_from(terms.start, terms, "week")
        findings = ask_beside(partial(count_findings, cut, terms.people, terms.pipeline))
        log, moves = read_moves(terms)
    flow = find_flow(log, moves, cut)
    rows = []
    for row, judged in zip(flow, findings(), strict=True):
        rows.append(
            {"week": row["period"], "n": row["start"] + row["created"] + row["reopened"]}
            | {name: row[name] for name in ("created", "reopened", "won", "lost", "left")}
            | {"in_work_at_start": row["start"], "in_work_at_end": row["end"]}
            | {
                "findings_opened": sum(judged["opened"].values()),
                "findings_closed": sum(judged["closed"].values()),
                "opened_by_rule": judged["opened"],
                "closed_by_rule": judged["closed"],
            }
        )
    return {"rows": rows}


def behind(terms: Terms, cell: Cell) -> Ints:
    return behind_flow(
        Terms(
            terms.now, terms.zone, terms.period, terms.people, terms.pipeline, {**terms.options, "by": "week"}
        ),
        {"period": cell.get("week", ""), "what": cell.get("what", "")},
    )


register(
    Report(
        code="weekly",
        title=_("Week by week"),
        icon="calendar-range",
        about=_(
            "What came and went in each week, what was in work when it began, and findings by their rule."
        ),
        chooses=WHOLE,
        answer=answer,
        behind=behind,
    )
)
