"""«Проверка»: who sees which cases, what a ruling and an appeal do on the page, and fifty cases by keyboard alone."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import JudgementRequest, Stay, Touch
from qc.models import NEVER, Appeal, Finding, RuleHalt, RuleMode, Ruling
from team.models import Employee, Role
from web.tests.clients import signed_in
from web.tests.test_browser import PASSWORD, in_browser, sign_in
from web.tests.test_browser import browser as browser

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    def __init__(self) -> None:
        self.stage = factory.make_stage(factory.make_pipeline(), "Готов к выдаче")
        self.anna = factory.make_person("Анна Кузнецова")
        self.roman = factory.make_person("Роман Белов")
        self.deal = factory.make_deal(self.stage, self.anna, name="Стойка A8")
        self.other = factory.make_deal(self.stage, self.roman, name="Компрессор Q7")
        norm = {"norm": 5 * 86_400, "case": "calendar"}
        regulation = factory.make_regulation(self.stage, max_stay=timedelta(days=5), term="Пять дней")
        self.open = factory.make_finding(self.deal, values=norm, opens_at=NOW - DAY, regulation=regulation)
        self.foreign = factory.make_finding(self.other, values=norm, opens_at=NOW - 3 * DAY)
        self.old = factory.make_finding(self.deal, "task.none", opens_at=NOW - 8 * DAY, since=NOW - 9 * DAY)
        factory.make_finding(self.deal, "field.missing", mode="shadow", severity="remark")
        factory.make_finding(self.deal, "task.none", since=NOW, opens_at=NOW + DAY)
        self.head = factory.make_employee(Role.HEAD, first_name="Глава")
        self.manager = factory.make_employee(Role.MANAGER, self.anna, head=self.head)
        self.controller = factory.make_employee(Role.CONTROLLER, first_name="Вера")
        self.second = factory.make_employee(Role.CONTROLLER, first_name="Ольга")


@pytest.fixture
def office(db: None) -> Office:
    return Office()


def names(page: Any) -> list[str]:
    return re.findall(r'id="case-(\d+)"', page.content.decode())


def test_the_queue_has_what_opened_within_a_week_and_nobody_has_ruled_about(office: Office) -> None:
    client = signed_in(office.controller)
    assert names(client.get("/review/")) == [str(office.foreign.pk), str(office.open.pk)]
    assert names(client.get("/review/?rule=task.none")) == []
    assert client.get("/review/").context["waiting"] == 2
    client.post(f"/review/{office.open.pk}/ruling/", {"kind": "confirmed"})
    assert names(client.get("/review/")) == [str(office.foreign.pk)]
    assert names(signed_in(office.head).get("/review/")) == [], "a head rules about his own people"


@pytest.mark.parametrize("query", ["tab=nonsense", "rule=no.such", "tab=own"])
def test_nonsense_is_refused_with_a_sentence(query: str, office: Office) -> None:
    page = signed_in(office.controller).get(f"/review/?{query}")
    assert page.status_code == 422 and len(page.context["problems"]) == 1


def test_pages_ask_the_database_a_fixed_number_of_times(office: Office) -> None:
    client, mine = signed_in(office.controller), signed_in(office.manager)
    counts = []
    for _ in range(2):
        for one, path in ((client, "/review/"), (mine, "/review/"), (client, f"/review/{office.open.pk}/")):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert one.get(path, headers=HTMX).status_code == 200
            counts.append(len(queries))
        for _ in range(5):
            factory.make_finding(factory.make_deal(office.stage, office.anna), values={})
    assert counts[:3] == counts[3:]
    assert counts[0] <= 11 and counts[1] <= 8 and counts[2] <= 12, counts


def test_a_case_tells_clause_fact_arithmetic_and_history(office: Office) -> None:
    text = (
        signed_in(office.controller).get(f"/review/{office.open.pk}/").content.decode().replace("\xa0", " ")
    )
    for said in (
        "Пять дней",
        "<mark>",
        "версия 1",
        "решений ещё не было",
        "случилось",
    ):
        assert said in text, said
    assert "стоит</dt>" not in text, "a controller judges quality, not pay"


def test_a_manager_sees_the_newest_open_cases_first_whether_their_end_is_known_or_not(office: Office) -> None:
    """A «no» of a review ends by itself after two weeks: until then it is as open as a case without an end."""
    for number in range(100):
        since = NOW - (10 + number) * DAY
        factory.make_finding(office.deal, "task.none", since=since, opens_at=since + DAY)
    said = factory.make_finding(office.deal, "review.step", opens_at=NOW - DAY / 24, closes_at=NOW + 14 * DAY)
    over = factory.make_finding(office.deal, "review.need", opens_at=NOW - 3 * DAY, closes_at=NOW - DAY)
    shown = [case.finding for case in signed_in(office.manager).get("/review/").context["cases"]]
    assert len(shown) == 100 and said in shown and over not in shown


def test_a_waiver_and_taking_it_back(office: Office) -> None:
    client = signed_in(office.controller)
    path = f"/review/{office.open.pk}/ruling/"
    refused = client.post(path, {"kind": "waived", "text": "ждём", "until": "2026-11-19"}, headers=HTMX)
    assert refused.status_code == 422 and not Ruling.objects.exists()
    for nonsense in ({"kind": "x"}, {"kind": "waived", "until": "soon", "text": "a"}, {"revoke": "77"}, {}):
        assert client.post(path, nonsense, headers=HTMX).status_code == 422
    client.post(path, {"kind": "waived", "text": "ждём клиента", "until": "2026-11-25"})
    office.open.refresh_from_db()
    assert office.open.opens_at.isoformat() == "2026-11-25T21:00:00+00:00", "to the end of the day in Moscow"
    assert "ждём клиента" in client.get("/review/?tab=waivers").content.decode()
    client.post(path, {"revoke": Ruling.objects.get().pk})
    office.open.refresh_from_db()
    assert office.open.opens_at == NOW - DAY
    assert JudgementRequest.objects.filter(deal_id=office.deal.pk).exists()


def test_in_bulk_one_rule_only(office: Office) -> None:
    client = signed_in(office.controller)
    called = factory.make_finding(factory.make_deal(office.stage, office.anna), values={})
    Touch.objects.create(
        id="1", at=NOW - DAY / 2, updated_at=NOW, kind="call_in", deal_id=called.deal_id, manager=office.anna
    )
    keys = [office.open.pk, office.foreign.pk, called.pk]
    client.post("/review/confirm/", {"rule": "deal.stuck", "finding": [*keys, "x"]})
    client.post("/review/confirm/", {"rule": "task.none", "finding": keys})
    assert not Ruling.objects.exists()
    page = client.post("/review/confirm/", {"rule": "deal.stuck", "finding": keys}, follow=True)
    assert set(Ruling.objects.values_list("finding", flat=True)) == set(keys[:2])
    assert "Подтверждено 2 случая" in page.content.decode() and "Остался 1" in page.content.decode()


def test_an_appeal_from_two_taps_to_the_decision_seen_by_everybody(office: Office) -> None:
    manager, path = signed_in(office.manager), f"/review/{office.open.pk}/"
    signed_in(office.controller).post(f"{path}ruling/", {"kind": "confirmed"})
    assert f"{path}?act=appeal" in manager.get("/review/").content.decode(), "the first tap"
    assert 'name="reason" value="client"' in manager.get(f"{path}?act=appeal").content.decode()
    manager.post(f"{path}appeal/", {"act": "file", "reason": "client", "text": "Ждёт зарплату"})  # the second
    appeal = Appeal.objects.get()
    first = signed_in(office.controller).get(path).content.decode()
    assert 'value="decide"' not in first, "the first reviewer does not decide"
    second = signed_in(office.second)
    page = second.get(path).content.decode()
    assert "Ждёт зарплату" in page and 'value="decide"' in page
    assert "Вера" not in page, "the first verdict is hidden until the second has decided"
    second.post(f"{path}appeal/", {"act": "take"})
    second.post(f"{path}appeal/", {"act": "ask", "text": "Почему не «База ожидания»?"})
    assert "Почему не" in manager.get(path).content.decode()
    manager.post(f"{path}appeal/", {"act": "answer", "text": "Забыла"})
    for nonsense in ({"decision": "maybe"}, {"decision": "refused"}, {"decision": "partial", "text": "так"}):
        refused = second.post(f"{path}appeal/", {"act": "decide", **nonsense}, headers=HTMX)
        assert refused.status_code == 422
    second.post(f"{path}appeal/", {"act": "decide", "decision": "full", "text": "Верно"})
    appeal.refresh_from_db()
    office.open.refresh_from_db()
    assert appeal.decision == "full" and office.open.excused_until == NEVER
    for who in (manager, second, signed_in(office.head), signed_in(office.controller)):
        assert "Верно" in who.get(path).content.decode()
    assert "Вера" in second.get(path).content.decode(), "now it is told"
    assert "удовлетворена" in manager.get("/review/?tab=appeals").content.decode()
    manager.post(f"{path}appeal/", {"act": "close"})
    assert Appeal.objects.get().state == "closed"


def test_a_stranger_to_a_case_files_nothing(office: Office) -> None:
    roman = signed_in(factory.make_employee(Role.MANAGER, office.roman))
    assert (
        roman.post(f"/review/{office.open.pk}/appeal/", {"act": "file", "reason": "client"}).status_code
        == 404
    )
    signed_in(office.controller).post(
        f"/review/{office.open.pk}/appeal/", {"act": "file", "reason": "client"}
    )
    assert not Appeal.objects.exists()


def test_the_api_files_lists_and_decides(office: Office) -> None:
    manager, second = signed_in(office.manager), signed_in(office.second)
    path = f"/api/v1/findings/{office.open.pk}/appeal/"
    assert manager.post(path, {"reason": "nonsense"}).status_code == 400
    filed = manager.post(path, {"reason": "client", "text": "Ждёт"})
    assert filed.status_code == 201
    assert manager.post(path, {"reason": "client"}).json()["id"] == filed.json()["id"]
    [row] = second.get("/api/v1/appeals/?state=filed").json()["results"]
    assert {row[name] for name in ("state", "decision", "reviewer")} == {"filed", "", None}
    assert row["finding"] == office.open.pk and row["author"] == office.manager.pk and row["due_at"]
    decide = f"/api/v1/appeals/{row['id']}/decide/"
    assert manager.post(decide, {"decision": "full"}).status_code == 403
    assert second.post(decide, {"decision": "refused"}).status_code == 400
    said = second.post(decide, {"decision": "refused", "text": "Нет"}).json()
    assert (said["state"], said["decision"], said["reviewer"]) == ("decided", "refused", office.second.pk)
    assert second.post(decide, {"decision": "refused", "text": "Нет"}).status_code == 200
    assert (
        signed_in(factory.make_employee(Role.DIRECTOR)).post(decide, {"decision": "full"}).status_code == 400
    )


def open_review(browser: Any, live_server: Any, cases: int) -> Any:
    """So many cases of one rule before a controller."""
    from django.conf import settings
    from django.core.management import call_command

    call_command("vendor_static", verbosity=0)
    settings.SESSION_COOKIE_SECURE = False
    office = Office()
    for number in range(cases - 2):
        deal = factory.make_deal(office.stage, office.anna, name=f"Сделка {number}")
        factory.make_finding(deal, values={}, opens_at=NOW - DAY + timedelta(minutes=number))
    office.controller.username = str(Role.CONTROLLER)
    office.controller.set_password(PASSWORD)
    office.controller.save()
    page = browser.new_page()
    sign_in(page, live_server.url, Role.CONTROLLER)
    page.goto(f"{live_server.url}/review/?rule=deal.stuck")
    page.wait_for_function("() => window.htmx")
    assert page.locator(".case").count() == cases
    return page


@in_browser
@pytest.mark.django_db(transaction=True)
def test_fifty_cases_are_worked_through_by_keyboard_alone(browser: Any, live_server: Any) -> None:
    page = open_review(browser, live_server, 50)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.keyboard.press("j")
    page.locator("#panel .panel-head").wait_for()
    page.keyboard.press("x")  # the first one is an error of the rule
    page.locator("#id_mistaken:focus").wait_for()
    page.keyboard.type("Это гарантия")
    with page.expect_response(lambda answer: "/ruling/" in answer.url):
        page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.case').length === 49")
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("j")
    for left in range(48, -1, -1):
        with page.expect_response(lambda answer: "/ruling/" in answer.url):
            page.keyboard.press("c")
        page.wait_for_function(f"() => document.querySelectorAll('.case').length <= {left}")
    page.close()
    assert errors == []
    assert Ruling.objects.filter(kind="confirmed").count() == 49
    assert Ruling.objects.filter(kind="mistaken").count() == 1
    assert not Finding.objects.standing().filter(rule="deal.stuck", rulings=None).exists()


@in_browser
@pytest.mark.django_db(transaction=True)
def test_a_case_that_another_decides_leaves_its_place_to_the_next(browser: Any, live_server: Any) -> None:
    """The list is drawn anew without it: the reader's keys had no row to work on until he walked from the top again."""
    page = open_review(browser, live_server, 5)
    page.keyboard.press("j")
    page.keyboard.press("j")
    ids = page.evaluate("() => [...document.querySelectorAll('.case')].map((one) => one.id)")
    current = "() => document.querySelector('[data-walk] > .current')?.id"
    assert page.evaluate(current) == ids[1]
    other = signed_in(Employee.objects.get(first_name="Ольга"))
    other.post(f"/review/{ids[1].removeprefix('case-')}/ruling/", {"kind": "confirmed"})
    page.evaluate("() => htmx.trigger(document.body, 'fresh')")
    page.wait_for_function("() => document.querySelectorAll('.case').length === 4")
    assert page.evaluate(current) == ids[2]
    assert page.evaluate("() => document.activeElement.closest('.case')?.id") == ids[2]
    page.close()


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31", "x"])
def test_a_waiver_until_no_day_in_use_is_refused_and_changes_nothing(office: Office, day: str) -> None:
    finding = Finding.objects.first()
    client = signed_in(office.controller)
    sent = {"kind": "waived", "text": "x", "until": day}
    answer = client.post(f"/review/{finding.pk}/ruling/", sent)
    assert answer.status_code in (302, 422)
    assert not Ruling.objects.exists()


def test_a_rule_that_appeals_have_stopped_says_so_on_its_page(office: Office) -> None:
    RuleMode.objects.update_or_create(rule="deal.stuck", defaults={"mode": "warn", "weight": 3, "since": NOW})
    RuleHalt.objects.create(rule="deal.stuck", at=NOW, decided=8, upheld=5, limit="0.3")
    director = signed_in(factory.make_employee(Role.DIRECTOR))
    text = director.get("/rules/").content.decode().replace("\xa0", " ")
    assert "5 апелляций из 8" in text
    assert "5 апелляций из 8" in director.get("/review/reviewers/").content.decode().replace("\xa0", " ")
    RuleMode.objects.filter(rule="deal.stuck").update(since=NOW + DAY)
    assert "5 апелляций из 8" not in director.get("/rules/").content.decode().replace("\xa0", " ")


def test_quality_by_week_tells_a_rate_and_not_a_number(office: Office) -> None:
    """Roman has a third of the cases on a tenth of the deal-days: that is what the page is for."""
    for _number in range(8):
        factory.make_deal(office.stage, office.anna, since=NOW - 20 * DAY)
    Stay.objects.filter(deal__in=[office.other.pk]).update(entered_at=NOW - 20 * DAY)
    found = signed_in(office.controller).get("/review/quality/").context
    rows = {row["name"]: row for row in found["people"]}
    anna, roman = rows["Анна Кузнецова"]["cells"][-1], rows["Роман Белов"]["cells"][-1]
    assert (anna["cases"], roman["cases"]) == (1, 1)
    assert roman["days"] == pytest.approx(4.625, abs=0.01), "from Monday to Friday afternoon, in Moscow"
    assert roman["density"] is None, "fewer than ten deal-days are no base of a rate"
    assert anna["density"] == pytest.approx(100 / anna["days"])
    assert anna["of_cases"] == 0.5 and roman["of_days"] == pytest.approx(
        roman["days"] / (roman["days"] + anna["days"])
    )
    assert found["compliance"].share == 1
    page = signed_in(office.head).get("/review/quality/?show=share").content.decode()
    assert "Роман" not in page, "a head sees his own people"
    assert signed_in(office.controller).get("/review/quality/?show=x").status_code == 422
