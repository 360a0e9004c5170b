"""«Регламенты» and «Правила»: who reads, who changes, what a draft would find, and what nonsense is answered with."""

from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Change
from core import formats, moment
from core.periods import parse_month
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from kpi import pay_schemes, statements
from pipelines.models import CustomField, JudgementRequest, Stage, Stay
from qc import dwell, regulations
from qc.models import FirstTimeGrace, NewcomerGrace, Regulation, RuleMode
from qc.rules import RULES
from qc.steps import read_steps
from team.models import Employee, Role, Rota
from web.regulations import distribution
from web.templatetags import ui

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
READERS = [role for role in Role.values if role != Role.ADMIN]


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    """A stage with a norm of 5 days, two deals that stand on it for 10 and 3 days, one that moved on after a day."""

    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.talk = factory.make_stage(self.sales, "Контакт установлен", sort=1)
        self.ready = factory.make_stage(self.sales, "Готов к выдаче", sort=2)
        self.won = factory.make_stage(self.sales, "Успешно реализовано", Stage.Kind.WON, sort=3)
        self.anna = factory.make_person("Анна Кузнецова")
        self.roman = factory.make_person("Роман Белов")
        self.city = CustomField.objects.create(id=77, name="Город", type="text")
        self.regulation = factory.make_regulation(self.talk, max_stay=5 * DAY, goal="Узнать потребность")
        self.long = factory.make_deal(self.talk, self.anna, since=NOW - 10 * DAY)
        self.short = factory.make_deal(self.talk, self.roman, since=NOW - 3 * DAY)
        moved = factory.make_deal(self.ready, self.anna, since=NOW - 4 * DAY)
        came, left = NOW - 5 * DAY, NOW - 4 * DAY
        Stay.objects.create(
            deal=moved,
            stage=self.talk,
            manager=self.anna,
            visit=0,
            visit_since=came,
            entered_at=came,
            left_at=left,
            next_stage=self.ready,
        )

    def values(self, **changes: str) -> dict[str, str]:
        """What the form sends for the regulation as it is."""
        same = {
            "version": "1",
            "goal": "Узнать потребность",
            "max_stay_number": "5",
            "max_stay_unit": "days",
            "stay_clock": "calendar",
        }
        return {"task_grace_unit": "hours", "fields_grace_unit": "hours"} | same | changes


@pytest.fixture
def office() -> Office:
    return Office()


def login(role: str = Role.ADMIN, person: object = None) -> Client:
    client = Client()
    client.force_login(factory.make_employee(role, person, language="en"))
    return client


def card(stage: Stage) -> str:
    return reverse("regulation", args=[stage.pk])


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
    client = Client()
    client.force_login(factory.make_employee(Role.ADMIN, language="ru"))
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


def test_a_rule_is_switched_and_all_deals_are_judged_again(office: Office) -> None:
    client = login()
    response = client.post("/rules/", {"rule": "task.none", "mode": "money", "weight": "5"})
    assert response.status_code == 302
    row = RuleMode.objects.get(rule="task.none")
    assert (row.mode, row.weight, row.since) == ("money", 5, NOW)
    assert [request.rules for request in JudgementRequest.objects.all()] == [["task.none"]]
    page = client.post("/rules/", {"rule": "task.none", "mode": "money", "weight": "9"}, follow=True)
    assert "The new weight counts from the next month on" in page.content.decode()


def test_newcomers_are_given_days_once(office: Office) -> None:
    client = login()
    for _ in range(2):
        assert client.post("/rules/newcomers/", {"days": "30"}).status_code == 302
    assert [row.days for row in NewcomerGrace.objects.all()] == [30]
    assert JudgementRequest.objects.count() == 1
    assert "first 30 days" in client.get("/rules/").content.decode()
    for nonsense in ("", "x", "-1", "366"):
        client.post("/rules/newcomers/", {"days": nonsense})
    assert NewcomerGrace.objects.count() == 1


def test_a_switch_is_tried_from_its_form_and_by_an_address(
    office: Office, django_assert_max_num_queries: object
) -> None:
    """What was written in the form is tried and not saved; nonsense is answered with a sentence."""
    client = login()
    RuleMode.objects.update_or_create(
        rule="deal.stuck", defaults={"mode": "warn", "weight": 3, "since": NOW - 30 * DAY}
    )
    factory.make_finding(office.long, "deal.stuck", mode="warn", since=NOW - 10 * DAY, opens_at=NOW - 5 * DAY)
    factory.keep_checks()
    address = reverse("rule-try", args=["deal.stuck"])
    assert address in client.get("/rules/").content.decode()
    with django_assert_max_num_queries(17):  # type: ignore[operator]  # a fixture
        page = client.post(address, {"rule": "deal.stuck", "mode": "money", "weight": "5", "since_on": ""})
    assert page.status_code == 200
    whole = page.context["trial"].whole
    assert (whole.found, whole.before, whole.after) == (1, 0, 1)
    [row] = [one for one in page.context["people"] if one.person == office.anna.pk]
    assert row.marks.n_after > row.marks.n_before
    assert row.marks.after is not None and row.marks.after < 100
    for label in ("Quality", *(formats.month(month.first, "en") for month, _amount in row.pay)):
        assert f'data-label="{label}"' in page.content.decode(), "a phone shows it by its name"
    assert RuleMode.objects.get(rule="deal.stuck").weight == 3, "nothing was saved"
    assert client.get(address).context["trial"].switch.mode == "money"
    assert client.get(f"{address}?mode=off&weight=5&months=12").context["trial"].whole.after == 0
    for nonsense in ("mode=loud", "months=13", "weight=101", "weight=x"):
        assert client.get(f"{address}?{nonsense}").status_code == 422
    assert client.get("/rules/no.such/try/").status_code == 404


def test_how_many_first_cases_are_free_is_said_once(office: Office) -> None:
    client = login()
    assert "The first case of a month costs as much as any other" in client.get("/rules/").content.decode()
    for _ in range(2):
        assert client.post("/rules/first-times/", {"cases": "2"}).status_code == 302
    assert [row.cases for row in FirstTimeGrace.objects.all()] == [2]
    assert Change.objects.filter(table="qc_firsttimegrace").count() == 1
    assert not JudgementRequest.objects.exists(), "nothing is judged again"
    assert "first 2 cases" in client.get("/rules/").content.decode()
    for nonsense in ("", "x", "-1", "11"):
        client.post("/rules/first-times/", {"cases": nonsense})
    assert FirstTimeGrace.objects.count() == 1
    assert "first 2 cases" in login(Role.MANAGER, office.anna).get("/rules/").content.decode(), "all may know"


def test_rules_that_are_switched_off_are_folded_apart(office: Office) -> None:
    factory.make_regulation(office.talk, version=9, deal_untouched_idle=3 * DAY, published_at=NOW)
    RuleMode.objects.update_or_create(rule="deal.untouched", defaults={"mode": "warn", "since": NOW})
    groups = login().get(card(office.talk)).context["form"].groups
    assert [one["rule"].code for one in groups if one["state"] == "works"] == ["deal.untouched"]
    RuleMode.objects.filter(rule="deal.untouched").update(mode="off")
    folded = login().get(card(office.talk)).context["form"].folded
    assert [one["rule"].code for one in folded["off"]] == ["deal.untouched"] and len(folded["spare"]) > 5


def test_a_trial_says_which_of_its_rules_is_switched_off(office: Office) -> None:
    """Otherwise it promises cases of which none will open."""
    client, written = login(), office.values(deal_untouched_idle_number="1", deal_untouched_idle_unit="days")
    for mode, says in (("off", True), ("warn", False)):
        RuleMode.objects.update_or_create(
            rule="deal.untouched", defaults={"mode": mode, "since": NOW - 99 * DAY}
        )
        text = client.post(
            f"{card(office.talk)}try/", written, headers={"HX-Request": "true"}
        ).content.decode()
        assert ("is switched off: none of this opens" in text and "/rules/#deal.untouched" in text) is says


@pytest.mark.parametrize(
    "values",
    [
        {"rule": "no.such", "mode": "money", "weight": "1"},
        {"rule": "task.none", "mode": "loud", "weight": "1"},
        {"rule": "task.none", "mode": "money", "weight": "-1"},
        {"rule": "task.none", "mode": "money", "weight": "many"},
        {"mode": "money", "weight": "1"},
        {},
    ],
)
def test_a_nonsense_switch_changes_nothing(office: Office, values: dict[str, str]) -> None:
    before = list(RuleMode.objects.order_by("rule").values())
    response = login().post("/rules/", values)
    assert response.status_code == 422
    assert b'class="error"' in response.content or b"There is no such rule." in response.content
    assert list(RuleMode.objects.order_by("rule").values()) == before


def test_rules_tell_how_many_findings_are_open(office: Office) -> None:
    factory.make_finding(office.long)
    factory.make_finding(office.short, opens_at=NOW + DAY)
    rows = {row["code"]: row["findings"] for row in login().get("/rules/").context["rows"]}
    assert (rows["deal.stuck"], rows["task.none"]) == (1, 0)


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


def test_every_rule_has_an_icon_that_there_is() -> None:
    assert [rule.code for rule in RULES.values() if "<svg" not in ui.icon(rule.icon)] == []


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
