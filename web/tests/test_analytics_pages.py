"""Analytics: what each page answers, whose deals it counts, and that every number opens as many rows as it says."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from metrics.analytics import REPORTS, hand_overs
from pipelines.models import Deal, Event, Stage, Stay
from team.models import Role
from web.analytics.cell_wording import title_numbers

pytestmark = pytest.mark.django_db
LINKS = re.compile(r'(?:data-total="(\d+)"\s+href="([^"]+)"|href="([^"]+)"\s+data-total="(\d+)")')


class Office:
    """Two managers with twelve deals each on a pipeline of two stages: won, lost and open, one returned."""

    def __init__(self) -> None:
        pipeline = factory.make_pipeline()
        self.first, self.second = factory.make_stage(pipeline, "Новая"), factory.make_stage(pipeline, "Счёт")
        self.won = factory.make_stage(pipeline, "Выиграно", Stage.Kind.WON)
        self.lost = factory.make_stage(pipeline, "Проиграно", Stage.Kind.LOST)
        self.pipeline = pipeline
        self.people = [factory.make_person("Анна Кузнецова"), factory.make_person("Борис Чужой")]
        for person in self.people:
            for number in range(12):
                road = [self.first, self.second, [self.won, self.lost, None][number % 3]]
                if number == 5:
                    road = [self.first, self.second, self.first, self.lost]
                self.add(person, NOW - (40 + number) * DAY, [stage for stage in road if stage])

    def add(self, person: object, since: object, road: list[Stage], step: timedelta = 3 * DAY) -> Deal:
        last = road[-1]
        deal = factory.make_deal(last, person, since, closed_at=None)
        Stay.objects.filter(deal=deal).delete()
        at = since
        for visit, stage in enumerate(road, 1):
            following = road[visit] if visit < len(road) else None
            Stay.objects.create(
                deal=deal, stage=stage, manager=person, visit=visit, visit_since=at, entered_at=at,
                left_at=at + step if following else None, next_stage=following,
            )  # fmt: skip
            if following is None and stage.kind in (Stage.Kind.WON, Stage.Kind.LOST):
                Deal.objects.filter(pk=deal.pk).update(closed_at=at)
            at += step
        return deal


@pytest.fixture(scope="module")
def office(rows_of_module: None) -> Office:
    moment.fix(NOW.isoformat())
    return Office()


@pytest.fixture(autouse=True)
def now() -> object:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


def reader(role: str, office: Office) -> Client:
    client = Client()
    person = office.people[0] if role == Role.MANAGER else None
    client.force_login(factory.make_employee(role, person))
    return client


def links(page: str) -> list[tuple[str, int]]:
    return [(html.unescape(a or b), int(n or m)) for n, a, b, m in LINKS.findall(page)]


@pytest.mark.parametrize("code", REPORTS)
@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.MANAGER])
def test_every_number_opens_as_many_rows_as_it_says(role: str, code: str, office: Office) -> None:
    client = reader(role, office)
    page = client.get(f"/analytics/{code}/")
    assert page.status_code == 200
    for address, total in links(page.content.decode()):
        answer = client.get(address).content.decode()
        assert f'data-count="{total}"' in answer, (address, total)
        assert "не вы" not in answer
        for name, value in parse_qsl(urlsplit(address).query):
            assert name != "c-what" or value in title_numbers(), "a heading of words"


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.MANAGER])
@pytest.mark.parametrize(
    "query", ["", "?from={wednesday}&to={friday}", "?manager={anna}", "?pipeline={line}"]
)
def test_findings_of_a_week_are_a_list(role: str, query: str, office: Office) -> None:
    deal = Deal.objects.filter(manager=office.people[0]).first()
    other = Deal.objects.filter(manager=office.people[1]).first()
    monday = (NOW - timedelta(days=NOW.weekday())).replace(hour=0, minute=0)
    for one, at in (
        (deal, NOW - timedelta(hours=1)),
        (deal, monday - timedelta(hours=4)),
        (deal, monday - timedelta(days=4)),
        (deal, monday - timedelta(days=6)),
        (other, monday - timedelta(days=5)),
        (deal, NOW + timedelta(hours=2)),  # to come
    ):
        factory.make_finding(one, since=at, opens_at=at, closes_at=at + timedelta(hours=30))
    named = {
        "wednesday": (monday - timedelta(days=5)).date(), "friday": (NOW + timedelta(days=1)).date(),
        "anna": office.people[0].pk, "line": deal.pipeline_id,
    }  # fmt: skip
    client = reader(role, office)
    page = client.get("/analytics/weekly/" + query.format(**named)).content.decode()
    found = [(address, total) for address, total in links(page) if address.startswith("/findings/")]
    assert len(found) >= 3
    for address, total in found:
        assert client.get(address).context["count"] == total, address


@pytest.mark.parametrize("code", ["flow", "weekly"])
def test_periods_begin_with_the_first_that_has_anything(code: str, office: Office) -> None:
    client = reader(Role.DIRECTOR, office)
    query = f"?from={(NOW - 300 * DAY).date()}&to={NOW.date()}"
    told = client.get(f"/api/v1/analytics/{code}/{query}").json()["rows"]
    empty = next(place for place, row in enumerate(told) if row["created"])
    page = client.get(f"/analytics/{code}/{query}").content.decode()

    assert empty > 3 and page.count("раньше ничего нет") == 1
    assert page.count("<tr") == len(told) - empty + 1  # and the heads
    since = f"?from={(NOW - 2 * DAY).date()}&to={NOW.date()}"
    assert "раньше ничего нет" not in client.get(f"/analytics/{code}/{since}").content.decode()


@pytest.mark.parametrize("code", REPORTS)
def test_a_manager_meets_nobody_else(code: str, office: Office) -> None:
    client = reader(Role.MANAGER, office)
    assert "Борис Чужой" not in client.get(f"/analytics/{code}/").content.decode()
    answer = client.get(f"/api/v1/analytics/{code}/").json()
    whole = reader(Role.DIRECTOR, office).get(f"/api/v1/analytics/{code}/").json()
    assert answer["rows"] != whole["rows"] or code in (
        "expected-win",
        "forecast",
        "forecast-floors",  # learnt from everybody
        "hand-overs",  # nobody hands anything over here, and there are no tasks
        "journeys",
        "reached",
        "stage-times",
        "tasks",
    )
    if "n" in answer:
        assert answer["n"] == whole["n"] / 2
    other = office.people[1].pk
    assert client.get(f"/api/v1/analytics/{code}/?manager={other}").status_code == 400


@pytest.mark.parametrize("code", REPORTS)
def test_a_page_asks_a_fixed_number_of_queries(code: str, office: Office) -> None:
    client = reader(Role.DIRECTOR, office)
    client.get(f"/analytics/{code}/")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(f"/analytics/{code}/")
    assert len(captured) <= 12, "\n".join(query["sql"][:160] for query in captured)


def test_the_overview_asks_for_its_cards(office: Office) -> None:
    page = reader(Role.DIRECTOR, office).get("/analytics/").content.decode()
    for code in ("incidence", "process", "cohorts", "win-rates"):
        assert f'id="card-{code}"' in page
    card = reader(Role.DIRECTOR, office).get("/analytics/cohorts/", headers={"HX-Target": "card-cohorts"})
    assert card.content.decode().lstrip().startswith('<div class="block" id="card-cohorts"')


@pytest.mark.parametrize(
    "address, says",
    [
        ("/analytics/cohorts/?from=nonsense", "nonsense"),
        ("/analytics/incidence/?stage=1:2", "1:2"),
        ("/analytics/flow/?by=year", "year"),
        ("/analytics/win-rates/?by=field:999", "field:999"),
        ("/analytics/forecast/?days=0", "0"),
        ("/analytics/flow/?pipeline=999", "999"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(address: str, says: str, office: Office) -> None:
    client = reader(Role.DIRECTOR, office)
    page = client.get(address)
    assert page.status_code == 422 and says in page.content.decode()
    answer = client.get(address.replace("/analytics/", "/api/v1/analytics/"))
    assert answer.status_code == 400 and says in answer.json()["detail"]


def test_an_unknown_parameter_is_named_with_the_nearest(office: Office) -> None:
    answer = reader(Role.DIRECTOR, office).get("/api/v1/analytics/cohorts/?to_stages=won")
    assert answer.status_code == 400 and "to_stage" in answer.json()["detail"]
    assert reader(Role.DIRECTOR, office).get("/analytics/nonsense/").status_code == 404


def test_a_first_answer_of_a_large_account_is_left_to_a_worker(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows how far it is, and the answer as soon as it is there; nobody asks twice."""
    from jobs import kept_reports
    from jobs.models import KeptReport
    from metrics import account_size
    from web.analytics import views

    asked: list[str] = []
    monkeypatch.setattr(account_size, "is_large", lambda: True)
    monkeypatch.setattr(kept_reports, "QUICK", 0.0)
    monkeypatch.setattr(views, "ask_for_report", asked.append)
    client = reader(Role.DIRECTOR, office)
    for _ in range(2):
        assert "<progress" in client.get("/analytics/reached/").content.decode()
    [key] = asked
    kept_reports.count_kept(key)
    page = client.get("/analytics/reached/").content.decode()
    assert "<progress" not in page and "Счёт" in page
    kept = KeptReport.objects.get(pk=key)
    assert kept.answer and kept.asked_at is None and kept.report == "reached"
    # something has changed since: the kept answer is shown, and counted anew elsewhere
    KeptReport.objects.filter(pk=key).update(stamp="older", as_of=NOW - DAY)
    assert "Счёт" in client.get("/analytics/reached/").content.decode()
    assert asked == [key, key]
    # a colleague's question is another one
    assert "<progress" in reader(Role.MANAGER, office).get("/analytics/reached/").content.decode()


def test_hand_overs_beyond_the_table_are_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = office.people
    deal = Deal.objects.filter(manager=anna).order_by("pk").first()
    assert deal is not None
    for number, (before, after) in enumerate([(anna, boris), (boris, anna), (anna, boris)]):
        Event.objects.create(
            id=f"given{number}", at=NOW - (9 - number) * DAY, kind="owner", entity="deal", entity_id=deal.pk,
            before=before.pk, after=after.pk,
        )  # fmt: skip
    monkeypatch.setattr(hand_overs, "MOST_PAIRS", 1)
    page = reader(Role.DIRECTOR, office).get("/analytics/hand-overs/").content.decode()
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "Остальные ещё 1 пара 1 33" in told
