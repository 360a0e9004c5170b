"""Sentences that pure code says: a text to be translated, and the values with which its places will be filled.

``gettext`` and ``ngettext`` translate nothing. They have the names by which texts are collected for translation, and
give a `Text`, which `kpi.sentences` turns into words of the reader's language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Text:
    """``plural`` and ``number`` where the form of the words depends on a number."""

    msgid: str
    words: Mapping[str, "Word"]
    plural: str | None = None
    number: int = 0


@dataclass(frozen=True)
class Money:
    amount: Decimal


@dataclass(frozen=True)
class Difference:
    """Money with its sign."""

    amount: Decimal


@dataclass(frozen=True)
class Percent:
    share: Decimal


@dataclass(frozen=True)
class Plain:
    """A number without needless zeros."""

    number: Decimal
    places: int = 2


@dataclass(frozen=True)
class Said:
    """Words of a document, as somebody wrote them."""

    text: str


@dataclass(frozen=True)
class Day:
    day: date


@dataclass(frozen=True)
class Measured:
    """A measure's value, in the unit of the measure."""

    measure: str
    value: Decimal


@dataclass(frozen=True)
class MeasureTitle:
    measure: str


@dataclass(frozen=True)
class Titles:
    """Components of the scheme by their titles there."""

    codes: Sequence[str]


@dataclass(frozen=True)
class Listing:
    """Words or texts one after another."""

    words: Sequence["Word"]
    separator: str = ", "


Word = (
    Text
    | int
    | Money
    | Difference
    | Percent
    | Plain
    | Said
    | Day
    | Measured
    | MeasureTitle
    | Titles
    | Listing
)


def gettext(msgid: str, **words: Word) -> Text:
    return Text(msgid, words)


def ngettext(msgid: str, plural: str, number: int, **words: Word) -> Text:
    return Text(msgid, words, plural, number)


def gettext_noop(msgid: str) -> str:
    """Marks a title or a label for translation."""
    return msgid
