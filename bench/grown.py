"""An account of any size, as the sandbox loads it: deals with a contact now and then, a task each and their events."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

PIPELINE, FIRST_STAGE, STAGES, PEOPLE = 7_000_001, 70_000_011, 6, 12
FIELDS = ("Город", "Марка", "Источник", "Комментарий")
DAYS = 300  # amoCRM keeps events for a year


def account(deals: int, *, events: int = 2, seed: int = 1, now: datetime | None = None) -> dict[str, Any]:
    """``events`` a deal, the first its creation; a task a deal, a contact for every fourth, a note for every tenth.

    The same arguments give the same account, without ``now`` on the same day: it ends at midnight.
    """
    chance = Random(seed)
    end = int((now or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)).timestamp())
    begin = end - int(timedelta(days=DAYS).total_seconds())
    people = [2001 + number for number in range(PEOPLE)]
    data: dict[str, Any] = {
        "users": [person(key) for key in people],
        "pipelines": [pipeline()],
        "custom_fields": [
            {"id": 900 + place, "name": name, "type": "text", "sort": place}
            for place, name in enumerate(FIELDS)
        ],
        "contacts": [],
        "leads": [],
        "tasks": [],
        "notes": [],
        "events": [],
    }
    for number in range(deals):
        key, owner = 10_000_000 + number, chance.choice(people)
        born = begin + (end - begin - 40_000) * number // deals
        moments = [born, *sorted(born + chance.randrange(60, 30_000) for _ in range(events - 1))]
        by = {"created_by": owner, "updated_by": owner, "responsible_user_id": owner, "created_at": born}
        parts: dict[str, Any] = {"tags": [], "companies": [], "contacts": []}
        if number % 4 == 0:
            contact = 40_000_000 + number
            parts["contacts"] = [{"id": contact, "is_main": True}]
            data["contacts"].append({"id": contact, "name": f"Клиент {number}", "updated_at": born, **by})
        stage = FIRST_STAGE
        for place, at in enumerate(moments):
            before, after = [], []
            if place:
                following = FIRST_STAGE + chance.randrange(STAGES)
                before, after = (
                    [{"lead_status": {"id": one, "pipeline_id": PIPELINE}}] for one in (stage, following)
                )
                stage = following
            data["events"].append(
                {
                    "id": f"01{at:012d}{key:09d}{place:03d}",
                    "type": "lead_status_changed" if place else "lead_added",
                    "entity_id": key,
                    "entity_type": "lead",
                    "created_by": owner,
                    "created_at": at,
                    "value_before": before,
                    "value_after": after,
                }
            )
        data["leads"].append(
            {
                "id": key,
                "name": f"Сделка {number}",
                "price": chance.randrange(1000, 500_000),
                "status_id": stage,
                "pipeline_id": PIPELINE,
                "updated_at": moments[-1],
                "custom_fields_values": [filled(place, number) for place in range(len(FIELDS))],
                "_embedded": parts,
                **by,
            }
        )
        data["tasks"].append(
            {
                "id": 70_000_000 + number,
                "text": "Перезвонить клиенту",
                "complete_till": born + 86_400,
                "entity_id": key,
                "entity_type": "leads",
                "updated_at": born,
                **by,
            }
        )
        if number % 10 == 0:
            data["notes"].append(
                {
                    "id": 80_000_000 + number,
                    "entity_id": key,
                    "entity_type": "leads",
                    "note_type": "call_out",
                    "params": {"uniq": str(number), "duration": 60, "phone": "+70000000000"},
                    "updated_at": born,
                    **by,
                }
            )
    return data


def person(key: int) -> dict[str, Any]:
    return {"id": key, "name": f"Менеджер {key}", "email": f"m{key}@example.com"}


def pipeline() -> dict[str, Any]:
    def status(key: int, name: str, sort: int, kind: int = 0) -> dict[str, Any]:
        return {"id": key, "name": name, "sort": sort, "pipeline_id": PIPELINE, "type": kind}

    statuses = [
        status(FIRST_STAGE - 1, "Неразобранное", 10, 1),
        *(status(FIRST_STAGE + place, f"Этап {place + 1}", 20 + 10 * place) for place in range(STAGES)),
        status(142, "Успешно реализовано", 10_000),
        status(143, "Закрыто и не реализовано", 11_000),
    ]
    return {
        "id": PIPELINE,
        "name": "Продажи",
        "sort": 1,
        "is_main": True,
        "is_unsorted_on": True,
        "_embedded": {"statuses": statuses},
    }


def filled(place: int, number: int) -> dict[str, Any]:
    name = FIELDS[place]
    return {
        "field_id": 900 + place,
        "field_name": name,
        "field_type": "text",
        "values": [{"value": f"{name} {number % 97}"}],
    }
