from collections.abc import Iterable

from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, STAGE, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import StageLife
from timeline.timeline import WORK, pipeline_of

CODE = "stage.no_regulation"


@rule(
    CODE,
    _("Stage without a regulation"),
    REMARK,
    unit=STAGE,
    clock=CALENDAR,
    icon="book-x",
    weight=0,
    sentence=_("The stage “%(stage)s” has no regulation: nobody knows what must be done on it"),
    check="none: it is the administrator's matter",
)
def no_regulation(stage: StageLife, terms: Terms) -> Iterable[Check]:
    """On a stage without a regulation everybody works as he likes, and nothing can be held against anybody.

    Fix: write the stage's regulation, or take a set from the library.
    """
    since = terms.since.get(CODE)
    if stage.kind != WORK or since is None or pipeline_of(stage.id) in terms.robots:
        return
    versions = terms.norms.get(stage.id, ())
    until = None
    if versions:
        until = versions[0].published_at
        if until is None or until <= since:
            return
    yield from checks({}, [Breach(since, since, until, None, stage.id, {})])
