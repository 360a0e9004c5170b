"""What a rule is, and the list of all of them. Texts are English msgids; pages translate them."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from qc.rules.terms import Terms
from timeline.timeline import Timeline

REMARK, VIOLATION = "remark", "violation"
PLAIN, AHEAD = (
    "",
    "ahead",
)  # variants of a sentence: the usual one, and that of a finding which has not opened yet


class Breach(NamedTuple):
    """A time in which a rule is broken: since ``since``, held against ``owner`` in ``[opens_at, closes_at)``.

    ``values`` fill the sentence, and ``values["case"]`` may name one of the rule's variants. ``regulation`` is the
    version judged by.
    """

    since: datetime
    opens_at: datetime
    closes_at: datetime | None
    owner: int | None
    stage: str | None
    values: Mapping[str, Any]
    task: int | None = None
    regulation: int | None = None


def gettext_noop(text: str) -> str:
    """Mark a text for translators. Django's own marker would bring Django into the rules."""
    return text


Check = Callable[[Timeline, Terms], Iterator[Breach]]


@dataclass(frozen=True)
class Rule:
    """A rule of the catalogue. ``why`` and ``fix`` come from the docstring of ``check``."""

    code: str
    title: str
    severity: str
    clock: str
    sentences: Mapping[str, str]
    why: str
    fix: str
    check: Check


RULES: dict[str, Rule] = {}


def rule(
    code: str, title: str, severity: str, clock: str, sentence: str, variants: Mapping[str, str] | None = None
) -> Callable[[Check], Check]:
    """Put a function into the catalogue. Codes are for ever: findings and pay plans name them.

    The docstring says why the rule exists, then «Fix:» and what to do. Raises ValueError for a code that is taken,
    an unknown severity or a docstring without a fix.
    """

    def register(check: Check) -> Check:
        why, mark, fix = inspect.cleandoc(check.__doc__ or "").partition("Fix:")
        if code in RULES:
            raise ValueError(f"The rule code {code} is taken.")
        if severity not in (REMARK, VIOLATION):
            raise ValueError(f"The rule {code} has the unknown severity {severity}.")
        if not (why.strip() and mark and fix.strip()):
            raise ValueError(
                f"The docstring of the rule {code} must say why it exists, then «Fix:» and what to do."
            )
        sentences = {PLAIN: sentence, **(variants or {})}
        RULES[code] = Rule(code, title, severity, clock, sentences, _sentence(why), _sentence(fix), check)
        return check

    return register


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line[0].upper() + line[1:]
