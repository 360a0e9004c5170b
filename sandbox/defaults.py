"""What every amoCRM account has from its first day, put in where the data does not say."""

import uuid

from sandbox.account_rows import (
    INCOMING,
    LOST,
    WON,
    Account,
    CustomField,
    Enum,
    Group,
    Pipeline,
    PipelineParts,
    Status,
    TaskType,
    User,
    full_rights,
)
from sandbox.rows import Data

# The documentation's own JSON writes date_formant, the vendor's client reads date_format: both are there.
DATETIME = {
    "date_pattern": "d.m.Y H:i",
    "short_date_pattern": "d.m.Y",
    "short_time_pattern": "H:i",
    "date_formant": "d.m.Y",
    "date_format": "d.m.Y",
    "time_format": "H:i:s",
    "timezone": "Europe/Moscow",
    "timezone_offset": "+03:00",
}
SYMBOLS = {"RUB": "₽", "EUR": "€", "USD": "$", "KZT": "₸"}
PHONES = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
EMAILS = ("WORK", "PRIV", "OTHER")


def fill_gaps(data: Data, now: int) -> None:
    """Add the default group, task types, admin, pipeline and predefined fields; complete rows from dictionaries."""
    _fill_account(data, now)
    if not data.users:
        data.users = [_admin()]
    if not data.pipelines:
        data.pipelines = [
            new_pipeline(7000001, "Воронка", data.account.id, ["Первичный контакт", "Переговоры"])
        ]
        data.pipelines[0].is_main = True
    for pipeline in data.pipelines:
        pipeline.account_id = data.account.id
        for status in pipeline.statuses:
            status.pipeline_id, status.account_id = pipeline.id, data.account.id
    first = max((field.id for field in data.custom_fields), default=500000) + 1
    known = {(field.entity_type, field.code) for field in data.custom_fields}
    data.custom_fields += [
        field for field in predefined_fields(first) if (field.entity_type, field.code) not in known
    ]
    for field in data.custom_fields:
        field.account_id = data.account.id
    _complete_rows(data)


def _fill_account(data: Data, now: int) -> None:
    account: Account = data.account
    parts = account.embedded
    account.created_at = account.created_at or now - 3 * 365 * 86400
    account.updated_at = account.updated_at or account.created_at
    account.currency_symbol = account.currency_symbol or SYMBOLS.get(account.currency, account.currency)
    name = f"amocrm:{account.id}"
    account.uuid = account.uuid or str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    account.amojo_id = account.amojo_id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:amojo"))
    codes = {one.code for one in parts.task_types}
    standard = [
        TaskType(id=1, name="Связаться", code="FOLLOW_UP"),
        TaskType(id=2, name="Встреча", code="MEETING"),
    ]
    taken = {one.id for one in parts.task_types}
    missing = [one for one in standard if one.code not in codes and one.id not in taken]
    parts.task_types = missing + parts.task_types
    groups = {group.id: group for group in parts.users_groups}
    for user in data.users:
        for group in user.embedded.groups:
            groups.setdefault(group.id, group)
    groups.setdefault(0, Group(0, "Отдел продаж"))
    for group in groups.values():
        group.uuid = group.uuid or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:group:{group.id}"))
    parts.users_groups = [groups[group_id] for group_id in sorted(groups)]
    told = parts.datetime_settings
    date = told.get("date_format") or told.get("date_formant") or DATETIME["date_format"]
    parts.datetime_settings = {**DATETIME, "date_formant": date, "date_format": date, **told}


def _admin() -> User:
    return User(
        id=1000001,
        name="Администратор",
        email="admin@example.com",
        rights={**full_rights(), "is_admin": True},
    )


def new_pipeline(
    pipeline_id: int, name: str, account_id: int, stages: list[str], first_id: int = 0
) -> Pipeline:
    """A pipeline with its three system statuses; statuses get ids from `first_id` (default: next to the pipeline's)."""
    first_id = first_id or pipeline_id * 10
    incoming = Status(
        id=first_id, name="Неразобранное", sort=10, is_editable=False, color="#c1c1c1", type=INCOMING
    )
    ordinary = [
        Status(id=first_id + number, name=stage, sort=10 + number * 10, color="#99ccff")
        for number, stage in enumerate(stages, start=1)
    ]
    won = Status(id=WON, name="Успешно реализовано", sort=10000, is_editable=False, color="#CCFF66")
    lost = Status(id=LOST, name="Закрыто и не реализовано", sort=11000, is_editable=False, color="#D5D8DB")
    statuses = [incoming, *ordinary, won, lost]
    for status in statuses:
        status.pipeline_id, status.account_id = pipeline_id, account_id
    return Pipeline(
        id=pipeline_id,
        name=name,
        sort=1,
        is_unsorted_on=True,
        account_id=account_id,
        embedded=PipelineParts(statuses),
    )


def predefined_fields(first_id: int) -> list[CustomField]:
    """Phone, e-mail and the like of contacts and companies: each of them stands in every account."""
    plan = [
        ("contacts", "Должность", "text", "POSITION", ()),
        ("contacts", "Телефон", "multitext", "PHONE", PHONES),
        ("contacts", "Email", "multitext", "EMAIL", EMAILS),
        ("companies", "Телефон", "multitext", "PHONE", PHONES),
        ("companies", "Email", "multitext", "EMAIL", EMAILS),
        ("companies", "Web", "url", "WEB", ()),
        ("companies", "Адрес", "textarea", "ADDRESS", ()),
    ]
    fields = []
    for number, (entity_type, name, kind, code, codes) in enumerate(plan):
        field_id = first_id + number * 10
        enums = [Enum(field_id * 10 + place, one, 500 + place) for place, one in enumerate(codes)] or None
        fields.append(
            CustomField(
                id=field_id,
                name=name,
                type=kind,
                code=code,
                sort=500 + number,
                enums=enums,
                is_deletable=False,
                is_predefined=True,
                entity_type=entity_type,
            )
        )
    return fields


def _complete_rows(data: Data) -> None:
    account_id = data.account.id
    fields = {field.id: field for field in data.custom_fields}
    closest: dict[tuple[str | None, int | None], int] = {}
    for task in data.tasks:
        task.account_id = account_id
        key = (task.entity_type, task.entity_id)
        if not task.is_completed and task.complete_till < closest.get(key, task.complete_till + 1):
            closest[key] = task.complete_till
    for kind, rows in (("leads", data.leads), ("contacts", data.contacts), ("companies", data.companies)):
        for row in rows:
            row.account_id = account_id
            row.closest_task_at = closest.get((kind, row.id))
            row.custom_fields_values = row.custom_fields_values or None
            for values in row.custom_fields_values or ():
                field = fields.get(values.field_id)
                if field is not None:
                    values.field_name = values.field_name or field.name
                    values.field_code = values.field_code or field.code
                    values.field_type = values.field_type or field.type
    for note in data.notes:
        note.account_id = account_id
    for incoming in data.unsorted:
        incoming.account_id = account_id
    for talk in data.talks:
        talk.account_id = account_id
