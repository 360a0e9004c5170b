"""What every rule of a deal should say, told hour by hour by plain search: slow, and written without the rules.

`draw_story` invents a life with all that rules look at; `ORACLES` say of a rule in which hours it is broken, as
(hour, task or 0). All moments of a story fall on full hours.
"""

from collections.abc import Callable

from qc.tests import simulation
from qc.tests.oracle_deals import (
    first_late,
    lifetime,
    lost_no_reason,
    lost_untried,
    no_amount,
    other_value,
    pingpong,
    reviewed,
    robot_touched,
    untouched,
    won_untouched,
)
from qc.tests.oracle_hours import HOURS as HOURS
from qc.tests.oracle_hours import Broken
from qc.tests.oracle_moves import back, forbidden, skipped
from qc.tests.oracle_stories import ITEMS, Hours
from qc.tests.oracle_stories import Story as Story
from qc.tests.oracle_stories import draw_story as draw_story
from qc.tests.oracle_tasks import far, instant, no_next, no_result, other_owner, pushed
from qc.tests.oracle_waits import promise_broken, stuck, too_long, unexplained
from qc.tests.simulation import World


def _plain(simulate: Callable[[World], set[tuple[int, ...]]]) -> Callable[[World], Broken]:
    return lambda world: {(one[0], one[1] if len(one) > 1 else 0) for one in simulate(world)}


ORACLES: dict[str, Callable[[Hours], Broken]] = {
    "contact.first_late": first_late,
    "deal.lifetime": lifetime,
    "deal.lost_no_reason": lost_no_reason,
    "deal.lost_untried": lost_untried,
    "deal.pingpong": pingpong,
    "deal.stuck": stuck,
    "deal.untouched": untouched,
    "deal.won_untouched": won_untouched,
    "field.amount": no_amount,
    "field.missing": _plain(simulation.simulate_missing),
    "field.value": other_value,
    "owner.gone": _plain(simulation.simulate_gone),
    **{f"review.{item}": reviewed(item) for item in ITEMS},
    "robot.touched": robot_touched,
    "stage.back": back,
    "stage.forbidden": forbidden,
    "stage.skipped": skipped,
    "task.far": far,
    "task.instant": instant,
    "task.no_next": no_next,
    "task.no_result": no_result,
    "task.none": _plain(simulation.simulate_no_task),
    "task.other_owner": other_owner,
    "task.overdue": _plain(simulation.simulate_overdue),
    "task.pushed": pushed,
    "wait.broken": promise_broken,
    "wait.too_long": too_long,
    "wait.unexplained": unexplained,
}
