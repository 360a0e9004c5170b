import pytest
from django.utils import translation

from devtools.tests import factory
from pipelines.models import CustomField, Event
from web.deals.diary import Teller


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
