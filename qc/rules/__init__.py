"""The catalogue of rules: pure functions from a deal's timeline to the stretches of time in which a rule is broken.

A rule knows no present moment: what was, is and will be broken comes from one pass. To add one, write a function
beside the others and import its module here.
"""

from qc.rules import fields, owners, stuck, tasks  # noqa: F401 - importing a module registers its rules
from qc.rules.norms import CALENDAR, CLIENT, NORM, OWNER, Norm
from qc.rules.registry import AHEAD, PLAIN, REMARK, RULES, VIOLATION, Breach, Rule, rule
from qc.rules.terms import Terms

__all__ = [
    "AHEAD",
    "CALENDAR",
    "CLIENT",
    "NORM",
    "OWNER",
    "PLAIN",
    "REMARK",
    "RULES",
    "VIOLATION",
    "Breach",
    "Norm",
    "Rule",
    "Terms",
    "rule",
]
