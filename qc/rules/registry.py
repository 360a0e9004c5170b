"""What a rule is, and the list of all of them. Texts are English msgids; pages translate them."""

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from qc.rules.checks import Check
from qc.rules.parameters import CLOCKS, NORM, Parameter, parameters
from qc.rules.sentences import PLACEHOLDERS, Fact, Requirements, Said, Standing
from qc.rules.telling import Telling

REMARK, VIOLATION, QUESTION = "remark", "violation", "question"
DEAL, PERSON, CONTACT, STAGE = "deal", "person", "contact", "stage"  # what a rule looks at
VISIT, TASK, REVIEW = (
    "visit",
    "task",
    "review",
)  # what an occasion of a deal's rule may be, beside the whole DEAL
OWN = (TASK, REVIEW)  # occasions of a person whoever has the deal: his task, a review of his work
OFF, WARN = "off", "warn"  # what a rule may begin with
PLAIN, AHEAD = (
    "",
    "ahead",
)  # variants of a sentence: the usual one, and that of a finding which has not opened yet
NAMES = re.compile(r"%\((\w+)\)s")

Function = Callable[[Any, Any], Iterable[Check]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule of the catalogue: all there is to say of it. ``why`` and ``fix`` come from the docstring of ``checks``.

    ``occasion`` is what quality counts (None: the rule counts in nobody's quality), ``says_check`` tells it in a
    sentence. ``figures`` of pages rest on the rule's findings. ``norm`` is the class of its parameters, ``facts`` says
    what a norm demands, ``pill`` in a word, ``requirements`` what it asks of a deal now, ``stay`` how long a deal may
    be on the stage and by which clock. ``on_closing``: whether a closing stage can have such a norm.
    ``reads_touches``, ``reads_moves`` (who moved the deal): whether it needs them in the timeline, which costs more;
    ``reads_tasks``: whether it looks at tasks, ``reads_reviews``: at manual reviews; ``asks``: its place in a
    reviewer's checklist and what it says there; ``goes_by``: norms of other rules that it regards, too;
    ``reads``: parts of a person's life that are read only when asked for. ``needs``: deal fields that a norm asks for
    without naming them. ``everywhere``: the norm of a deal's rule holds for the whole portal; ``by_stages``: that of
    another unit's stands in the regulations of stages; ``beyond``: it goes by norms of stages to which the deal never
    came. ``tells``: messages about its findings.
    """

    code: str
    title: str
    severity: str
    clock: str
    unit: str
    icon: str
    weight: int
    mode: str
    sentences: Mapping[str, str]
    why: str
    fix: str
    says_check: str
    checks: Function
    occasion: str | None = None
    figures: tuple[str, ...] = ()
    norm: type | None = None
    facts: Callable[[Any], Fact | None] | None = None
    pill: Callable[[Any], tuple[str, Said, Said | None] | None] | None = None
    requirements: Callable[[Any, Standing], Requirements] | None = None
    stay: Callable[[Any], tuple[timedelta, str] | None] | None = None
    on_closing: bool = False
    reads_touches: bool = False
    reads_moves: bool = False
    reads_tasks: bool = False
    reads_reviews: bool = False
    asks: tuple[int, str] | None = None
    goes_by: tuple[type, ...] = ()
    reads: tuple[str, ...] = ()
    needs: Callable[[Any], Collection[str]] | None = None
    everywhere: bool = False
    by_stages: bool = False
    beyond: bool = False
    tells: tuple[Telling, ...] = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return () if self.norm is None else parameters(self.norm, self.code)

    @property
    def by_visits(self) -> bool:
        """Whether it has nothing to say of a deal that never came to a stage with a norm that it goes by."""
        return (
            self.unit == DEAL and not self.everywhere and not self.beyond and bool(self.norm or self.goes_by)
        )

    @property
    def is_of_stages(self) -> bool:
        """Whether its norm stands in the regulations of stages; that of the others holds for the whole portal."""
        return self.norm is not None and (self.by_stages or (self.unit == DEAL and not self.everywhere))


RULES: dict[str, Rule] = {}


def gettext_noop(text: str) -> str:
    """Mark a text for translators. Django's own marker would bring Django into the rules."""
    return text


def ngettext_noop(one: str, many: str) -> tuple[str, str]:
    """The same of a text that has a plural."""
    return one, many


def rule(
    code: str,
    title: str,
    severity: str,
    *,
    clock: str,
    icon: str,
    weight: int,
    sentence: str,
    variants: Mapping[str, str] | None = None,
    unit: str = DEAL,
    mode: str = OFF,
    check: str,
    **more: Any,
) -> Callable[[F], F]:
    """Put a function into the catalogue. Codes are for ever: findings and pay plans name them.

    The docstring says why the rule exists, then «Fix:» and what to do; ``check`` says what an occasion is. ``mode`` is
    what a portal begins with. Raises ValueError for a code that is taken, for an unknown severity, clock, unit or
    placeholder, for a question that counts, and for a docstring without a fix.
    """

    def register(function: F) -> F:
        why, fix = why_and_fix(function.__doc__)
        sentences = {PLAIN: sentence, **(variants or {})}
        if code in RULES:
            raise ValueError(f"The rule code {code} is taken.")
        for what, value, known in (
            ("severity", severity, (REMARK, VIOLATION, QUESTION)),
            ("clock", clock, (*CLOCKS, NORM)),
            ("unit", unit, (DEAL, PERSON, CONTACT, STAGE)),
        ):
            if value not in known:
                raise ValueError(f"The rule {code} has the unknown {what} {value}.")
        if strange := {name for text in sentences.values() for name in NAMES.findall(text)} - PLACEHOLDERS:
            raise ValueError(f"The rule {code} has the unknown placeholder {strange.pop()}.")
        if more.get("occasion") is not None and (severity == QUESTION or unit != DEAL):
            raise ValueError(f"The rule {code} cannot count in quality.")
        if not (why and fix):
            raise ValueError(
                f"The docstring of the rule {code} must say why it exists, then «Fix:» and what to do."
            )
        RULES[code] = Rule(
            code,
            title,
            severity,
            clock,
            unit,
            icon,
            weight,
            mode,
            sentences,
            why,
            fix,
            check,
            function,
            **more,
        )
        return function

    return register


def order() -> None:
    """The weightiest first: so pages list rules, forms their norms, and deal cards what is demanded."""
    found = sorted(RULES.values(), key=lambda rule: (-rule.weight, rule.code))
    RULES.clear()
    RULES.update({rule.code: rule for rule in found})


def codes_of(unit: str, rules: Collection[str] | None = None) -> list[str]:
    """The rules that look at a unit, of these (None = all). Raises ValueError for a code that is not there."""
    if unknown := [code for code in rules or () if code not in RULES]:
        raise ValueError(f"There is no rule {unknown[0]}.")
    return [code for code, rule in RULES.items() if rule.unit == unit and (rules is None or code in rules)]


def behind(figure: str) -> list[str]:
    """Codes of the rules on whose findings a figure of pages rests."""
    return [code for code, rule in RULES.items() if figure in rule.figures]


def why_and_fix(docstring: str | None) -> tuple[str, str]:
    """Both sentences of a rule's docstring; empty where one is missing."""
    why, mark, fix = inspect.cleandoc(docstring or "").partition("Fix:")
    return (_sentence(why), _sentence(fix)) if mark else ("", "")


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line[:1].upper() + line[1:]
