"""Decisions on pages: made of a proposal and of each list, carried on, told, and the list as a file."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.urls import reverse

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from notices.models import Decision, Hidden
from pipelines.models import Account, Cursor
from team.models import Role
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> Any:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Firm:
    def __init__(self) -> None:
        Account.objects.create(id=1, name="A", base_url="https://a.amocrm.ru")
        self.stage = factory.make_stage(factory.make_pipeline(), "Готов к выдаче")
        self.anna, self.gone = factory.make_person(), factory.make_person("Кирилл Бережной")
        self.director = factory.make_employee(Role.DIRECTOR, username="boss", first_name="Олег")
        self.head = factory.make_employee(Role.HEAD, username="head")
        self.manager = factory.make_employee(Role.MANAGER, self.anna, head=self.head)
        factory.make_employee(Role.MANAGER, self.gone, left_on=date(2026, 9, 1), head=self.head)
        self.deals = []
        for number in range(4):
            deal = factory.make_deal(
                self.stage, self.anna, since=NOW - 9 * DAY, price=1000, name=f"=СУММ({number})"
            )
            factory.make_finding(deal)
            factory.make_task(deal, NOW - DAY)
            self.deals.append(deal)
        for _ in range(3):
            factory.make_deal(self.stage, self.gone, since=NOW - 40 * DAY, price=500)


@pytest.fixture
def firm() -> Firm:
    return Firm()


def test_a_proposal_is_taken_carried_out_and_kept(firm: Firm, django_assert_max_num_queries: Any) -> None:
    client = signed_in(firm.director)
    with django_assert_max_num_queries(19):  # of which the first count of proposals is eight
        page = client.get("/decisions/").content.decode()
    assert "Кирилл Бережной" in page or "Кирилла" in page
    with django_assert_max_num_queries(12):
        client.get("/decisions/")
    address = f"/decisions/proposed/?key=gone:{firm.gone.pk}"
    assert client.get(address).status_code == 200
    form = {"owner": firm.head.pk, "due_on": "2026-11-24", "text": "Поровну"}
    for _ in range(2):
        assert client.post(address, form).status_code == 302
    one = Decision.objects.get()
    assert (one.n, one.owner, one.text, one.deals.count()) == (3, firm.head, "Поровну", 3)
    with django_assert_max_num_queries(9):
        page = client.get(f"/decisions/{one.pk}/").content.decode()
    assert "Поровну" in page and "уведомление придёт в рабочее время" in page, (
        "nobody is told outside of shifts"
    )
    assert "Выиграно с тех пор" in client.get("/decisions/").content.decode()
    head = signed_in(firm.head)
    assert head.get(f"/decisions/{one.pk}/").status_code == 200
    head.post(f"/decisions/{one.pk}/end/", {"done": "1", "outcome": "раздал"})
    one.refresh_from_db()
    assert (one.state, one.outcome, one.ended_by) == ("done", "раздал", firm.head)


def test_during_the_first_load_nothing_is_proposed_and_nothing_praised(firm: Firm) -> None:
    client = signed_in(firm.director)
    cursor = Cursor.objects.create(entity="deals", as_of=None)
    page = client.get("/decisions/").content.decode()
    assert "Кирилл" not in page and "Пока не посчитано" in page

    cursor.delete()
    page = client.get("/decisions/").content.decode()
    assert "Кирилл" in page and "Пока не посчитано" not in page


@pytest.mark.parametrize(
    ("source", "query", "n"),
    [
        ("deals", "manager={anna}", 4),
        ("deals", "stuck=1", 4),
        ("tasks", "overdue=1", 4),
        ("findings", "manager={anna}", 4),
        ("deals", "", 7),
    ],
)
def test_each_list_can_be_made_a_decision(firm: Firm, source: str, query: str, n: int) -> None:
    client, query = signed_in(firm.director), query.format(anna=firm.anna.pk)
    shown = client.get(f"{reverse(source)}?{query}").content.decode()
    assert "source=" + source in shown
    address = f"/decisions/new/?source={source}&{query}"
    page = client.get(address)
    assert page.context["count"] == n
    form = {
        "title": "Прозвонить",
        "owner": firm.manager.pk,
        "due_on": "2026-11-25",
        "text": "",
        "key": "0b6e",
    }
    for _ in range(2):
        answer = client.post(address, form)
        assert answer.status_code == 302, answer.content.decode()
    one = Decision.objects.get()
    assert (one.n, one.deals.count(), one.owner) == (n, n, firm.manager)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"title": "x", "owner": "999999", "due_on": "2026-11-25", "key": "k"},
        {"title": "x", "owner": "{me}", "due_on": "2026-11-01", "key": "k"},
        {"title": "x", "owner": "{me}", "due_on": "nonsense", "key": "k"},
        {"title": "x" * 201, "owner": "{me}", "due_on": "2026-11-25", "key": "k"},
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(firm: Firm, form: dict[str, str]) -> None:
    filled = {name: value.replace("{me}", str(firm.director.pk)) for name, value in form.items()}
    answer = signed_in(firm.director).post("/decisions/new/?source=deals", filled)
    assert answer.status_code == 422
    assert not Decision.objects.exists()


def test_a_manager_carries_out_and_neither_drops_nor_puts_off(firm: Firm) -> None:
    one = Decision.objects.create(
        key="k", kind="list", title="Прозвонить", state="taken", owner=firm.manager, due_on=date(2026, 11, 18),
        as_of=NOW, taken_at=NOW, n=0, money=0,
    )  # fmt: skip
    client = signed_in(firm.manager)
    assert "2" in client.get("/decisions/").content.decode()
    client.post(f"/decisions/{one.pk}/put-off/", {"due_on": "2026-12-01"})
    client.post(f"/decisions/{one.pk}/end/", {"done": "0"})
    one.refresh_from_db()
    assert (one.state, one.moves) == ("taken", 0)
    client.post(f"/decisions/{one.pk}/end/", {"done": "1"})
    one.refresh_from_db()
    assert one.state == "done"
    assert "decision-proposed" not in client.get("/decisions/").content.decode()


def test_hidden_until_a_day(firm: Firm) -> None:
    client = signed_in(firm.director)
    key = f"gone:{firm.gone.pk}"
    for refused in ({"until": "2026-12-01", "reason": ""}, {"until": "2020-12-01", "reason": "ждём приказа"}):
        answer = client.post("/decisions/hide/", {"key": key} | refused, follow=True)
        assert answer.status_code == 200
        assert answer.request["PATH_INFO"] == "/decisions/proposed/", "back to the form that was refused"
    assert not Hidden.objects.exists()
    client.post("/decisions/hide/", {"key": key, "until": "2026-12-01", "reason": "ждём приказа"})
    page = client.get("/decisions/").content.decode()
    assert "ждём приказа" in page and "?key=gone" not in page
    assert key not in page and f"<b>сделки, ответственный уволен: {firm.gone.name}</b>" in page


def test_a_head_hides_a_pile_of_his_own_view_and_from_himself_alone(firm: Firm) -> None:
    head, boss, key = signed_in(firm.head), signed_in(firm.director), f"gone:{firm.gone.pk}"
    other = signed_in(factory.make_employee(Role.HEAD, username="other"))
    form = {"key": key, "until": "2026-12-01", "reason": "жду замены"}
    other.post("/decisions/hide/", form)  # none of his people hold these deals
    head.post("/decisions/hide/", form | {"key": "gone:999"})
    assert not Hidden.objects.exists()
    for _ in range(2):
        head.post("/decisions/hide/", form)
    assert Hidden.objects.get().head == firm.head
    hers = head.get("/decisions/").content.decode()
    assert "жду замены" in hers and "?key=gone" not in hers
    page = boss.get("/decisions/").content.decode()
    assert "?key=gone" in page and "жду замены" not in page
    assert key in {row["key"] for row in boss.get("/api/v1/proposals/").json()["rows"]}
    assert key not in {row["key"] for row in head.get("/api/v1/proposals/").json()["rows"]}
    boss.post("/decisions/hide/", form | {"reason": "ждём приказа"})
    assert Hidden.objects.count() == 2 and "?key=gone" not in boss.get("/decisions/").content.decode()


def test_what_was_hidden_is_shown_again_by_whoever_may_hide_it_so(firm: Firm) -> None:
    head, boss, key = signed_in(firm.head), signed_in(firm.director), f"gone:{firm.gone.pk}"
    boss.post("/decisions/hide/", {"key": key, "until": "2026-12-01", "reason": "ждём приказа"})
    one = Hidden.objects.get()
    assert f'name="show" value="{one.pk}"' not in head.get("/decisions/").content.decode()
    for nonsense in (str(one.pk), "-1", "9" * 18):
        head.post("/decisions/hide/", {"show": nonsense})
    page = boss.get("/decisions/").content.decode()
    assert f'name="show" value="{one.pk}"' in page and "?key=gone" not in page
    for _ in range(2):
        assert boss.post("/decisions/hide/", {"show": one.pk}).headers["Location"] == "/decisions/"
    page = boss.get("/decisions/").content.decode()
    assert "?key=gone" in page and "ждём приказа" not in page
    assert Hidden.objects.get().hidden_by == firm.director, "what was said stays"
    boss.post("/decisions/hide/", {"key": key, "until": "2026-12-02", "reason": "снова ждём"})
    assert "снова ждём" in boss.get("/decisions/").content.decode()


def test_a_pile_of_a_part_is_hidden_where_it_was_found(firm: Firm) -> None:
    client = signed_in(firm.director)
    address = f"/decisions/proposed/?key=gone:{firm.gone.pk}&manager={firm.gone.pk}"
    page = client.get(address).content.decode()
    assert f'action="/decisions/hide/?manager={firm.gone.pk}&amp;key=gone%3A{firm.gone.pk}"' in page
    assert (
        client.post(
            "/decisions/hide/?manager=x", {"key": "k", "until": "2026-12-01", "reason": "y"}
        ).status_code
        == 422
    )


def test_a_list_is_a_file_and_no_formula(firm: Firm) -> None:
    client = signed_in(firm.director)
    text = client.get(f"/deals/?manager={firm.anna.pk}&export=csv").content.decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 5 and "'=СУММ(0)" in text
    book = client.get("/deals/?export=xlsx")
    assert book["Content-Disposition"].startswith("attachment")
    names = ZipFile(BytesIO(book.content)).namelist()
    sheet = ZipFile(BytesIO(book.content)).read("xl/worksheets/sheet1.xml")
    assert "xl/worksheets/sheet1.xml" in names and b"<f>" not in sheet
    for path in ("/tasks/", "/findings/"):
        assert len(client.get(f"{path}?export=csv").content.splitlines()) >= 5, path
    assert client.get("/deals/?export=nonsense").status_code == 200


def test_a_manager_gets_only_his_own_rows_in_a_file(firm: Firm) -> None:
    text = signed_in(firm.manager).get("/deals/?export=csv").content.decode("utf-8-sig")
    assert len(text.splitlines()) == 5 and "Кирилл" not in text


def test_a_longer_list_says_that_it_was_cut(firm: Firm, monkeypatch: Any) -> None:
    monkeypatch.setattr("web.frame.listing.MOST_ROWS", 2)
    lines = signed_in(firm.director).get("/deals/?export=csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4 and "2" in lines[-1]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        (
            "stage={stage}",
            "/leads/list/pipeline/{line}/?useFilter=y&amp;filter%5Bpipe%5D%5B{line}%5D%5B%5D={status}",
        ),
        ("pipeline={line}&manager={anna}", "filter%5Bmain_user%5D%5B%5D={anna}"),
        ("stuck=1&pipeline={line}", ""),
        ("", ""),
    ],
)
def test_the_same_filter_in_amocrm_where_it_can_be_said(firm: Firm, query: str, where: str) -> None:
    known = {
        "stage": firm.stage.pk,
        "line": firm.stage.pipeline_id,
        "anna": firm.anna.pk,
        "status": firm.stage.status,
    }
    page = signed_in(firm.director).get(f"/deals/?{query.format(**known)}").content.decode()
    assert (where.format(**known) in page) if where else ("useFilter" not in page)


def test_decisions_and_proposals_over_the_api(firm: Firm) -> None:
    client = signed_in(firm.director)
    rows = client.get("/api/v1/proposals/").json()["rows"]
    assert rows[0]["kind"] in {"gone", "unplanned"} and sum(row["n"] for row in rows) <= 7
    client.post(
        f"/decisions/proposed/?key=gone:{firm.gone.pk}", {"owner": firm.head.pk, "due_on": "2026-11-24"}
    )
    [row] = client.get("/api/v1/decisions/").json()["results"]
    assert (row["n"], row["owner"], row["result"]["standing"]) == (3, "head", 3)
    one = client.get(f"/api/v1/decisions/{row['id']}/").json()
    assert len(one["deals"]) == 3
    assert client.get("/api/v1/decisions/?nonsense=1").status_code == 400
    assert signed_in(firm.manager).get("/api/v1/decisions/").json()["count"] == 0
    assert NOW + timedelta() == moment.now()
