"""What an export leaves open, in sentences for the person who imports it."""

from collections import Counter

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipelines.imports import names
from pipelines.imports.columns import DEALS
from pipelines.imports.parsing import Parsed


def list_doubts(parsed: Parsed) -> list[str]:
    if parsed.kind != DEALS:
        return whereabouts(parsed)
    fields = {field for _title, field in parsed.read}
    found = [
        *whereabouts(parsed),
        _("An export has no tasks, no history and no fields of your own: a deal counts as standing on its present "
          "stage since it was created, and that is marked as not proven."),
    ]  # fmt: skip
    if "manager" in fields:
        found.append(_("People are known by name alone: two of one name count as one."))
    else:
        found.append(_("There is no column of managers: the deals belong to nobody."))
    if "pipeline" not in fields:
        found.append(
            _("There is no column of pipelines: all deals go into «%(name)s».") % {"name": names.MAIN}
        )
    if "closed_at" not in fields:
        found.append(
            _(
                "There is no column of closing dates: won and lost deals count as closed when they were created."
            )
        )
    if parsed.month_first:
        found.append(
            _("Dates begin with the month here: some have a second number over 12, and none a first one.")
        )
    return found + strange_closings(parsed)


def whereabouts(parsed: Parsed) -> list[str]:
    """Where the table was found, if not at the beginning of the file."""
    found = []
    if parsed.sheet:
        found.append(
            _("The table was found on the sheet «%(sheet)s»; other sheets are not read.")
            % {"sheet": parsed.sheet}
        )
    if parsed.header_line:
        found.append(
            _("The header was found on line %(line)s; what stands above it is not read.")
            % {"line": parsed.header_line}
        )
    return found


def strange_closings(parsed: Parsed) -> list[str]:
    """amoCRM closes deals on two stages only; where these have other names, a file does not tell won from lost."""
    closed = Counter(
        deal.stage for deal in parsed.deals if deal.closed_at and names.stage_kind(deal.stage) == "work"
    )
    return [
        ngettext(
            "%(n)s deal is closed on the stage «%(stage)s», which is neither won nor lost by its name.",
            "%(n)s deals are closed on the stage «%(stage)s», which is neither won nor lost by its name.",
            number,
        )
        % {"n": number, "stage": stage}
        for stage, number in closed.most_common(5)
    ]
