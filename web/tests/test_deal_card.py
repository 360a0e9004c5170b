"""The card of a deal and its diary: what they show, of closed and deleted deals too, and what they cost."""

from datetime import timedelta

import pytest

from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import CustomField, Event, Stay, Touch
from team.models import Role
from web.tests.deal_office import HTMX, Office, login, text
from web.tests.deal_office import friday as friday
from web.tests.deal_office import office as office

pytestmark = pytest.mark.django_db


def test_the_card_shows_the_way_and_the_next_step(office: Office) -> None:
    deal = office.stuck
    Stay.objects.filter(deal=deal).delete()
    moves = [
        (office.talk, office.roman, 20, 15),
        (office.talk, office.anna, 15, 12),
        (office.ready, office.anna, 12, None),
    ]
    for visit, (stage, manager, since, until) in enumerate(moves):
        visit_since = NOW - (20 if stage == office.talk else since) * DAY
        left = None if until is None else NOW - until * DAY
        Stay.objects.create(
            deal=deal, stage=stage, manager=manager, visit=min(visit, 1), visit_since=visit_since,
            entered_at=NOW - since * DAY, left_at=left, inferred=visit == 0,
        )  # fmt: skip
    factory.make_regulation(office.talk, max_stay=timedelta(days=10))
    page = login().get(f"/deals/{deal.pk}/")
    segments = page.context["segments"]
    assert [(one["name"], one["seconds"] / 86_400, one["inferred"]) for one in segments] == [
        ("Контакт установлен", 5, True),
        ("Контакт установлен", 3, False),
        ("Готов к выдаче", 12, False),
    ]
    assert [one["tone"] for one in segments] == ["good", "good", "bad"]
    assert "Роман Белов" in segments[0]["title"]
    assert "https://zolotarev.amocrm.ru/leads/detail/" in text(page)


def test_a_closed_deal_has_no_piece_for_its_closing_stage(office: Office) -> None:
    page = login().get(f"/deals/{office.sold.pk}/")
    assert page.context["segments"] == []
    assert page.context["row"].step is None


def test_a_deleted_deal_can_still_be_read(office: Office) -> None:
    office.stuck.deleted_at = NOW - DAY
    office.stuck.save()
    client = login()
    assert client.get(f"/deals/{office.stuck.pk}/").status_code == 200
    assert office.stuck not in [row.deal for row in client.get("/deals/").context["rows"]]


def test_the_diary_tells_events_tasks_and_touches_in_words(office: Office) -> None:
    deal = office.fresh
    CustomField.objects.create(id=7, name="Модель авто", type="text")

    def event(number: int, kind: str, **values: object) -> None:
        Event.objects.create(
            id=str(number),
            at=NOW - number * timedelta(hours=1),
            kind=kind,
            entity="deal",
            entity_id=deal.pk,
            **values,
        )

    event(1, Event.Kind.STAGE, before=office.talk.pk, after=office.ready.pk, author=office.roman)
    event(2, Event.Kind.PRICE, before=50_000, after=70_000, author=office.roman)
    event(3, Event.Kind.FIELD, before=None, after={"field": 7, "value": "Q7"})
    event(4, Event.Kind.OWNER, before=office.anna.pk, after=office.roman.pk)
    Touch.objects.create(
        id="t1", at=NOW, kind=Touch.Kind.CALL_OUT, deal=deal, manager=office.roman, seconds=95, updated_at=NOW
    )
    client = login()
    entries = client.get(f"/deals/{deal.pk}/diary/").context["entries"]
    assert [(entry.detail.replace("\xa0", " "), entry.who) for entry in entries] == [
        ("1 мин", "Роман Белов"),
        ("Контакт установлен → Готов к выдаче", "Роман Белов"),
        ("50 000 ₽ → 70 000 ₽", "Роман Белов"),
        ("Q7", None),
        ("Анна Кузнецова → Роман Белов", None),
    ]
    assert entries[3].what == "Модель авто"
    people = client.get(f"/deals/{deal.pk}/diary/?people=1", headers=HTMX)
    assert len(people.context["entries"]) == 3
    assert "<html" not in text(people)


def test_the_card_costs_twelve_queries(office: Office, django_assert_max_num_queries: object) -> None:
    factory.make_regulation(office.ready, max_stay=DAY, required_fields=["price"])
    client = login(Role.MANAGER, office.anna)
    with django_assert_max_num_queries(12):
        client.get(f"/deals/{office.stuck.pk}/")


@pytest.mark.parametrize("clock", ["calendar", "owner"])
@pytest.mark.parametrize("role", [Role.MANAGER, Role.DIRECTOR])
def test_so_it_does_where_norms_run_by_hours_and_fields_are_asked_for_by_name(
    office: Office, clock: str, role: Role, django_assert_max_num_queries: object
) -> None:
    """But for the first one, which reads the rotas that stay in the process until they change."""
    factory.make_regulation(office.ready, max_stay=DAY, stay_clock=clock, required_fields=["price", "7"])
    CustomField.objects.create(id=7, name="Модель авто", type="text")
    client = login(role, office.anna if role == Role.MANAGER else None)
    client.get(f"/deals/{office.stuck.pk}/")
    with django_assert_max_num_queries(12):
        page = client.get(f"/deals/{office.stuck.pk}/").content.decode()
    assert "Модель авто" in page


def test_a_deal_without_a_name_is_called_by_its_number(office: Office) -> None:
    deal = factory.make_deal(office.talk, office.anna, name=" ")
    factory.make_task(deal)
    factory.make_finding(deal)
    client = login()
    for path in ("/deals/", "/tasks/", "/findings/", f"/deals/{deal.pk}/", f"/deals/{deal.pk}/diary/"):
        assert f"№ {deal.pk}</" in text(client.get(path)), path
