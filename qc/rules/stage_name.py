import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR
from qc.rules.registry import REMARK, STAGE, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import StageLife
from timeline.timeline import WORK

CODE = "stage.name"
# Done, and yet nothing is reached: the deal waits.
NO_RESULT = frozenset({"отложить", "перенести", "заморозить", "заинтересовать", "приостановить"})
PARTICIPLE = {"PRTS", "pssv", "perf", "past"}  # «установлен», «проведена»
VERB = {"VERB", "perf", "past"}  # «взяли», «дозвонились»
SURE, LIKELY = 0.5, 0.3  # scores of readings


@rule(
    CODE,
    _("The stage's name states no result"),
    REMARK,
    unit=STAGE,
    clock=CALENDAR,
    icon="tag",
    weight=0,
    sentence=_("“%(stage)s” names what is being done, not what has been reached"),
    check="none: a name is the administrator's matter",
)
def no_result(stage: StageLife, terms: Terms) -> Iterator[Check]:
    """A deal may lie for weeks on “Negotiations”; “Terms agreed” is true or it is not.

    Fix: rename the stage in amoCRM by what is reached when a deal comes to it.
    """
    since = terms.since.get(CODE)
    if stage.kind == WORK and since is not None and not states_result(stage.name):
        yield from checks({}, [Breach(since, since, None, None, stage.id, {})])


def states_result(name: str) -> bool:
    """Whether a Russian name says that something has been reached: «Контакт установлен», «Взяли в работу»."""
    words = re.findall(r"[а-яё]+", name.lower())
    return any(
        _is_result(word) and (place == 0 or words[place - 1] != "не") for place, word in enumerate(words)
    )


@cache
def _is_result(word: str) -> bool:
    readings = _morphology().parse(word)
    if any(reading.normal_form in NO_RESULT for reading in readings):
        return False
    if any(PARTICIPLE in reading.tag and reading.score >= LIKELY for reading in readings):
        return True
    is_noun = any("NOUN" in reading.tag for reading in readings)  # «замер» is no past of «замереть»
    return not is_noun and any(VERB in reading.tag and reading.score >= SURE for reading in readings)


@cache
def _morphology() -> Any:
    import pymorphy3  # a quarter of a second and 28 MB, for the few who need it

    return pymorphy3.MorphAnalyzer()
