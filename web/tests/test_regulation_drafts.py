"""A draft of a regulation: tried on history and on one deal, kept, put off, copied; a version that comes back."""

from html import unescape
from zoneinfo import ZoneInfo

import pytest

from core.periods import parse_month
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from kpi import pay_schemes, statements
from pipelines.models import CustomField, JudgementRequest
from qc.models import Regulation, RuleMode
from team.models import Role, Rota
from web.tests.regulation_office import HTMX, Office, card, login
from web.tests.regulation_office import friday as friday
from web.tests.regulation_office import office as office

pytestmark = pytest.mark.django_db


def test_a_draft_is_tried_on_history_and_nothing_is_written(office: Office) -> None:
    page = login().post(card(office.talk) + "try/", office.values(max_stay_number="2"), headers=HTMX)
    tried = page.context["trial"]
    whole = tried.whole
    assert (whole.now, whole.period, whole.now_before, whole.period_before) == (2, 2, 1, 1)
    assert (whole.new_now, whole.gone_now, whole.new, whole.gone) == (1, 0, 1, 0)
    assert [(name, numbers.now, numbers.now_before) for _person, name, numbers in tried.managers] == [
        ("Анна Кузнецова", 1, 1),
        ("Роман Белов", 1, 0),
    ]
    assert 'Now <b class="bad">1</b> new findings would open' in page.content.decode()
    assert Regulation.objects.count() == 1


def test_a_draft_tells_what_it_would_do_to_the_months_pay(office: Office) -> None:
    factory.make_employee(Role.MANAGER, office.roman)
    RuleMode.objects.filter(rule="deal.stuck").update(mode=RuleMode.Mode.MONEY, since=NOW - 30 * DAY)
    pay_schemes.load_scheme(
        {
            "code": "pay",
            "title": {"ru": "Оплата", "en": "Pay"},
            "effective_from": "2026-01-01",
            "components": [
                {
                    "kind": "matrix",
                    "code": "kpi",
                    "title": {"ru": "Премия", "en": "Bonus"},
                    "fund": "10000",
                    "indicators": [{"measure": "kept:deal.stuck", "weight": "1", "plan": "1"}],
                }
            ],
        }
    )
    factory.keep_checks()
    statements.refresh_month(parse_month("2026-11", ZoneInfo("Europe/Moscow")))
    page = login().post(card(office.talk) + "try/", office.values(max_stay_number="2"), headers=HTMX)
    text = unescape(page.content.decode()).replace("\xa0", " ")
    assert "Had it been in force since Nov 1, 2026" in text
    [row] = page.context["people"]
    assert (row["name"], row["shift"], row["money"]) == ("Роман Белов", 1, -10_000)
    assert "−10,000 ₽" in text


def test_a_nonsense_draft_is_answered_with_a_sentence(office: Office) -> None:
    page = login().post(card(office.talk) + "try/", office.values(max_stay_number="0"), headers=HTMX)
    assert page.status_code == 422
    assert page.context["problems"] == [
        "Longest stay: A length of time is longer than zero and at most five years."
    ]


def test_without_scripts_the_trial_is_a_page_of_its_own(office: Office) -> None:
    assert b"<html" in login().post(card(office.talk) + "try/", office.values()).content


def test_the_example_shows_the_norm_on_somebodys_shifts(office: Office) -> None:
    rota = Rota.objects.create(name="2/2", pattern="1100", anchor="2026-11-20", starts="10:00", ends="20:00")
    person = factory.make_employee(Role.MANAGER, office.anna, rota=rota, first_name="Анна")
    changes = {
        "max_stay_number": "12",
        "max_stay_unit": "hours",
        "stay_clock": "owner",
        "person": str(person.pk),
    }
    page = login().post(card(office.talk) + "try/", office.values(**changes), headers=HTMX)
    # 5 hours are left on Friday the 20th, 7 are worked on Saturday from 10:00
    assert (
        page.context["example"].replace("\xa0", " ")
        == "A deal that comes to Анна now: 12 h end on Sat, Nov 21, 17:00."
    )


def test_a_draft_is_kept_whatever_was_written_and_shown_again(office: Office) -> None:
    client = login()
    broken = office.values(max_stay_number="soon", goal="Узнать всё")
    assert client.post(card(office.talk) + "try/", broken, headers=HTMX).status_code == 422
    page = client.get(card(office.talk))
    form = page.context["form"]
    assert (form["goal"].value(), form["max_stay"].value()) == ("Узнать всё", ["soon", "days"])
    assert page.status_code == 200 and Regulation.objects.count() == 1
    assert login(Role.ADMIN).get(card(office.talk)).context["form"]["goal"].value() == "Узнать потребность"
    assert client.post(card(office.talk), {"action": "drop"}).status_code == 302
    assert client.get(card(office.talk)).context["form"]["goal"].value() == "Узнать потребность"


def test_what_the_draft_changes_stands_in_its_place(office: Office) -> None:
    client = login()
    client.post(card(office.talk), office.values(max_stay_number="2", goal="Узнать цель", action="save"))
    page = client.get(card(office.talk))
    text = page.content.decode()
    assert "<del>потребность</del>" in text and "<ins>цель</ins>" in text.replace("<ins\n>", "<ins>")
    assert page.context["was"] == {"deal.stuck": "5\xa0d, calendar"}
    assert "was: 5\xa0d, calendar" in text


def test_a_rule_that_has_asked_nothing_is_given_a_norm(office: Office) -> None:
    """Its draft is tried, and stays on the card: «was» has nothing to tell."""
    client, colours = login(), {"801": "Белый", "802": "Чёрный"}
    CustomField.objects.create(id=80, name="Цвет", type="select", enums=colours)
    written = {"field_value_values": "80:801", "stage_forbidden_stages": office.ready.pk}
    tried = client.post(f"{card(office.talk)}try/", office.values(**written), headers={"HX-Request": "true"})
    assert tried.status_code == 200 and "was: nothing demanded" in tried.content.decode()
    assert client.get(card(office.talk)).context["was"]["field.value"] == "nothing demanded"
    client.post(card(office.talk), office.values(**written, action="publish"))
    assert office.talk.regulations.filter(version=2).exists()
    client.post(card(office.talk), office.values(version="2", action="save"))
    was = client.get(card(office.talk)).context["was"]
    assert (was["field.value"], was["stage.forbidden"]) == ("Цвет: Белый", "Готов к выдаче")


def test_a_version_waits_for_its_day_and_is_called_off(office: Office) -> None:
    client = login()
    assert (
        client.post(
            card(office.talk), office.values(max_stay_number="2", effective_on="2026-12-01")
        ).status_code
        == 302
    )
    waiting = Regulation.objects.get(version=2)
    assert (waiting.published_at, waiting.effective_at.isoformat()) == (None, "2026-11-30T21:00:00+00:00")
    assert not JudgementRequest.objects.exists()
    page = client.get(card(office.talk))
    assert page.context["waiting"] == waiting and "waits until" in page.content.decode()
    assert client.post(card(office.talk) + "call-off/", {"version": "2"}).status_code == 302
    assert "called off before its day" in client.get(card(office.talk)).content.decode()
    late = client.post(card(office.talk), office.values(goal="x", effective_on="2026-11-19"))
    assert late.status_code == 422
    assert "A version is in force from today or from a later day." in late.content.decode()


def test_an_earlier_version_comes_back_by_one_click_and_only_once(office: Office) -> None:
    client = login()
    client.post(card(office.talk), office.values(max_stay_number="2", goal="Иначе"))
    back = {"version": "1", "seen": "2"}
    client.post(card(office.talk) + "return/", back)
    page = client.post(card(office.talk) + "return/", back, follow=True)
    newest = Regulation.objects.order_by("-version").first()
    assert (newest.version, newest.returns_to, newest.goal) == (3, 1, "Узнать потребность")
    assert "Version 3 is in force already." in unescape(page.content.decode())


def test_a_regulation_is_copied_as_a_draft(office: Office) -> None:
    client = login()
    page = client.post(card(office.talk) + "copy/", {"target": office.ready.pk}, follow=True)
    form = page.context["form"]
    assert form["goal"].value() == "Узнать потребность" and form["max_stay"].value() == ["5", "days"]
    assert not Regulation.objects.filter(stage=office.ready).exists()
    other = factory.make_pipeline("Опт")
    same = factory.make_stage(other, "контакт  Установлен")
    client.post(card(office.talk) + "copy/", {"target": f"pipeline:{other.pk}"})
    assert client.get(card(same)).context["form"]["goal"].value() == "Узнать потребность"
    for nonsense in ("", "1:2", "pipeline:", "pipeline:99", office.talk.pk):
        assert client.post(card(office.talk) + "copy/", {"target": nonsense}).status_code == 302


def test_a_draft_is_tried_on_one_deal(office: Office) -> None:
    client = login()
    client.post(card(office.talk), office.values(max_stay_number="2", action="save"))
    page = client.get(card(office.talk) + "deal/", {"deal": f"№ {office.short.pk}"})
    stuck = next(one for one in page.context["answers"] if one.rule == "deal.stuck")
    assert [said.state for said in stuck.after] == ["open"] and [said.state for said in stuck.before] == [
        "ahead"
    ]
    assert client.get(card(office.talk) + "deal/", {"deal": "7"}).status_code == 422
    assert client.get(card(office.talk) + "deal/", {"deal": "9" * 30}).status_code == 422
