from datetime import timedelta

import pytest
from django.utils import translation

from devtools.tests import factory
from pipelines.models import CustomField, Event, Stay, Touch
from web.deals.diary import Teller, entries


@pytest.mark.django_db
@pytest.mark.parametrize("kind, shown", [("date", "2 сент. 2026 г."), ("numeric", "1788296400")])
def test_a_date_field_is_told_as_a_day_and_a_number_as_it_is(kind: str, shown: str) -> None:
    """amoCRM's events tell both as digits."""
    CustomField.objects.create(id=7, name="Дата оплаты", type=kind)
    values = {"at": factory.NOW, "kind": Event.Kind.FIELD, "entity": "deal", "entity_id": 1}
    event = Event(id="e", after={"field": 7, "value": "1788296400"}, **values)
    with translation.override("ru"):
        entry = Teller([event], [], []).event(event)
    assert (entry.what, entry.detail.replace("\xa0", " ")) == ("Дата оплаты", shown)


@pytest.mark.django_db
def test_what_was_said_to_the_client_on_his_own_card_while_the_deal_was_open_is_told_with_where_it_hangs() -> (
    None
):
    pipeline, hour = factory.make_pipeline(), timedelta(hours=1)
    open_, lost = (factory.make_stage(pipeline, kind=kind) for kind in ("work", "lost"))
    begun = factory.NOW - 9 * hour
    deal = factory.make_deal(open_, since=begun, contact_id=900)
    Stay.objects.filter(deal=deal).update(left_at=begun + 5 * hour)
    Stay.objects.create(
        deal=deal, stage=lost, visit=2, visit_since=begun + 5 * hour, entered_at=begun + 5 * hour
    )
    for number, (after, facts) in enumerate(
        [(2, {"deal": deal}), (-1, {}), (3, {}), (4, {"kind": "note"}), (5, {}), (3.5, {"contact_id": 901})]
    ):
        made = {"contact_id": None if "deal" in facts else 900, "kind": "call_out"} | facts
        at = begun + after * hour
        Touch.objects.create(id=str(number), at=at, updated_at=at, seconds=60, **made)
    with translation.override("en"):
        told = [((one.at - begun) / hour, one.detail.replace("\xa0", " ")) for one in entries(deal, [])]
    assert told == [(3, "1 min, on the client’s card"), (2, "1 min")]
