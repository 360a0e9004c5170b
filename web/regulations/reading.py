"""The texts of a stage as people read them, with what a draft changes put in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _

from qc import norms, regulations, wording
from qc.models import Regulation
from qc.rules import RULES
from qc.steps import Branch, Run, Step, compare_words, read_steps

SHORT = 12  # signs: «3 дня» says nothing that the norm does not
HEADS = (
    ("entry_result", "log-in"),
    ("goal", "target"),
    ("term", "hourglass"),
    ("automation", "bot"),
)


@dataclass(frozen=True)
class Text:
    label: str
    icon: str
    runs: list[Run]


@dataclass(frozen=True)
class Line:
    """A step with its branches; ``kind`` is same, new or gone as a whole."""

    number: int
    kind: str
    runs: list[Run]
    branches: list[tuple[str, Branch]]


def read_texts(old: Regulation | None, new: Regulation) -> list[Text]:
    """Four of the five texts; the term begins with the longest stay that is checked, so both say one thing."""
    found = []
    for name, icon in HEADS:
        was, now = ("" if one is None else _text(one, name) for one in (old or new, new))
        label = str(getattr(Regulation._meta.get_field(name), "verbose_name", name))
        found.append(Text(label[:1].upper() + label[1:], icon, compare_words(was, now)))
    return found


def _text(regulation: Regulation, name: str) -> str:
    text: str = getattr(regulation, name)
    if name == "term" and (limit := stay_in_words(regulation.norms)):
        stay = regulations.longest_stay(regulation.norms)
        same = stay is not None and wording.read_term(text) == stay[0] and len(text) <= SHORT
        return f"{limit}. {text}" if text and not same else limit
    return text


def stay_in_words(document: Mapping[str, Any]) -> str:
    """«3 дня, календарные»: the longest stay of these norms; empty without one."""
    known = norms.read_norms(document)
    for code, norm in known.items():
        rule = RULES[code]
        if rule.stay is not None and rule.facts is not None and rule.stay(norm) is not None:
            return wording.say(rule.facts(norm).says, {})
    return ""


def read_lines(old: Regulation | None, new: Regulation) -> list[Line]:
    """The steps of the new version, with those that are gone where they stood."""
    before = read_steps((old or new).steps)
    after = read_steps(new.steps)
    found: list[Line] = []
    keys = [step.key for step in before], [step.key for step in after]
    for kind, a, b, c, d in SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        for place in range(max(b - a, d - c)):
            was = before[a + place] if a + place < b else None
            now = after[c + place] if c + place < d else None
            found.append(_line(was, now, kind == "equal"))
    return found


def _line(was: Step | None, now: Step | None, same: bool) -> Line:
    if now is None:
        assert was is not None
        return Line(was.number, "gone", [Run("gone", was.text)], [("gone", one) for one in was.branches])
    if was is None:
        return Line(now.number, "new", [Run("new", now.text)], [("new", one) for one in now.branches])
    runs = [Run("same", now.text)] if same else compare_words(was.text, now.text)
    return Line(now.number, "same", runs, _branches(was.branches, now.branches))


def _branches(was: Sequence[Branch], now: Sequence[Branch]) -> list[tuple[str, Branch]]:
    known, fresh = {one.key for one in was}, {one.key for one in now}
    gone = [("gone", one) for one in was if one.key not in fresh]
    return gone + [("same" if one.key in known else "new", one) for one in now]


def changed_rules(old: Regulation | None, new: Regulation, names: Mapping[str, str]) -> dict[str, str]:
    """By rule code what the version in force demands, where the draft demands something else."""
    before = norms.read_norms(old.norms if old else {}, names)
    after = norms.read_norms(new.norms, names)
    stages = wording.stage_names(before)
    found = {}
    for code, norm in before.items():
        facts = RULES[code].facts
        if norm == after[code] or facts is None:
            continue
        fact = facts(norm)
        told = [] if fact is None else [one for one in (fact.says, fact.also) if one]
        found[code] = "; ".join(wording.say(one, names, stages) for one in told) or _("nothing demanded")
    return found


def remarks(regulation: Regulation) -> list[str]:
    """What an editor may have overlooked."""
    found = []
    limit = regulations.longest_stay(regulation.norms)
    named = wording.read_term(regulation.term)
    if limit and named and named != limit[0]:
        words = {"text": wording.length(named), "norm": wording.length(limit[0])}
        found.append(
            _("The text of the term says %(text)s, the check %(norm)s: people will believe the text.") % words
        )
    if not regulation.goal:
        found.append(_("The goal of the stage is empty: nobody will know when the work is done."))
    return found
