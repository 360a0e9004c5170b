"""Steps and scenarios of a stage: numbered steps with their «if …, then …» branches, read from the text that people
write, and how two of them differ. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import blake2b
from typing import Literal, NamedTuple

NUMBER = re.compile(r"(?:^|(?<=[.!?;:»)])\s+|^\s+)(\d{1,2})[.)]\s+(?=\S)")
BULLET = re.compile(r"^\s*[-–—•*]\s+")
CASE = re.compile(r"^\s*(?:если|if)\s+", re.IGNORECASE)
THEN = re.compile(r"\s*,?\s+(?:то|then)\s+|\s*(?:→|->|=>)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Branch:
    """«If ``case``, then ``then``»; ``case`` is empty where the text names none."""

    case: str
    then: str

    @property
    def key(self) -> str:
        return key_of(f"{self.case}|{self.then}")


@dataclass(frozen=True)
class Step:
    """``number`` is 0 for a note that belongs to no step."""

    number: int
    text: str
    branches: tuple[Branch, ...] = ()

    @property
    def key(self) -> str:
        return key_of(self.text)


def key_of(text: str) -> str:
    """The same for one text however it is spaced, cased and ended."""
    plain = " ".join(text.casefold().split()).rstrip(" .;")
    return blake2b(plain.encode(), digest_size=8).hexdigest()


def read_steps(text: str) -> tuple[Step, ...]:
    """The steps of a text: numbered ones, or else its lines; a line of «если …, то …» or with a dash is a branch of the
    step before it, and a line without a number among numbered ones a note.
    """
    found: list[tuple[bool, str, list[Branch]]] = []
    lines = [line for line in text.replace("\r", "").split("\n") if line.strip()]
    numbered = any(NUMBER.search(line) for line in lines)
    for line in lines:
        for is_step, part in _parts(line):
            if not is_step and found and (BULLET.match(part) or CASE.match(part)):
                found[-1][2].append(read_branch(part))
            else:
                found.append((is_step or not numbered, part.strip(), []))
    steps, number = [], 0
    for is_step, part, branches in found:
        number += is_step
        steps.append(Step(number if is_step else 0, part, tuple(branches)))
    return tuple(steps)


def _parts(line: str) -> Iterator[tuple[bool, str]]:
    marks = list(NUMBER.finditer(line))
    if not marks:
        yield False, line
        return
    if head := line[: marks[0].start()].strip():
        yield False, head
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        part = line[mark.end() : following.start() if following else len(line)].strip()
        if part:
            yield True, part


def read_branch(line: str) -> Branch:
    line = BULLET.sub("", line).strip()
    begun = CASE.match(line)
    if begun is None:
        return Branch("", line)
    case, *then = THEN.split(line[begun.end() :], maxsplit=1)
    return Branch(case.strip(" ,"), then[0].strip() if then else "")


def write_steps(document: object) -> str:
    """The text of steps that came as a list: texts, or ``{"do": …, "if": [{"case": …, "then": …}]}``. Raises ValueError
    (untranslated, the place that is wrong) for anything else."""
    if isinstance(document, str):
        return document
    if not isinstance(document, list):
        raise ValueError("steps")
    lines = []
    for number, one in enumerate(document, 1):
        step = {"do": one} if isinstance(one, str) else one
        if not isinstance(step, dict) or set(step) - {"do", "if"} or not isinstance(step.get("do"), str):
            raise ValueError(f"steps[{number}]")
        lines.append(f"{number}. {' '.join(step['do'].split())}")
        branches = step.get("if", [])
        if not isinstance(branches, list):
            raise ValueError(f"steps[{number}].if")
        for branch in branches:
            if (
                not isinstance(branch, dict)
                or set(branch) - {"case", "then"}
                or not all(isinstance(branch.get(name), str) for name in ("case", "then"))
            ):
                raise ValueError(f"steps[{number}].if")
            lines.append(f"   если {branch['case'].strip()}, то {branch['then'].strip()}")
    return "\n".join(lines)


# How two texts differ

SAME, GONE, NEW = "same", "gone", "new"
WORD = re.compile(r"\s+|[^\s]+")


class Run(NamedTuple):
    """A part of a text: in both, only in the old one, only in the new one."""

    kind: Literal["same", "gone", "new"]
    text: str


def compare_words(old: str, new: str) -> list[Run]:
    """The old text turned into the new one, word by word."""
    before, after = WORD.findall(old), WORD.findall(new)
    runs: list[Run] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            runs.append(Run("same", "".join(after[c:d])))
            continue
        if gone := "".join(before[a:b]):
            runs.append(Run("gone", gone))
        if fresh := "".join(after[c:d]):
            runs.append(Run("new", fresh))
    return runs


class Change(NamedTuple):
    """What became of a step or of a branch of it: ``old`` or ``new`` is None where there was or is none."""

    number: int
    old: str | Branch | None
    new: str | Branch | None


def compare_steps(old: Sequence[Step], new: Sequence[Step]) -> list[Change]:
    """Steps and branches that are new, gone or said otherwise, in the order of the new text."""
    found: list[Change] = []
    before, after = [step.key for step in old], [step.key for step in new]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for place in range(max(b - a, d - c)):
            was = old[a + place] if a + place < b else None
            now = new[c + place] if c + place < d else None
            number = (now or was).number  # type: ignore[union-attr]  # one of both
            if kind != "equal":
                found.append(Change(number, was.text if was else None, now.text if now else None))
            found += _compare_branches(number, was.branches if was else (), now.branches if now else ())
    return found


def _compare_branches(number: int, old: Sequence[Branch], new: Sequence[Branch]) -> Iterator[Change]:
    before, after = [branch.key for branch in old], [branch.key for branch in new]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for place in range(max(b - a, d - c)):
            was = old[a + place] if a + place < b else None
            now = new[c + place] if c + place < d else None
            yield Change(number, was, now)
