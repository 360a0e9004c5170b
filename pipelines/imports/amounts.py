"""Amounts as people and programs write them. Pure.

«350,000» is 350,000 to some and 350 to others. What such a cell means only the other cells of its column can prove;
where they prove nothing, nobody guesses.
"""

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

CENT, DIGITS = Decimal("0.01"), 13
CURRENCY = re.compile(
    r"[₽$€₸£₴¥]|руб(?:лей|ля|ль|\.)?|р\.|тенге|(?:rub|usd|eur|kzt|byn|uah)\b", re.IGNORECASE
)
SPACES = re.compile(r"[\s'’]+")  # also those that do not break, and what the Swiss write
PLAIN = re.compile(r"(\d{1,3}(?: \d{3})+|\d+)(?:([.,])(\d+))?")
GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3}(?:\1\d{3})*)(?:(?!\1)([.,])(\d+))?")
OF_A_PROGRAM = 6  # decimals that `spreadsheet` writes: no proof of how people do


class NoAmount(ValueError):
    pass


class Doubt(NamedTuple):
    """Either ``whole`` thousands or ``part`` of one, as its one sign parts thousands or decimals."""

    sign: str
    whole: Decimal
    part: Decimal


@dataclass
class Notation:
    """What the amounts of one column have proved: the signs before decimals, and those between thousands."""

    decimals: set[str] = field(default_factory=set)
    thousands: set[str] = field(default_factory=set)

    def read(self, cell: str) -> Decimal | Doubt | None:
        """«350 000», «1 234,50 ₽», «1,234,567.00»; None for an empty cell. Raises NoAmount."""
        text = SPACES.sub(" ", CURRENCY.sub("", cell)).strip()
        if not text:
            return None
        if plain := PLAIN.fullmatch(text):
            whole, sign, rest = plain[1].replace(" ", ""), plain[2], plain[3] or ""
            if sign and len(rest) == 3 and len(plain[1]) <= 3 and whole[0] != "0":
                return Doubt(sign, amount(whole + rest), amount(whole, rest))
            if sign and not (sign == "." and len(rest) == OF_A_PROGRAM):
                self.decimals.add(sign)
            return amount(whole, rest)
        if grouped := GROUPED.fullmatch(text):
            self.thousands.add(grouped[1])
            if grouped[2]:
                self.decimals.add(grouped[2])
            head = text[: grouped.start(2)] if grouped[2] else text
            return amount(re.sub(r"\D", "", head), grouped[3] or "")
        raise NoAmount(cell)

    def settle(self, doubt: Doubt) -> Decimal | None:
        """What it means by all that is proved; None when that is nothing, or both."""
        other = {".": ",", ",": "."}[doubt.sign]
        whole = doubt.sign in self.thousands or other in self.decimals
        part = doubt.sign in self.decimals or other in self.thousands
        return None if whole == part else doubt.whole if whole else doubt.part


def amount(whole: str, rest: str = "") -> Decimal:
    if len(whole) > DIGITS:
        raise NoAmount(whole)
    return Decimal(f"{whole}.{rest or 0}").quantize(CENT, ROUND_HALF_UP)
