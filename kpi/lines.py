"""Lines of statements as they are kept: the reason of a line as JSON, with its kind, titles and a version.

A document without a version is of version 1; its values are read by the same names. Kept lines are read for ever, so
a kind of component, an outcome and a field of a reason are never taken away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kpi.calculation.component import Reason
from kpi.calculation.evaluation import Line
from kpi.calculation.running import Running
from kpi.components import KINDS

VERSIONS = (1, 2)


@dataclass(frozen=True)
class KeptLine:
    """``titles`` by language and ``reason`` are None for a line that no component made; ``running`` if it runs."""

    kind: str
    titles: Mapping[str, str] | None
    reason: Reason | None
    running: Running | None = None


def write_line(line: Line, titles: Mapping[str, str]) -> dict[str, Any]:
    """The values to keep."""
    running = {} if line.running is None else {"running": msgspec.to_builtins(line.running)}
    return {
        "version": VERSIONS[-1],
        "kind": line.kind,
        "title": dict(titles),
        **msgspec.to_builtins(line.reason),
        **running,
    }


def read_line(values: Mapping[str, Any]) -> KeptLine:
    """ValueError for a version that is not known here."""
    if values.get("version", 1) not in VERSIONS:
        raise ValueError(f"a line of version {values['version']!r} cannot be read")
    kind = values["kind"]
    found = KINDS.get(kind)
    reason = None if found is None else msgspec.convert(values, found.reasons)
    running = msgspec.convert(values["running"], Running) if "running" in values else None
    return KeptLine(kind, values.get("title"), reason, running)
