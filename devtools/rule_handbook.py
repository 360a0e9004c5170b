"""The page about the rules, written from the code: ``manage.py qc_rules_doc``."""

from pathlib import Path

from django.conf import settings

from qc.rules import NORM, PLAIN, QUESTION, RULES, Rule

PAGE = Path(settings.BASE_DIR) / "docs" / "rules.md"
CLOCKS = {
    NORM: "the one that the stage's norm names",
    "owner": "the owner's shifts",
    "calendar": "calendar",
    "client": "company hours",
}
INTRODUCTION = """\
# Rules

Written from the code by `manage.py qc_rules_doc`. A rule is a pure function from a deal's history to the stretches of
time in which it is broken: past, present and future. A finding is *upcoming* before it opens, *open* until it closes.
It is held against whoever owned the deal (or the task) when it opened; giving either away does not move it.

**Norms count from their publication.** A visit is judged by the last version of the stage's regulation that was
published before the visit ended, one that goes on by the newest, and on a closing stage by that of the entry. But
nothing opens before its demand was published: a stay that is too long by then opens at that moment, and a grace begins
then. So with a norm of 200 hours that becomes 24 hours when a deal has stood for 100, the finding opens at hour 100,
against whoever owns the deal then. What was too long already by the version before keeps its moment; a loosened norm
forgives what goes on, and no later one takes that back. Only a draft that is tried on history judges all of it.

**Lateness waits for the owner.** Graces run in the owner's shifts, and a task that falls due outside of them (at
night, on a day off, on sick leave) is late from his next shift on. Who gets the task before that shift answers for
it.

**A rule yields its checks**: the occasions on which it could be broken, each with the person who could break it and
the times in which it was up to him: the deal (task) was his, he worked here («hired on» to «left on»), the norm of
that time demanded it. Rules of people, contacts and stages look at those instead of a deal and count in nobody's
quality.

**Quality by count** takes, for each rule and person, the checks of a period, and how many of them were broken:
`100 × Σ weight × (1 − violations ÷ opportunities) ÷ Σ weight`, over rules with opportunities.

**Quality by time** puts the time in which a deal was out of order in the place of violations and the time in which the
rule was to be kept in the place of opportunities, both on the rule's clock. Two late tasks are one deal out of order;
what is late on somebody else's deal, or was broken by the owner before, costs nobody else; a closing stage demands no
time. Four deals in work for 15 shifts are 60 deal-shifts: 6 without a task make 90, 8 make 86.67.

**Modes and weights count from when they are set.** A rule counts in money from the day it is switched to it until the
day it is switched away: of November, with a switch on the 25th, only what stood from the 25th on. The weight is the
one with which the rule began to count in the period, so a new weight waits for the next month. A rule that is
switched off finds nothing from then on; what it had found stays, closed at that moment.

**Manual reviews** are judged by rules, too, one for each item of the checklist: a «no» is held against whoever had the
deal in the sample's period, from the review on, for fourteen days, since nothing mends it. A deal for two reviewers
counts when both have answered, with what they agree on: one answer alone would give the first reviewer away,
and what two people see differently is nobody's fault. Who reviewed decides no appeal about it. For a day a reviewer may
correct his answers, until a second one has answered; a case whose «no» stays is the same case.
"""


def page() -> str:
    """The whole of ``docs/rules.md``."""
    return INTRODUCTION + "".join(_section(RULES[code]) for code in sorted(RULES))


def _section(rule: Rule) -> str:
    return f"""
## `{rule.code}`: {rule.title}

{rule.why}

- **Fix:** {rule.fix}
- **Severity:** {rule.severity}{", which is answered and never costs money" if rule.severity == QUESTION else ""}
- **Looks at:** a {rule.unit}
- **Clock:** {CLOCKS[rule.clock]}
- **Norm:** {", ".join(f"`{one.name}` ({one.label})" for one in rule.parameters) or "none"}
- **An opportunity in quality:** {rule.says_check}
- **At first:** {rule.mode}, with a weight of {rule.weight}
- **Says:** {rule.sentences[PLAIN]}
"""
