"""A deal that stands closed without ``closed_at`` was closed when it entered its stage: one answer everywhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devtools.tests.factory import make_person, make_pipeline, make_stage
from metrics import measure
from metrics.tests.house import NOVEMBER
from pipelines.mirror.entities import ENTITIES
from pipelines.mirror.upsert import store_rows
from pipelines.models import Deal, Event, Stage
from qc import stalled
from timeline.folding import fold_deals

pytestmark = pytest.mark.django_db

BORN, WON_AT = datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 9, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def row() -> dict[str, Any]:
    """A deal as the mirror takes it: on the won stage, closed nobody knows when."""
    pipeline = make_pipeline()
    won, work = make_stage(pipeline, "Успешно", Stage.Kind.WON), make_stage(pipeline)
    person = make_person()
    values: dict[str, Any] = {field.attname: None for field in Deal._meta.concrete_fields}
    del values["closed_inferred"]
    values |= {
        "id": 1, "name": "Сделка", "price": 100, "pipeline_id": pipeline.pk, "stage_id": won.pk,
        "manager_id": person.pk,
        "created_by": 0, "created_at": BORN, "updated_at": WON_AT + HOUR, "tags": [], "fields": {}, "work": work.pk,
    }  # fmt: skip
    return values


def told(row: dict[str, Any], at: datetime, before: str, after: str) -> None:
    Event.objects.create(
        id=f"e{at:%d%H}", at=at, kind=Event.Kind.STAGE, entity="deal", entity_id=1, before=before, after=after
    )


def take(row: dict[str, Any], **values: Any) -> Deal:
    store_rows(ENTITIES["deals"], [{key: part for key, part in (row | values).items() if key != "work"}])
    fold_deals([1])
    return Deal.objects.get()


def test_a_win_without_a_closing_date_is_won_when_it_entered_the_stage(row: dict[str, Any]) -> None:
    told(row, WON_AT, row["work"], row["stage_id"])
    deal = take(row)
    assert (deal.closed_at, deal.closed_inferred) == (WON_AT, True)
    assert [measure(code, NOVEMBER)[0].value for code in ("deals_won", "won_sum", "win_rate")] == [1, 100, 1]
    assert not Deal.objects.open().exists() and not Deal.objects.filter(stalled.without_task()).exists()


def test_without_an_event_it_is_when_it_was_first_seen_there_and_stays_that(row: dict[str, Any]) -> None:
    told(row, BORN + HOUR, "", row["work"])
    assert take(row).closed_at == row["updated_at"]
    assert take(row, updated_at=WON_AT + 5 * HOUR, name="Правка").closed_at == row["updated_at"]
    told(row, WON_AT, row["work"], row["stage_id"])
    assert take(row).closed_at == WON_AT, "the event has come late"


def test_the_mirror_writes_nothing_where_only_the_story_knows(row: dict[str, Any]) -> None:
    told(row, WON_AT, row["work"], row["stage_id"])
    take(row)
    kept = {key: part for key, part in row.items() if key != "work"}
    assert not store_rows(ENTITIES["deals"], [kept]).changed


def test_what_amocrm_tells_of_the_closing_is_right(row: dict[str, Any]) -> None:
    told(row, WON_AT, row["work"], row["stage_id"])
    take(row)
    deal = take(row, closed_at=WON_AT + HOUR)
    assert (deal.closed_at, deal.closed_inferred) == (WON_AT + HOUR, False)


def test_a_deal_that_is_taken_up_again_is_open(row: dict[str, Any]) -> None:
    told(row, WON_AT, row["work"], row["stage_id"])
    take(row)
    told(row, WON_AT + 2 * HOUR, row["stage_id"], row["work"])
    deal = take(row, stage_id=row["work"], updated_at=WON_AT + 2 * HOUR)
    assert (deal.closed_at, deal.closed_inferred) == (None, False)
    told(row, WON_AT + 4 * HOUR, row["work"], row["stage_id"])
    assert take(row, updated_at=WON_AT + 5 * HOUR).closed_at == WON_AT + 4 * HOUR
