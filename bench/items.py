"""Deals as amoCRM's API sends them."""

from datetime import datetime
from random import Random
from typing import Any

from bench.data import CITIES, FIELDS, NOW, person_id, pipeline_id

Item = dict[str, Any]
FIRST = 900_000_000  # above the ids of all invented companies
PAGE = 250


def deals(first: int, changed: float = 0.0, version: int = 0, count: int = PAGE) -> list[Item]:
    """A page of deals with ids from ``first`` on; a part (0…1) of them is of this version, the others of the first."""
    rng = Random(first)
    fresh = set(Random(version).sample(range(count), round(count * changed)))
    return [deal(first + place, version if place in fresh else 0, rng) for place in range(count)]


def deal(key: int, version: int, rng: Random) -> Item:
    born, hour = int(datetime(2026, 1, 1, tzinfo=NOW.tzinfo).timestamp()) + rng.randrange(20_000_000), 3600
    return {
        "id": key,
        "name": f"Пневмостойка № {key}",
        "price": rng.randrange(900) * 500 + version,
        "responsible_user_id": person_id(rng.randrange(10)),
        "group_id": 0,
        "status_id": rng.randrange(11, 19),
        "pipeline_id": pipeline_id(0),
        "loss_reason_id": None,
        "created_by": person_id(0),
        "updated_by": person_id(0),
        "created_at": born,
        "updated_at": born + hour + version,
        "closed_at": None,
        "closest_task_at": born + 48 * hour,
        "is_deleted": False,
        "custom_fields_values": [
            {"field_id": field, "field_name": "Поле", "field_code": None, "field_type": "text",
             "values": [{"value": rng.choice(CITIES)}]}
            for field in (*FIELDS, *range(1004, 1009))
        ],
        "score": None,
        "account_id": 1,
        "labor_cost": None,
        "_links": {"self": {"href": f"https://bench.invalid/api/v4/leads/{key}?page=1&limit=250"}},
        "_embedded": {"tags": [{"id": 1, "name": "вип"}], "companies": [], "contacts": [{"id": 1, "is_main": True}]},
    }  # fmt: skip
