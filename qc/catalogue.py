"""The page about the rules, written from the code: ``manage.py qc_rules_doc``."""

from pathlib import Path

from django.conf import settings

from qc.rules import NORM, PLAIN, RULES, Rule

PAGE = Path(settings.BASE_DIR) / "docs" / "rules.md"
CLOCKS = {
    NORM: "the one that the stage's norm names",
    "owner": "the owner's shifts",
    "calendar": "calendar",
    "client": "company hours",
}
OPPORTUNITIES = {
    "deal.stuck": "a visit to a stage with a longest stay, owned for a part of the period",
    "task.none": "a deal in work on a stage that demands a task, owned for a part of the period",
    "task.overdue": "a task due in the period, or due before and still undone when it began",
    "field.missing": "a visit to a stage with required fields, owned for a part of the period",
    "owner.gone": "none: it is the head's matter and counts in nobody's quality",
}
INTRODUCTION = """\
# Rules

Written from the code by `manage.py qc_rules_doc`. A rule is a pure function from a deal's history to the stretches of
time in which it is broken: past, present and future. A finding is *upcoming* before it opens, *open* until it closes.
It is held against whoever owned the deal (or the task) when it opened; giving the deal away does not move it.

A visit is judged by the version of the stage's regulation that was in force when the visit ended; a visit that goes on,
by the newest; visits from before the first version, by the first. Quality counts, for each rule and person, the
opportunities to break it in a period, and how many of them were broken:
`100 × Σ weight × (1 − violations ÷ opportunities) ÷ Σ weight`, over rules with opportunities.
"""


def page() -> str:
    """The whole of ``docs/rules.md``."""
    return INTRODUCTION + "".join(_section(RULES[code]) for code in sorted(RULES))


def _section(rule: Rule) -> str:
    return f"""
## `{rule.code}`: {rule.title}

{rule.why}

- **Fix:** {rule.fix}
- **Severity:** {rule.severity}
- **Clock:** {CLOCKS[rule.clock]}
- **An opportunity in quality:** {OPPORTUNITIES[rule.code]}
- **Says:** {rule.sentences[PLAIN]}
"""
