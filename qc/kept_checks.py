"""The checks of deals as they are kept: one row for a deal and a person, written by the judgement that yields them.

What is broken is told by findings alone; a row holds what could be broken. Its moments are seconds since its ``first``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from msgspec import Struct, msgpack

from qc.models import NEVER
from qc.rules import CALENDAR, CLIENT, OWNER, RULES, Check
from qc.rules.checks import Stretch

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


Occasion = tuple[int, int, datetime | None, datetime | None, tuple[Stretch, ...]]  # a `Kept` by moments
By = Mapping[str, Sequence[Occasion]]  # rule → its checks
_decoder = msgpack.Decoder(tuple[int, dict[str, list[Kept]]])
_encoder = msgpack.Encoder()


class Packed(NamedTuple):
    """The columns of a row of qc_dealchecks that follow from its checks. ``until``: when all of it is over; a second
    after its last end, so that a moment alone lies within."""

    first: datetime
    until: datetime
    checks: bytes


class Row(NamedTuple):
    """A row of qc_dealchecks, beside its key: not packed before it is known that its ``digest`` is another one."""

    digest: int
    by_rule: By

    def packed(self) -> Packed:
        spans = {
            span
            for own in self.by_rule.values()
            for _flags, _task, since, until, some in own
            for span in some or ((since, until),)
        }
        first = min(start for start, _ in spans if start is not None)
        ends = [end for _, end in spans if end is not None]
        until = max(ends) + SECOND if len(ends) == len(spans) else NEVER
        told = _Since(first)
        document = {
            code: [
                (flags, task, told[since], told[until], [told[moment] for span in some for moment in span])
                for flags, task, since, until, some in own
            ]
            for code, own in self.by_rule.items()
        }
        return Packed(first, until, _encoder.encode((int(first.timestamp() * 1_000_000), document)))


def rows_of(deal: int, checks: Mapping[str, Iterable[Check]]) -> dict[Key, Row]:
    """What is to be kept of a deal's checks, by rule: those in which somebody was asked for something."""
    own: dict[int, dict[str, list[Occasion]]] = {}
    for code, found in checks.items():
        if RULES[code].occasion is None:
            continue
        for check in found:
            person, spans = check.person, check.spans
            if person is None or not spans:
                continue
            begun, ended = check.since, check.until
            if begun is not None and len(spans) == 1 and spans[0] == (begun, ended):
                spans = ()
            if check.once:
                flags = ONCE | UNTIMED if check.counted else ONCE | UNTIMED | UNCOUNTED
            else:
                flags = (0 if check.counted else UNCOUNTED) | (0 if check.timed else UNTIMED)
            if check.clock:
                flags += CLOCK * CLOCKS.index(check.clock)
            occasion = flags, check.task or 0, begun, ended, spans
            by_rule = own.get(person)
            if by_rule is None:
                own[person] = {code: [occasion]}
            elif code in by_rule:
                by_rule[code].append(occasion)
            else:
                by_rule[code] = [occasion]
    return {(deal, person): _row(by_rule) for person, by_rule in own.items()}


def _row(by_rule: By) -> Row:
    ordered = {code: by_rule[code] for code in sorted(by_rule)}
    digest = blake2b(_encoder.encode(ordered), digest_size=8).digest()
    return Row(int.from_bytes(digest, signed=True), ordered)


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
        packed = [row.packed() for row in self.rows.values()]
        return {
            "gone_deals": [deal for deal, _ in self.gone],
            "gone_people": [person for _, person in self.gone],
            "deals": [deal for deal, _ in self.rows],
            "people": [person for _, person in self.rows],
            "firsts": [row.first for row in packed],
            "untils": [row.until for row in packed],
            "digests": [row.digest for row in self.rows.values()],
            "checks": [row.checks for row in packed],
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
        kept = kept_rules.get(deal, ())
        old: dict[str, Sequence[Occasion]] = {
            code: [_occasion(check, first) for check in checks]
            for code, checks in unpacked(data).items()
            if code in kept
        }
        if old:
            fresh = merged.get((deal, person))
            merged[deal, person] = _row(old if fresh is None else {**old, **fresh.by_rule})
    return merged


def _occasion(check: Kept, first: datetime) -> Occasion:
    """The check by moments again."""

    def moment(seconds: Seconds) -> datetime:
        return first + timedelta(seconds=seconds)

    begun, ended = (None if end is None else moment(end) for end in (check.since, check.until))
    if not check.spans:
        return check.flags, check.task, begun, ended, ()
    spans = tuple((moment(start), None if end is None else moment(end)) for start, end in check.pairs())
    return check.flags, check.task, begun, ended, spans
