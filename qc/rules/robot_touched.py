from collections.abc import Iterable

from qc.rules.checks import SHOWN, Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.timeline import STAGE, Timeline, pipeline_of


@rule(
    "robot.touched",
    _("A robot's pipeline was touched by hand"),
    REMARK,
    clock=CALENDAR,
    icon="bot",
    weight=0,
    sentence=_("Moved by hand to “%(stage)s” on %(since)s, in a pipeline in which only robots work"),
    check="none: it tells that the robot is broken, or that somebody is lost",
    reads_moves=True,
)
def robot_touched(deal: Timeline, terms: Terms) -> Iterable[Check]:
    """Where a robot does everything, a hand among its cards breaks what it counts on.

    Fix: leave the card to the robot; if it has got stuck, tell the administrator.
    """
    if not terms.robots:
        return ()
    found: dict[object, Breach] = {}
    for change in deal.changes:
        if change.field != STAGE or change.author is None:
            continue
        before, after = str(change.before or ""), str(change.after or "")
        if pipeline_of(after) in terms.robots and (not before or pipeline_of(before) in terms.robots):
            found[change.at] = Breach(change.at, change.at, change.at + SHOWN, change.author, after, {})
    return checks({}, found.values())
