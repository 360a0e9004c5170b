"""From the editor's form to a document: each field's name is its place in the document (``components[0].amount``).

Nothing is judged here: what makes no sense stays as it was typed, and the reader of documents names its place.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict

from kpi.calculation.fields import Field, fields_of
from kpi.calculation.running import MONTH, PERIODS
from kpi.components import KINDS
from kpi.pay_schemes import LANGUAGES

MOST = 60  # components, and rows of one field
DIGITS = 20  # before or after the point
SPACES = str.maketrans("", "", " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}₽%")


def read_sent(sent: QueryDict) -> dict[str, Any]:
    """The document that the form describes, without its code and its day."""
    document: dict[str, Any] = {"title": _titles(sent, "title")}
    quotas = {
        length: value for length in PERIODS if (value := _number(sent.get(f"quota.{length}", ""))) is not None
    }
    if quotas:
        document["quota"] = quotas
    if people := [_whole(one) for one in sent.getlist("people")[:1000]]:
        document["people"] = people
    if sent.get("overlay"):
        document["overlay"] = True
    document["components"] = list(_components(sent))
    return document


def _components(sent: QueryDict) -> Iterator[dict[str, Any]]:
    for number in range(MOST):
        path = f"components[{number}]"
        kind = sent.get(f"{path}.kind")
        if kind is None:
            return
        found: dict[str, Any] = {
            "kind": kind,
            "code": sent.get(f"{path}.code", "").strip(),
            "title": _titles(sent, f"{path}.title"),
        }
        period = sent.get(f"{path}.period", MONTH)
        if period != MONTH:
            found["period"] = period
        yield found | (_fields(sent, path, fields_of(KINDS[kind])) if kind in KINDS else {})


def _titles(sent: QueryDict, path: str) -> dict[str, str]:
    return {language: sent.get(f"{path}.{language}", "").strip() for language in LANGUAGES}


def _fields(sent: QueryDict, path: str, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Those that are filled in."""
    found = {one.name: _read(sent, f"{path}.{one.name}", one) for one in fields}
    return {name: value for name, value in found.items() if value is not None}


def _read(sent: QueryDict, name: str, field: Field) -> Any:
    text = sent.get(name, "").strip()
    match field.entry:
        case "flag":
            return True if text else None
        case "components":
            return sent.getlist(name)[:MOST] or ([] if field.required else None)
        case "points":
            pairs = [
                [_number(sent.get(f"{row}[0]", "")), _number(sent.get(f"{row}[1]", ""))]
                for row in _rows(sent, name)
            ]
            kept = [pair for pair in pairs if pair != [None, None]]
            return kept or ([] if field.required else None)
        case "rows":
            return [_fields(sent, row, field.columns) for row in _rows(sent, name)]
        case "money" | "number":
            return _number(text)
        case "share":
            return _share(text)
        case "whole" | "person":
            return _whole(text) if text else None
    return text or None


def _rows(sent: QueryDict, name: str) -> Iterator[str]:
    for number in range(MOST):
        row = f"{name}[{number}]"
        if row not in sent:
            return
        yield row


def _number(text: str) -> str | None:
    """«1 200 000,50» as a document writes it; nonsense stays what it is."""
    plain = text.translate(SPACES).replace(",", ".")
    return plain or None


def _share(text: str) -> str | None:
    """Of per cent: «4,5» is 0.045."""
    plain = _number(text)
    if plain is None:
        return None
    try:
        found = Decimal(plain)
    except InvalidOperation:
        return text
    return f"{(found / 100).normalize():f}" if is_written_out(found) else text


def is_written_out(number: Decimal) -> bool:
    """Whether its digits may be written one by one: «1e999999» has a million of them."""
    return number.is_finite() and abs(number.adjusted()) <= DIGITS


def _whole(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) < 19 else text
