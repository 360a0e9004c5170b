"""What people did, as numbered marks over a time line."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.periods import Period
from core.zone import portal_zone
from qc import queries
from qc.marks import CONTROL_OFF, VERSION, Mark, read_marks
from qc.models import RuleMode
from team.schedules import employment
from web.desk.pictures import Picture
from web.frame.scope import Scope


def list_marks(scope: Scope, weeks: Sequence[Period], now: datetime) -> list[dict[str, Any]]:
    """Changes of one day are one mark with a number; a stretch without control is one, too. First versions are none."""
    names = {key: stage.name for key, stage in scope.all_stages.items()}
    found: dict[tuple[date, bool], list[str]] = {}
    stretches: dict[tuple[date, bool], Mark] = {}
    for mark in read_marks(weeks[0].start, now, now):
        if mark.kind == VERSION and mark.version == 1:
            continue
        key = mark.at.astimezone(portal_zone()).date(), mark.kind == CONTROL_OFF
        found.setdefault(key, []).append(_title(mark, names))
        if key[1]:
            stretches[key] = mark
    for person, (hired, left) in employment().items():
        if person not in scope.people:
            continue
        for at, words in ((hired, _("%(name)s began to work here")), (left, _("%(name)s has left"))):
            if at is not None and weeks[0].start <= at < now:
                key = at.astimezone(portal_zone()).date(), False
                found.setdefault(key, []).append(words % {"name": scope.name(person)})
    rows = []
    for number, (key, titles) in enumerate(sorted(found.items()), 1):
        stretch = stretches.get(key)
        rows.append(
            {"number": number, "day": key[0], "until": stretch and (stretch.until or now), "is_off": key[1]}
            | {"titles": titles, "mark": stretch}
        )
    return rows


def _title(mark: Mark, names: Mapping[str, str]) -> str:
    if mark.kind == VERSION:
        words = {"stage": names.get(mark.stage or "", ""), "version": mark.version}
        return _("Regulation of “%(stage)s”, version %(version)s") % words
    if mark.kind == CONTROL_OFF:
        return _("Quality control off: %(reason)s") % {"reason": mark.reason}
    modes = dict(RuleMode.Mode.choices)
    before, after = (str(modes.get(one or "", one)) for one in (mark.before, mark.after))
    title = queries.titles().get(mark.rule or "", mark.rule or "")
    return _("“%(rule)s”: %(before)s → %(after)s") % {"rule": title, "before": before, "after": after}


def put_marks(
    picture: Picture, marks: Sequence[dict[str, Any]], weeks: Sequence[Period], now: datetime
) -> None:
    """A point of a line stands in the middle of its week."""
    half = timedelta(days=3.5)
    begin, step = weeks[0].start + half, picture.wide / max(1, len(weeks) - 1)

    def place(at: datetime) -> float:
        return min(float(picture.wide), max(0.0, (at - begin) / timedelta(days=7) * step))

    zone = portal_zone()
    seen: list[float] = []
    for row in marks:
        x = place(datetime.combine(row["day"], datetime.min.time(), zone))
        text_x = max(x, seen[-1] + 20) if seen else x
        seen.append(text_x)
        picture.marks.append({"x": x, "text_x": text_x, "number": row["number"], "is_off": row["is_off"]})
        if row["is_off"]:
            until = place(row["until"])
            picture.bands.append({"x": x, "wide": max(2.0, until - x), "middle": (x + until) / 2})
