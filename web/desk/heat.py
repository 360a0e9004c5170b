"""The cells of the heat table, worded before the template comes: of thousands each tag would cost a wait."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from pipelines.models import Stage
from web.desk.blocks import Sums
from web.frame.scope import Scope

STAGE, MANAGER = "-stage-", "-manager-"  # stand in for them in an address


class HeatCell(NamedTuple):
    stuck: float | None
    href: str
    share: str
    words: str


def word_rows(
    rows: Iterable[tuple[Stage, list[tuple[int | None, Sums | None]]]], scope: Scope
) -> list[tuple[Stage, list[HeatCell | None]]]:
    """The same rows with what each cell shows and where it leads; None where nobody has a deal."""
    locale, words = get_language() or "en", _("%(stuck)s of %(all)s")
    address = reverse("deals") + scope.query(stage=STAGE, manager=MANAGER, open=1, stuck=1)
    before, between, after, stage_first = _cut(address)
    numbers: dict[int, str] = {}
    shares: dict[Any, str] = {}

    def number(value: int) -> str:
        if value not in numbers:
            numbers[value] = formats.number(value, locale)
        return numbers[value]

    def word_cell(stage: str, manager: int | None, sums: Sums) -> HeatCell:
        share = sums.stuck_share
        if share not in shares:
            shares[share] = formats.percent(share, locale)
        person = "none" if manager is None else str(manager)
        first, second = (stage, person) if stage_first else (person, stage)
        text = words % {"stuck": number(sums.stuck), "all": number(sums.open)}
        return HeatCell(share, f"{before}{first}{between}{second}{after}", shares[share], text)

    return [
        (
            stage,
            [word_cell(quote(stage.pk, safe=""), manager, sums) if sums else None for manager, sums in line],
        )
        for stage, line in rows
    ]


def _cut(address: str) -> tuple[str, str, str, bool]:
    """The address around its two places, and whether the stage comes first."""
    stage_first = address.index(STAGE) < address.index(MANAGER)
    first, second = (STAGE, MANAGER) if stage_first else (MANAGER, STAGE)
    before, _mark, rest = address.partition(first)
    between, _mark, after = rest.partition(second)
    return before, between, after, stage_first
