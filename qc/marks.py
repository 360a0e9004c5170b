"""What people did that a time line should show: versions in force, switched rules, times without quality control. Pure,
but for `read_marks`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from core.db import run_statements
from qc import rule_modes
from qc.models import Regulation
from qc.rule_modes import Steps

VERSION, SWITCH, CONTROL_OFF = "version", "switch", "control off"
OFF_TIMES = "select id, since, until, reason from qc_controloff where begun or since > %(now)s order by since"


class Mark(NamedTuple):
    """``until`` is there for a stretch only (control off; None: it lasts). ``key`` tells it from others for ever.

    ``stage`` and ``version`` of a published version; ``rule`` with ``before`` and ``after`` (modes) of a switch;
    ``reason`` of a time without control.
    """

    kind: str
    key: str
    at: datetime
    until: datetime | None = None
    stage: str | None = None
    version: int | None = None
    rule: str | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""


class OffTime(NamedTuple):
    id: int
    since: datetime
    until: datetime | None
    reason: str


def find_marks(
    start: datetime,
    until: datetime,
    versions: Iterable[tuple[str, int, datetime]],
    steps: Mapping[str, Steps],
    off_times: Iterable[OffTime],
) -> list[Mark]:
    """The marks of ``[start, until)`` in order. ``versions`` are (stage, number, in force since), of all time.

    ``steps`` are the rules' own, without what times without control make of them. A stretch is there when it touches
    the period. The first version of a stage is one, the first step of a rule is none: it was so from the beginning.
    """
    found = [
        Mark(VERSION, f"version:{stage}:{number}", at, stage=stage, version=number)
        for stage, number, at in versions
        if start <= at < until
    ]
    for rule, own in steps.items():
        for earlier, step in zip(own, own[1:], strict=False):
            if start <= step.since < until and earlier.mode != step.mode:
                key = f"switch:{rule}:{step.since.timestamp():.0f}"
                found.append(Mark(SWITCH, key, step.since, rule=rule, before=earlier.mode, after=step.mode))
    for off in off_times:
        if off.since < until and (off.until is None or off.until > start):
            found.append(Mark(CONTROL_OFF, f"off:{off.id}", off.since, off.until, reason=off.reason))
    return sorted(found, key=lambda mark: (mark.at, mark.key))


def read_marks(start: datetime, until: datetime, now: datetime) -> list[Mark]:
    """The same of this portal: three queries."""
    rows: Sequence[tuple[str, int, datetime]] = list(
        Regulation.objects.exclude(published_at=None)
        .filter(stage__deleted_at=None)
        .values_list("stage", "version", "published_at")
    )
    [off_times] = run_statements((OFF_TIMES, {"now": now}))
    steps = rule_modes.read_own()
    return find_marks(start, until, rows, steps, [OffTime._make(row) for row in off_times])
