"""What a report is, and where its file puts it. An answer is plain values; money is a number of the currency."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from metrics.analytics.columns import Ints
from metrics.analytics.terms import Terms

Answer = dict[str, Any]
Cell = Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """``answer``: {"rows": […], …}; ``behind``: ids of the deals that one number of it counts, once a count.

    ``options``: parameters beside those of every report, with what they mean. ``about``: the definition, in a sentence
    or two; ``chooses``: what the period of the address chooses. ``version`` grows whenever an answer gets another
    shape or meaning: what was kept before is no answer any more.
    """

    code: str
    title: Promise
    icon: str
    about: Promise
    chooses: Promise
    answer: Callable[[Terms], Answer]
    behind: Callable[[Terms, Cell], Ints] | None = None
    options: Mapping[str, str] | None = None
    version: int = 1


REPORTS: dict[str, Report] = {}


def register(report: Report) -> None:
    if report.code in REPORTS:
        raise ValueError(f"report {report.code} is registered twice")
    REPORTS[report.code] = report


def money(hundredths: int | float) -> float | int:
    """Hundredths as a number of the currency, whole where they are."""
    whole, rest = divmod(int(hundredths), 100)
    return whole if rest == 0 else int(hundredths) / 100
