"""Reading a document written by hand: typed values, and errors that name the place.

Every failure is one ValueError such as ``components[2].tiers[1].rate: must be a number from 0 to 1, not "abc"``.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any


def _any_name(name: str) -> object:
    return name


@dataclass(frozen=True)
class Place:
    """A value and where it stands in the document. ``check`` raises ValueError for a name that is no measure."""

    path: str
    value: Any
    check: Callable[[str], object] = _any_name

    def fail(self, demand: str) -> ValueError:
        shown = (
            "missing"
            if self.value is None
            else f"not {json.dumps(self.value, ensure_ascii=False, default=str)[:60]}"
        )
        return ValueError(f"{self.path}: must be {demand}, {'but is ' if self.value is None else ''}{shown}")

    def __getitem__(self, key: str) -> "Place":
        return replace(self, path=f"{self.path}.{key}".lstrip("."), value=self.value.get(key))

    def __contains__(self, key: str) -> bool:
        return self.value.get(key) is not None

    def keys(self, *known: str) -> "Place":
        """This object, which may have no other keys than ``known``."""
        if not isinstance(self.value, dict):
            raise self.fail("an object")
        for key in self.value:
            if key not in known:
                raise ValueError(f"{self[key].path}: is not known here; known are {', '.join(known)}")
        return self

    def items(self, least: int = 1) -> Iterator["Place"]:
        if not isinstance(self.value, list) or len(self.value) < least:
            raise self.fail("a list" if least < 1 else f"a list of {least} or more")
        return (
            replace(self, path=f"{self.path}[{number}]", value=item) for number, item in enumerate(self.value)
        )

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fail("a text")
        if "штраф" in self.value.lower():
            raise ValueError(
                f"{self.path}: «штраф» is not a word of a pay scheme: quality is a condition of earning"
            )
        return self.value

    def texts(self, *languages: str) -> dict[str, str]:
        """A text in every language."""
        self.keys(*languages)
        return {language: self[language].text() for language in languages}

    def choice(self, among: Sequence[str]) -> str:
        if self.value not in among:
            raise self.fail(f"one of {', '.join(among)}")
        return str(self.value)

    def flag(self) -> bool:
        """True or false; false when left out."""
        if self.value is None:
            return False
        if not isinstance(self.value, bool):
            raise self.fail("true or false")
        return self.value

    def short_text(self) -> str:
        """A text of a line."""
        text = self.text().strip()
        if len(text) > 100:
            raise self.fail("a text of 100 signs at most")
        return text

    def whole(self, least: int, most: int = 10**18) -> int:
        found = self.value
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            raise self.fail(f"a whole number from {least}" + ("" if most == 10**18 else f" to {most}"))
        return found

    def number(self, least: Decimal | int = 0, most: Decimal | int | None = None) -> Decimal:
        """A finite number, written as a number or as text; binary floats are taken by their printed digits."""
        demand = f"a number from {least}" + ("" if most is None else f" to {most}")
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
            or abs(found) > 10**12
        ):
            raise self.fail(demand)
        return found

    def positive(self, most: Decimal | int | None = None) -> Decimal:
        found = self.number(0, most)
        if not found:
            raise self.fail("a number above 0")
        return found

    def day(self, demand: str = "a day such as 2026-11-01") -> date:
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            raise self.fail(demand) from None

    def code(self) -> str:
        text = self.text()
        if len(text) > 40 or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in text):
            raise self.fail("a short name of latin letters, digits, - and _")
        return text

    def measure(self) -> str:
        """The name of a measure that there is."""
        name = self.text()
        self.demand_measure(name)
        return name

    def demand_measure(self, name: str) -> None:
        """ValueError, with this place, when there is no measure of that name."""
        try:
            self.check(name)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None
