"""Reading a document written by hand: typed values, and errors that name the place.

Every failure is one `Fault` such as ``components[2].tiers[1].rate: must be a number from 0 to 1, not "abc"``.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from kpi.calculation.wording import Said, Text, Word, gettext

LARGEST = 10**12


class Fault(ValueError):
    """What is wrong at a place of a document: in English as its words, for a page as a ``text`` to be said."""

    def __init__(self, path: str, text: Text) -> None:
        super().__init__(f"{path}: {_in_english(text)}")
        self.path, self.text = path, text


def _in_english(word: Word) -> str:
    if isinstance(word, Text):
        return word.msgid % {place: _in_english(one) for place, one in word.words.items()}
    return word.text if isinstance(word, Said) else str(word)


def _any_name(name: str) -> object:
    return name


@dataclass(frozen=True)
class Place:
    """A value and where it stands in the document. ``check`` raises ValueError for a name that is no measure.

    Readers raise `Fault`.
    """

    path: str
    value: Any
    check: Callable[[str], object] = _any_name

    def fail(self, demand: Text) -> Fault:
        """``demand``: what it must be."""
        if self.value is None:
            return self.fault(gettext("must be %(demand)s, but is missing", demand=demand))
        shown = json.dumps(self.value, ensure_ascii=False, default=str)[:60]
        return self.fault(gettext("must be %(demand)s, not %(value)s", demand=demand, value=Said(shown)))

    def fault(self, text: Text) -> Fault:
        """``text``: what is wrong here."""
        return Fault(self.path, text)

    def __getitem__(self, key: str) -> "Place":
        return replace(self, path=f"{self.path}.{key}".lstrip("."), value=self.value.get(key))

    def __contains__(self, key: str) -> bool:
        return self.value.get(key) is not None

    def keys(self, *known: str) -> "Place":
        """This object, which may have no other keys than ``known``."""
        if not isinstance(self.value, dict):
            raise self.fail(gettext("an object"))
        for key in self.value:
            if key not in known:
                raise self[key].fault(
                    gettext("is not known here; known are %(names)s", names=Said(", ".join(known)))
                )
        return self

    def items(self, least: int = 1) -> Iterator["Place"]:
        if not isinstance(self.value, list) or len(self.value) < least:
            wanted = gettext("a list") if least < 1 else gettext("a list of %(least)s or more", least=least)
            raise self.fail(wanted)
        return (
            replace(self, path=f"{self.path}[{number}]", value=item) for number, item in enumerate(self.value)
        )

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fail(gettext("a text"))
        if "штраф" in self.value.lower():
            raise self.fault(
                gettext("«штраф» is not a word of a pay scheme: quality is a condition of earning")
            )
        return self.value

    def texts(self, *languages: str) -> dict[str, str]:
        """A text in every language."""
        self.keys(*languages)
        return {language: self[language].text() for language in languages}

    def choice(self, among: Sequence[str]) -> str:
        if self.value not in among:
            raise self.fail(gettext("one of %(names)s", names=Said(", ".join(among))))
        return str(self.value)

    def flag(self) -> bool:
        """True or false; false when left out."""
        if self.value is None:
            return False
        if not isinstance(self.value, bool):
            raise self.fail(gettext("true or false"))
        return self.value

    def short_text(self) -> str:
        """A text of a line."""
        text = self.text().strip()
        if len(text) > 100:
            raise self.fail(gettext("a text of 100 signs at most"))
        return text

    def whole(self, least: int, most: int = 10**18) -> int:
        found = self.value
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            if most == 10**18:
                raise self.fail(gettext("a whole number from %(least)s", least=least))
            raise self.fail(gettext("a whole number from %(least)s to %(most)s", least=least, most=most))
        return found

    def number(self, least: Decimal | int = 0, most: Decimal | int | None = None) -> Decimal:
        """A finite number, written as a number or as text; binary floats are taken by their printed digits."""
        bounds = {"least": Said(str(least)), "most": Said(str(most))}
        demand = gettext("a number from %(least)s to %(most)s", **bounds)
        if most is None:
            demand = gettext("a number from %(least)s", least=Said(str(least)))
        if isinstance(self.value, bool) or not isinstance(self.value, int | float | str | Decimal):
            raise self.fail(demand)
        try:
            found = Decimal(str(self.value))
        except InvalidOperation:
            raise self.fail(demand) from None
        if (
            not found.is_finite()
            or found < least
            or (most is not None and found > most)
            or not -LARGEST <= found <= LARGEST  # arithmetic on «1e9999999» overflows, comparing does not
        ):
            raise self.fail(demand)
        return found

    def positive(self, most: Decimal | int | None = None) -> Decimal:
        found = self.number(0, most)
        if not found:
            raise self.fail(gettext("a number above 0"))
        return found

    def day(self, demand: Text | None = None) -> date:
        text = self.text()
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.fail(demand or gettext("a day such as 2026-11-01")) from None

    def code(self) -> str:
        text = self.text()
        if len(text) > 40 or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in text):
            raise self.fail(gettext("a short name of latin letters, digits, - and _"))
        return text

    def measure(self) -> str:
        """The name of a measure that there is."""
        name = self.text()
        self.demand_measure(name)
        return name

    def demand_measure(self, name: str) -> None:
        """Fault, with this place, when there is no measure of that name."""
        try:
            self.check(name)
        except ValueError as error:
            raise self.fault(Text("%(error)s", {"error": Said(str(error))})) from None
