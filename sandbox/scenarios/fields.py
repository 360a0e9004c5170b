"""Custom fields of the account: what they are, and how a value looks in a lead and in an event."""

from dataclasses import dataclass
from typing import NamedTuple

from . import clients
from .company import ACCOUNT_ID, STAGES

# Type numbers of the old API, which events still carry.
_EVENT_TYPE = {"text": 1, "select": 4, "multiselect": 5, "date": 6}


@dataclass(frozen=True, eq=False)
class Field:
    id: int
    name: str
    type: str
    enums: dict[str, int]
    required_on: tuple[str, ...]


def _field(
    number: int, name: str, kind: str, values: tuple[str, ...] = (), required: tuple[str, ...] = ()
) -> Field:
    base = 1250000 + number * 1000
    return Field(base, name, kind, {value: base + n for n, value in enumerate(values, 1)}, required)


WAITING_REASONS = ("Ждёт запчасть", "Ждёт деньги", "Ждёт отпуск или поездку", "Выбирает между предложениями")
SOURCES = ("Авито", "Сайт", "Звонок", "Рекомендация", "Повторное обращение", "Опт")

_QUALIFIED_ON = ("sales.qualified", "sales.payment", "sales.ready")
BRAND = _field(1, "Марка авто", "select", tuple(clients.CARS), ("sales.contact", *_QUALIFIED_ON))
MODEL = _field(2, "Модель", "text", (), _QUALIFIED_ON)
SERVICE = _field(3, "Услуга", "multiselect", tuple(clients.SERVICES), _QUALIFIED_ON)
SOURCE = _field(4, "Источник", "select", SOURCES)
CITY = _field(5, "Город", "text")
PROMISED = _field(6, "Дата обещанной оплаты", "date", (), ("sales.payment",))
REASON = _field(7, "Причина ожидания", "select", WAITING_REASONS, ("sales.waiting",))
LEAD_FIELDS = (BRAND, MODEL, SERVICE, SOURCE, CITY, PROMISED, REASON)

PHONE_ID, PHONE_WORK = 1250901, 1250911
_PHONES, _EMAILS = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"), ("WORK", "PRIV", "OTHER")


class Standard(NamedTuple):
    """A field that every account has; the first option's id is `first`."""

    id: int
    entity: str
    code: str
    name: str
    type: str
    first: int = 0
    options: tuple[str, ...] = ()


STANDARD = (
    Standard(1250902, "contacts", "POSITION", "Должность", "text"),
    Standard(PHONE_ID, "contacts", "PHONE", "Телефон", "multitext", PHONE_WORK, _PHONES),
    Standard(1250903, "contacts", "EMAIL", "Email", "multitext", 1250921, _EMAILS),
    Standard(1250904, "companies", "PHONE", "Телефон", "multitext", 1250931, _PHONES),
    Standard(1250905, "companies", "EMAIL", "Email", "multitext", 1250941, _EMAILS),
    Standard(1250906, "companies", "WEB", "Web", "url"),
    Standard(1250907, "companies", "ADDRESS", "Адрес", "textarea"),
)
_BY_CODE = {(one.entity, one.code): one for one in STANDARD}

Value = str | int | tuple[str, ...]


def values(field: Field, value: Value) -> list[dict]:
    """The `values` in a lead; a multiselect takes a tuple, a date Unix seconds of Moscow midnight."""
    if field.type in ("text", "date"):
        return [{"value": value}]
    chosen = value if isinstance(value, tuple) else (str(value),)
    return [{"value": v, "enum_id": field.enums[v], "enum_code": None} for v in chosen]


def in_lead(filled: dict[Field, list[dict]]) -> list[dict] | None:
    """amoCRM says null, never [], when nothing is filled."""
    return [
        {"field_id": f.id, "field_name": f.name, "field_code": None, "field_type": f.type,
        "values": filled[f]}
        for f in LEAD_FIELDS if f in filled
    ] or None  # fmt: skip


def in_event(field: Field, items: list[dict]) -> list[dict]:
    number = _EVENT_TYPE[field.type]
    return [
        {"custom_field_value": {"field_id": field.id, "field_type": number, "enum_id": item.get("enum_id"),
                                "text": str(item["value"])}}
        for item in items
    ]  # fmt: skip


def phone(number: str) -> list[dict]:
    return [standard("contacts", "PHONE", number)]


def standard(entity: str, code: str, value: str) -> dict:
    """A filled standard field of a contact or a company, in its read shape."""
    field = _BY_CODE[entity, code]
    option = {"enum_id": field.first, "enum_code": "WORK"} if field.options else {}
    return {"field_id": field.id, "field_name": field.name, "field_code": code, "field_type": field.type,
            "values": [{"value": value, **option}]}  # fmt: skip


def _row(number: int, id_: int, name: str, kind: str, enums: list[dict] | None, required: list[dict],
         entity: str, code: str | None = None) -> dict:  # fmt: skip
    return {
        "id": id_, "name": name, "type": kind, "account_id": ACCOUNT_ID, "code": code, "sort": 500 + number,
        "is_api_only": False, "enums": enums, "group_id": None, "required_statuses": required,
        "is_deletable": code is None, "is_predefined": code is not None, "entity_type": entity,
        "remind": None,
        "currency": None, "settings": None,
    }  # fmt: skip


def dictionary() -> list[dict]:
    """All custom fields: those of leads, and the standard ones of contacts and companies."""
    rows = []
    for number, field in enumerate(LEAD_FIELDS, 1):
        enums = [
            {"id": i, "value": v, "sort": 10 * n, "code": None}
            for n, (v, i) in enumerate(field.enums.items(), 1)
        ]
        required = [
            {"status_id": STAGES[key].status, "pipeline_id": STAGES[key].pipeline}
            for key in field.required_on
        ]
        rows.append(_row(number, field.id, field.name, field.type, enums or None, required, "leads"))
    for number, one in enumerate(STANDARD, len(LEAD_FIELDS) + 1):
        options = [
            {"id": one.first + n, "value": word, "sort": 10 * (n + 1), "code": word}
            for n, word in enumerate(one.options)
        ]
        rows.append(_row(number, one.id, one.name, one.type, options or None, [], one.entity, one.code))
    return rows
