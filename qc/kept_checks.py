"""The checks of deals as they are kept: one row for a deal and a person, written by the judgement that yields them.

What is broken is told by findings alone; a row holds what could be broken. Its moments are seconds since its ``first``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from msgspec import Struct, msgpack, structs

from qc.models import NEVER
from qc.rules import CALENDAR, CLIENT, OWNER, RULES, Check

SECOND = timedelta(seconds=1)
CLOCKS = ("", CALENDAR, OWNER, CLIENT)  # their places are written
ONCE, UNCOUNTED, UNTIMED, CLOCK = 1, 2, 4, 8  # a kept check's flags; the place of its clock stands above them

KNOWN = "select deal_id, person_id, digest from qc_dealchecks where deal_id = any(%(deals)s)"
WHOLE = "select deal_id, person_id, first, checks from qc_dealchecks where deal_id = any(%(deals)s)"
WRITE = """
    with gone as (
        delete from qc_dealchecks old
        using unnest(%(gone_deals)s::bigint[], %(gone_people)s::bigint[]) as lost(deal, person)
        where old.deal_id = lost.deal and old.person_id = lost.person
    ), written as (
        insert into qc_dealchecks (deal_id, person_id, first, until, digest, checks)
        select * from unnest(%(deals)s::bigint[], %(people)s::bigint[], %(firsts)s::timestamptz[],
                             %(untils)s::timestamptz[], %(digests)s::bigint[], %(checks)b::bytea[])
        on conflict (deal_id, person_id) do update set first = excluded.first, until = excluded.until,
                                                       digest = excluded.digest, checks = excluded.checks
        returning 1
    )
    select count(*) from written
"""

Key = tuple[int, int]  # deal, person
Seconds = int | float


class Kept(Struct, array_like=True, frozen=True, gc=False):
    """One check as it is written: ``since`` and ``until`` are the occasion's own extent, ``spans`` pairs in a row (no
    pairs: the whole extent).
    """

    flags: int
    task: int
    since: Seconds | None
    until: Seconds | None
    spans: list[Seconds | None]

    def pairs(self) -> Iterator[tuple[Seconds, Seconds | None]]:
        spans = self.spans
        if not spans:
            yield self.since or 0, self.until
        for place in range(0, len(spans), 2):
            yield spans[place] or 0, spans[place + 1]

    @property
    def clock(self) -> str:
        return CLOCKS[self.flags // CLOCK]


By = dict[str, list[Kept]]  # rule → its checks
_decoder = msgpack.Decoder(tuple[int, dict[str, list[Kept]]])


class Row(NamedTuple):
    """A row of qc_dealchecks, beside its key."""

    first: datetime
    until: datetime
    digest: int
    checks: bytes


def rows_of(deal: int, checks: Mapping[str, Iterable[Check]]) -> dict[Key, Row]:
    """What is to be kept of a deal's checks, by rule: those in which somebody was asked for something."""
    own: dict[int, dict[str, list[Check]]] = {}
    for code, found in checks.items():
        if RULES[code].occasion is None:
            continue
        for check in found:
            if (person := check.person) is not None and check.spans:
                by_rule = own.get(person)
                if by_rule is None:
                    by_rule = own[person] = {}
                if code in by_rule:
                    by_rule[code].append(check)
                else:
                    by_rule[code] = [check]
    return {(deal, person): _row(by_rule) for person, by_rule in own.items()}


def _row(by_rule: Mapping[str, list[Check]]) -> Row:
    spans = {span for checks in by_rule.values() for check in checks for span in check.spans}
    first = min(start for start, _ in spans)
    ends = [end for _, end in spans if end is not None]
    until = max(ends) + SECOND if len(ends) == len(spans) else NEVER
    told = _Since(first)
    document = {code: [_kept(check, told) for check in by_rule[code]] for code in sorted(by_rule)}
    return packed(first, until, document)


def packed(
    first: datetime, until: datetime, document: Mapping[str, Collection[Kept | tuple[Any, ...]]]
) -> Row:
    """``until``: when all of it is over; a second after its last end, so that a moment alone lies within."""
    data = msgpack.encode((int(first.timestamp() * 1_000_000), document))
    digest = int.from_bytes(blake2b(data, digest_size=8).digest(), signed=True)
    return Row(first, until, digest, data)


class _Since(dict[datetime | None, Seconds | None]):
    """Seconds from a moment on: occasions of many rules begin and end with the same visits."""

    def __init__(self, first: datetime) -> None:
        self.first = first
        self[None] = None

    def __missing__(self, moment: datetime) -> Seconds:
        length = moment - self.first
        whole = length.days * 86_400 + length.seconds
        found = whole + length.microseconds / 1_000_000 if length.microseconds else whole
        self[moment] = found
        return found


def _kept(check: Check, told: _Since) -> tuple[Any, ...]:
    own, begun, ended = check.spans, check.since, check.until
    if check.once:
        flags = ONCE | UNTIMED if check.counted else ONCE | UNTIMED | UNCOUNTED
    else:
        flags = (0 if check.counted else UNCOUNTED) | (0 if check.timed else UNTIMED)
    if check.clock:
        flags += CLOCK * CLOCKS.index(check.clock)
    spans: list[Seconds | None] = []
    if begun is None or len(own) > 1 or own[0] != (begun, ended):
        for start, end in own:
            spans += told[start], told[end]
    return flags, check.task or 0, told[begun], told[ended], spans


def unpacked(data: bytes) -> dict[str, list[Kept]]:
    """The checks of a row by rule."""
    return _decoder.decode(data)[1]


class Difference(NamedTuple):
    gone: list[Key]
    rows: dict[Key, Row]

    def __bool__(self) -> bool:
        return bool(self.gone or self.rows)

    def parameters(self) -> dict[str, Any]:
        """For WRITE."""
        return {
            "gone_deals": [deal for deal, _ in self.gone],
            "gone_people": [person for _, person in self.gone],
            "deals": [deal for deal, _ in self.rows],
            "people": [person for _, person in self.rows],
            "firsts": [row.first for row in self.rows.values()],
            "untils": [row.until for row in self.rows.values()],
            "digests": [row.digest for row in self.rows.values()],
            "checks": [row.checks for row in self.rows.values()],
        }


def compare(known: Iterable[tuple[int, int, int]], found: Mapping[Key, Row]) -> Difference:
    """Rows of KNOWN against those that should be there."""
    rest = {(deal, person): digest for deal, person, digest in known}
    different = {key: row for key, row in found.items() if rest.pop(key, None) != row.digest}
    return Difference(list(rest), different)


def merge(
    found: Mapping[Key, Row],
    whole: Iterable[tuple[int, int, datetime, bytes]],
    keep: Collection[tuple[str, int]],
) -> dict[Key, Row]:
    """The rows with the checks of some (rule, deal) as they stood before: rows of WHOLE."""
    merged = dict(found)
    kept_rules: dict[int, set[str]] = {}
    for code, deal in keep:
        kept_rules.setdefault(deal, set()).add(code)
    for deal, person, first, data in whole:
        old = {code: checks for code, checks in unpacked(data).items() if code in kept_rules.get(deal, ())}
        if not old:
            continue
        row = merged.get((deal, person))
        fresh = {} if row is None else unpacked(row.checks)
        base = first if row is None else min(first, row.first)
        both = {code: [_moved(check, first - base) for check in checks] for code, checks in old.items()}
        if row is not None:
            both |= {
                code: [_moved(check, row.first - base) for check in checks] for code, checks in fresh.items()
            }
        merged[deal, person] = packed(base, _end(both, base), {code: both[code] for code in sorted(both)})
    return merged


def _moved(check: Kept, by: timedelta) -> Kept:
    """The same check, told from another ``first``."""
    if not by:
        return check

    def move(seconds: Seconds | None) -> Seconds | None:
        if seconds is None:
            return None
        moved = seconds + by.total_seconds()
        return int(moved) if moved == int(moved) else moved

    return structs.replace(
        check, since=move(check.since), until=move(check.until), spans=[move(one) for one in check.spans]
    )


def _end(checks: Mapping[str, Iterable[Kept]], first: datetime) -> datetime:
    ends = [end for own in checks.values() for check in own for _, end in check.pairs()]
    open_ones = [end for end in ends if end is None]
    return NEVER if open_ones else first + timedelta(seconds=1 + max(end for end in ends if end is not None))
