"""The catalogue of rules: pure functions from a deal's timeline to the occasions on which a rule is kept or broken.

A rule knows no present moment: what was, is and will be broken comes from one pass. A rule is one file of this folder,
found by being here; `registry` says what it may tell about itself.
"""

import importlib
import pkgutil

from qc.rules.checks import Breach, Check
from qc.rules.norms import CALENDAR, CLIENT, NORM, OWNER, StageNorms, Version
from qc.rules.registry import (
    AHEAD,
    CONTACT,
    DEAL,
    OWN,
    PERSON,
    PLAIN,
    QUESTION,
    REMARK,
    RULES,
    STAGE,
    TASK,
    VIOLATION,
    VISIT,
    Rule,
    behind,
    codes_of,
    order,
    rule,
)
from qc.rules.terms import Terms


def discover() -> None:
    """Import every file of this folder; importing one registers its rule."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    order()


discover()

__all__ = [
    "AHEAD",
    "CALENDAR",
    "CLIENT",
    "CONTACT",
    "DEAL",
    "NORM",
    "OWN",
    "OWNER",
    "PERSON",
    "PLAIN",
    "QUESTION",
    "REMARK",
    "RULES",
    "STAGE",
    "TASK",
    "VIOLATION",
    "VISIT",
    "Breach",
    "Check",
    "Rule",
    "StageNorms",
    "Terms",
    "Version",
    "behind",
    "codes_of",
    "rule",
]
