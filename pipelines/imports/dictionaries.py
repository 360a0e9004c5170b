"""People, pipelines and stages of an export, whose deals only name them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import NamedTuple

from pipelines.imports import names
from pipelines.imports.parsing import Deal
from pipelines.mirror.rows import LOST, WON, Row, stage_key

CLOSING_NAMES = {WON: "Успешно реализовано", LOST: "Закрыто и не реализовано"}
STEP, WON_PLACE, LOST_PLACE = 10, 10_000, 11_000  # amoCRM's own numbers of places


class Dictionaries(NamedTuple):
    people: list[Row]
    pipelines: list[Row]
    stages: list[Row]


def dictionaries(deals: Sequence[Deal]) -> Dictionaries:
    """One row a key, in the spelling that comes first."""
    people: dict[int | None, Row] = {}
    by_pipeline: dict[int, list[Deal]] = defaultdict(list)
    for deal in deals:
        key = names.person_key(deal.manager)
        if key is not None and key not in people:
            people[key] = person_row(key, spelled(deal.manager))
        by_pipeline[names.pipeline_key(deal.pipeline)].append(deal)
    largest_first = sorted(by_pipeline.items(), key=lambda item: (-len(item[1]), item[0]))
    pipelines = [
        pipeline_row(key, spelled(own[0].pipeline or names.MAIN), place)
        for place, (key, own) in enumerate(largest_first, 1)
    ]
    stages = [row for key, own in largest_first for row in stage_rows(key, own)]
    return Dictionaries(list(people.values()), pipelines, stages)


def spelled(name: str) -> str:
    return " ".join(name.split())


def person_row(key: int, name: str) -> Row:
    return {"id": key, "name": name, "is_active": True, "is_admin": False, "group": "", "deleted_at": None}


def pipeline_row(key: int, name: str, place: int) -> Row:
    return {
        "id": key,
        "name": name,
        "sort": place,
        "is_main": place == 1,
        "is_archived": False,
        "deleted_at": None,
    }


def stage_rows(pipeline: int, deals: Iterable[Deal]) -> list[Row]:
    """The stages that deals of one pipeline stand on, and the two closing ones that every pipeline has.

    An export does not say in which order they come. What has just begun stands at the beginning, so the stage with the
    youngest deals is put first.
    """
    spelling: dict[int, str] = {}
    births: dict[int, list[datetime]] = defaultdict(list)
    for deal in deals:
        status = names.status_key(deal.pipeline, deal.stage)
        spelling.setdefault(status, spelled(deal.stage))
        births[status].append(deal.created_at)
    ages = {status: median(at.timestamp() for at in moments) for status, moments in births.items()}
    work = [
        status
        for status in sorted(spelling, key=lambda key: (-ages[key], key))
        if status not in CLOSING_NAMES
    ]
    work.sort(key=lambda status: names.stage_kind(spelling[status]) != "incoming")
    places = {status: STEP * place for place, status in enumerate(work, 1)} | {
        WON: WON_PLACE,
        LOST: LOST_PLACE,
    }
    titles = CLOSING_NAMES | spelling
    return [
        {
            "id": stage_key(pipeline, status),
            "pipeline_id": pipeline,
            "status": status,
            "name": titles[status],
            "sort": place,
            "color": "",
            "kind": names.stage_kind(titles[status]),
            "deleted_at": None,
        }
        for status, place in places.items()
    ]
