"""Findings that may be false alarms, counted by reason."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qc import trials


@dataclass(frozen=True)
class Doubts:
    """New findings that are likely false alarms: of so many ``new`` ones, by reason with the deals behind it."""

    new: int
    reasons: list[tuple[str, list[int]]]

    @property
    def number(self) -> int:
        return sum(len(deals) for _reason, deals in self.reasons)


def count_doubts(doubted: Iterable[trials.Found], new: int) -> Doubts:
    """Those of so many new findings that may be false alarms, by reason."""
    found: dict[str, list[int]] = {}
    for one in doubted:
        found.setdefault(one.doubt, []).append(one.key.deal)
    reasons = {
        trials.WON_ANYWAY: _("the deal was won anyway"),
        trials.MOVED_ON: _("moved on within two hours after the norm"),
        trials.AWAY: _("the owner had no shift around that day"),
    }
    ordered = sorted(found.items(), key=lambda row: -len(row[1]))
    return Doubts(new, [(reasons[code], deals) for code, deals in ordered])
