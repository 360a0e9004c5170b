"""«Регламенты»: who reads, who changes, how a version is published, and what nonsense is answered with."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from core import kept, redis
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import CustomField, JudgementRequest, Stage, Stay
from qc import dwell, regulations
from qc.models import Regulation, RuleMode
from qc.steps import read_steps
from team.models import Employee, Role
from web.regulations import distribution
from web.tests.clients import signed_in
from web.tests.regulation_office import HTMX, READERS, Office, card, login
from web.tests.regulation_office import friday as friday
from web.tests.regulation_office import office as office

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/regulations/", "/regulations/1:2/", "/rules/"])
def test_a_stranger_is_sent_to_the_login_page(path: str) -> None:
    assert Client().get(path).url.startswith(reverse("login"))


@pytest.mark.parametrize("role", Role.values)
def test_everybody_signed_in_reads_regulations_and_rules(office: Office, role: str) -> None:
    client = login(role, office.anna)
    assert "Контакт установлен" in client.get("/regulations/").content.decode()
    assert "Узнать потребность" in client.get(card(office.talk)).content.decode()
    assert "deal.stuck" in client.get("/rules/").content.decode()


@pytest.mark.parametrize("role", READERS)
def test_only_an_administrator_changes_anything(office: Office, role: str) -> None:
    client = login(role, office.anna)
    assert client.get(card(office.talk)).context["form"] is None
    assert client.post(card(office.talk), office.values(goal="Иначе")).status_code == 404
    assert client.post(card(office.talk) + "try/", office.values()).status_code == 404
    assert client.post("/rules/", {"rule": "deal.stuck", "mode": "off", "weight": "1"}).status_code == 404
    assert Regulation.objects.count() == 1
    assert RuleMode.objects.get(rule="deal.stuck").mode == "warn"


def test_stages_stand_in_the_order_of_amocrm_with_what_they_demand(office: Office) -> None:
    page = login().get("/regulations/")
    [(pipeline, rows)] = page.context["pipelines"]
    assert pipeline == office.sales
    assert [row["stage"] for row in rows] == [office.talk, office.ready, office.won]
    assert [row["regulation"] for row in rows] == [office.regulation, None, None]


def test_open_findings_of_a_stage_are_counted_for_the_reader_only(office: Office) -> None:
    factory.make_finding(office.long)
    factory.make_finding(office.short)
    [(_pipeline, rows)] = login(Role.MANAGER, office.anna).get("/regulations/").context["pipelines"]
    assert rows[0]["findings"] == 1


def test_publishing_makes_the_next_version_and_judges_the_stage(office: Office) -> None:
    client = login()
    response = client.post(
        card(office.talk),
        office.values(max_stay_number="36", max_stay_unit="hours", stay_clock="owner", needs_task="on"),
    )
    assert response.status_code == 302
    newest = Regulation.objects.order_by("-version").first()
    assert newest.version == 2
    assert newest.norms == {
        "deal.stuck": {"max_stay": "36 h", "clock": "owner"},
        "task.none": {"demanded": True},
    }
    assert newest.goal == "Узнать потребность"
    assert newest.author == Employee.objects.get(role=Role.ADMIN)
    assert [request.stage_id for request in JudgementRequest.objects.all()] == [office.talk.pk]
    page = client.get(card(office.talk)).content.decode()
    assert "Version 2" in page
    assert "A next task is now demanded." in page


def test_nobody_replaces_a_version_that_he_has_not_seen(office: Office) -> None:
    client = login()
    assert client.post(card(office.talk), office.values(goal="Первый")).status_code == 302
    late = office.values(goal="Второй", required_fields="77")
    page = client.post(card(office.talk), late)
    assert page.status_code == 422
    assert page.context["form"].non_field_errors() == [
        "Meanwhile version 2 has come into force: look at it below. Published again, yours replaces it."
    ]
    assert Regulation.objects.order_by("-version").first().goal == "Первый"
    form = page.context["form"]
    assert (form["version"].value(), form["goal"].value(), form["required_fields"].value()) == (
        "2",
        "Второй",
        ["77"],
    )
    assert client.post(card(office.talk), late | {"version": form["version"].value()}).status_code == 302
    assert Regulation.objects.order_by("-version").first().goal == "Второй"
    assert client.post(card(office.talk), late | {"version": ""}).status_code == 422
    assert 'name="version" value="3"' in client.get(card(office.talk)).content.decode()


def test_the_same_values_make_no_version(office: Office) -> None:
    response = login().post(card(office.talk), office.values(), follow=True)
    assert "Nothing was changed" in response.content.decode()
    assert Regulation.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"max_stay_number": "0"}, "max_stay", "longer than zero"),
        ({"max_stay_number": "-3"}, "max_stay", "longer than zero"),
        ({"max_stay_number": "999999999999999999"}, "max_stay", "at most five years"),
        ({"max_stay_number": "soon"}, "max_stay", "number"),
        ({"max_stay_number": "nan"}, "max_stay", "number"),
        ({"max_stay_unit": "weeks"}, "max_stay", "weeks"),
        ({"stay_clock": "owner"}, "max_stay", "Days are counted by the calendar only"),
        ({"stay_clock": "moon"}, "stay_clock", "moon"),
        ({"required_fields": "404"}, "required_fields", "There is no deal field “404”."),
        ({"task_grace_number": "1", "task_grace_unit": "days"}, "task_grace", "days"),
    ],
)
def test_bad_input_is_one_sentence_at_its_field_and_changes_nothing(
    office: Office, changes: dict[str, str], field: str, says: str
) -> None:
    response = login().post(card(office.talk), office.values(**changes))
    assert response.status_code == 422
    assert len(response.context["form"].errors[field]) == 1
    assert says in unescape(response.content.decode())
    assert Regulation.objects.count() == 1


def test_a_comma_is_a_decimal_point_too(office: Office) -> None:
    client = signed_in(factory.make_employee(Role.ADMIN, language="ru"))
    assert client.post(card(office.talk), office.values(max_stay_number="1,5")).status_code == 302
    assert Regulation.objects.order_by("-version").first().norms == {"deal.stuck": {"max_stay": "36 h"}}


def test_a_norm_comes_back_in_the_largest_whole_unit(office: Office) -> None:
    office.regulation.norms = {"deal.stuck": {"max_stay": "36 h"}}
    office.regulation.save()
    field = login().get(card(office.talk)).context["form"]["max_stay"]
    assert field.field.widget.decompress(field.value()) == [36, "hours"]


def test_a_closing_stage_has_no_norm_of_time(office: Office) -> None:
    client = login()
    assert "max_stay" not in client.get(card(office.won)).context["form"].fields
    assert (
        client.post(
            card(office.won), {"version": "0", "goal": "Поблагодарить", "fields_grace_unit": "hours"}
        ).status_code
        == 302
    )
    assert Regulation.objects.get(stage=office.won).norms == {}


@pytest.mark.parametrize("stage", ["nonsense", "1:2", "::", "99999999999999999999:1"])
def test_a_stage_that_does_not_exist_is_not_found(office: Office, stage: str) -> None:
    client = login()
    assert client.get(f"/regulations/{stage}/").status_code == 404
    assert client.post(f"/regulations/{stage}/try/").status_code == 404


def test_the_picture_counts_only_visits_that_moved_on(office: Office) -> None:
    lost = factory.make_stage(office.sales, "Закрыто и не реализовано", Stage.Kind.LOST)
    for next_stage, inferred in ((lost, False), (office.ready, True)):
        came, left = NOW - 9 * DAY, NOW - 8 * DAY
        Stay.objects.create(
            deal=factory.make_deal(next_stage, office.anna, since=left),
            stage=office.talk,
            visit=0,
            visit_since=came,
            entered_at=came,
            left_at=left,
            next_stage=next_stage,
            inferred=inferred,
        )
    shown = dwell.picture(office.talk.pk, [5 * DAY], NOW)
    assert (shown.dwell.n, shown.dwell.p50, shown.enough) == (1, DAY, False)
    assert (shown.number, shown.number_standing) == (1, 2)
    assert shown.moved[DAY // shown.width] == 1 and shown.standing[3 * DAY // shown.width] == 1
    drawn = distribution.draw(shown, 2 * DAY, 5 * DAY)
    assert (drawn.beyond, drawn.within) == (2, 0) and drawn.band is not None
    assert distribution.draw(dwell.picture(office.won.pk, [], NOW), None, None) is None


def test_pages_cost_the_same_however_much_they_show(
    office: Office, django_assert_max_num_queries: object
) -> None:
    for number in range(20):
        factory.make_stage(office.sales, f"Этап {number}", sort=10 + number)
        factory.make_regulation(
            office.talk, version=2 + number, goal=str(number), published_at=NOW - timedelta(hours=number)
        )
    client = login()
    with django_assert_max_num_queries(12):
        client.get("/regulations/")
    with django_assert_max_num_queries(12):
        client.get(card(office.talk))
    with django_assert_max_num_queries(11):  # one of them: how many first cases are free
        client.get("/rules/")


def test_a_manager_signs_what_he_is_judged_by(office: Office) -> None:
    manager, admin = login(Role.MANAGER, office.anna), login()
    assert manager.get("/regulations/").context["to_read"] == 1
    assert [str(one) for one in admin.get(card(office.talk)).context["signatures"].missing] != []
    manager.post(
        "/regulations/sign/", {"version": [office.regulation.pk, "x", 10**9], "back": "https://evil.example/"}
    )
    assert manager.get("/regulations/").context["to_read"] == 0
    assert admin.get(card(office.talk)).context["signatures"].missing == []
    admin.post("/regulations/sign/", {"version": office.regulation.pk})
    assert office.regulation.signatures.count() == 1


def test_the_book_shows_every_regulation_in_force(office: Office) -> None:
    client = login(Role.MANAGER, office.anna)
    page = client.get("/regulations/book/")
    assert [pipeline for pipeline, _rows in page.context["book"]] == [office.sales]
    assert "Узнать потребность" in page.content.decode() and page.context["unsigned"] == [
        office.regulation.pk
    ]
    assert client.get("/regulations/book/", {"pipeline": "99"}).context["book"] == []


def test_steps_are_ticked_by_whoever_works_the_deal(office: Office) -> None:
    office.regulation.steps = "1. Позвонить\nесли молчит, то написать\n2. Встретиться"
    office.regulation.save()
    client = login(Role.MANAGER, office.anna)
    url = f"/findings/deal/{office.long.pk}/steps/"
    page = client.get(f"/deals/{office.long.pk}/").content.decode()
    assert "Позвонить" in page and "0 of 2 done" in page
    key = read_steps(office.regulation.steps)[0].key
    answer = client.post(url, {"step": key, "done": "1"}, headers=HTMX)
    assert "1 of 2 done" in answer.content.decode()
    assert client.post(url, {"step": key, "done": "1"}).status_code == 302
    assert client.post(url, {"step": "nonsense", "done": "1"}).status_code == 404
    assert login(Role.MANAGER, office.roman).post(url, {"step": key, "done": "1"}).status_code == 404
    assert login(Role.CONTROLLER).post(url, {"step": key, "done": "1"}).status_code == 404
    assert "0 of 2 done" in client.post(url, {"step": key, "done": "0"}, headers=HTMX).content.decode()


def test_a_first_version_begins_with_what_amocrm_itself_demands(office: Office) -> None:
    CustomField.objects.filter(pk=77).update(required_stages=[office.ready.pk])
    page = login().get(card(office.ready))
    assert page.context["form"]["required_fields"].value() == ["77"]


def test_a_term_in_the_text_that_the_check_denies_is_named(office: Office) -> None:
    office.regulation.term = "Не дольше 3 дней"
    office.regulation.save()
    assert "The text of the term says 3" in login().get(card(office.talk)).context["remarks"][0]


@pytest.mark.parametrize(
    ("kept", "shown"), [("30 d", "30"), ("10 d", "10"), ("100 h", "100"), ("90 min", "90")]
)
def test_a_norm_is_shown_as_people_write_it(office: Office, kept: str, shown: str) -> None:
    office.regulation.norms = {"deal.stuck": {"max_stay": kept}}
    office.regulation.save()
    page = login().get(card(office.talk)).content.decode()
    assert f'name="max_stay_number" value="{shown}"' in page


@pytest.mark.parametrize("sent", ["Позвонить\r\nЗаписать\r\n", "Позвонить\nЗаписать", "Позвонить \rЗаписать"])
def test_a_version_never_says_that_an_untouched_text_was_changed(office: Office, sent: str) -> None:
    office.regulation.steps = office.regulation.goal = (
        "Позвонить\r\nЗаписать"  # as kept before line ends were one
    )
    office.regulation.save()
    draft = regulations.draft(office.talk.pk, steps=sent, goal=sent)
    assert regulations.sentences(office.regulation, draft) == []
    assert draft.steps == "Позвонить\nЗаписать"
    touched = regulations.draft(office.talk.pk, steps=sent + "\r\nи проверить")
    assert regulations.sentences(office.regulation, touched) != []


def forget_visits() -> None:
    for key in redis.client().scan_iter("visits:*"):
        redis.client().delete(key)


def test_visits_that_are_counted_for_long_are_kept_and_say_as_of_when(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dwell, "SLOW", 0.0)
    monkeypatch.setattr(kept, "TIMES", 1e9)
    try:
        first = dwell.picture(office.talk.pk, [5 * DAY], NOW)
        again = dwell.picture(office.talk.pk, [5 * DAY], NOW + DAY)
        assert (
            (again.dwell, again.moved) == (first.dwell, first.moved)
            and first.counted_at is None
            and again.counted_at == NOW
        )
        assert again.standing != first.standing, "who stands there is counted at every question"
        assert dwell.picture(office.talk.pk, [50 * DAY], NOW).width > first.width
        forget_visits()
        pages = [login().get(card(office.talk)).content.decode() for _ in range(2)]
        assert ["counted at" in page for page in pages] == [False, True]
    finally:
        forget_visits()
