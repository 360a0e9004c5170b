"""Unlike weeks: found in kept weeks, told to whom they concern, shown, exported, muted by each reader for himself."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from core import moment
from core.zone import portal_zone
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from jobs.alerts import find_alerts
from jobs.models import KeptWeek, WeekFact
from metrics.weeks import DAYS, DEFINITIONS, OPENED, list_last_weeks
from notices.models import Alert, AlertMute, Delivery, Policy
from notices.mutes import read_mutes
from notices.noting import climb_steps, note_facts
from notices.policy import read_policy
from pipelines.models import Stage
from qc.models import RuleMode
from team.models import Employee, Role
from web.notices.alerts import rows_behind
from web.tests.clients import signed_in
from web.tests.crawl import differences, read_links

pytestmark = pytest.mark.django_db
USUAL = [6, 7, 5, 6, 8, 6, 7, 5, 6, 7, 6, 5, 7]
RULE = "task.none"


class Office:
    """Anna of one head and Boris of another at one stage, fourteen whole weeks; the last of Anna's is bad."""

    def __init__(self) -> None:
        self.stage = factory.make_stage(factory.make_pipeline(), "Взяли в работу", kind=Stage.Kind.WORK)
        self.heads = [factory.make_employee(Role.HEAD, username=f"head{n}") for n in range(2)]
        self.anna, self.boris = factory.make_person("Анна Кузнецова"), factory.make_person("Борис Белов")
        factory.make_employee(Role.MANAGER, self.anna, head=self.heads[0])
        factory.make_employee(Role.MANAGER, self.boris, head=self.heads[1])
        self.director = factory.make_employee(Role.DIRECTOR, username="director")
        self.weeks = [week.first for week in list_last_weeks(NOW, 15, portal_zone())[:-1]]
        for place, week in enumerate(self.weeks):
            KeptWeek.objects.create(
                week=week, definitions=DEFINITIONS, counted_at=NOW, digest=f"d{place}", is_over=True
            )
            last = place == len(self.weeks) - 1
            self.count(week, self.anna.pk, 40 if last else USUAL[place])
            self.count(week, self.boris.pk, USUAL[(place + 3) % 13])

    def count(self, week: date, manager: int, opened: int) -> None:
        first: dict[str, Any] = {
            "week": week, "definitions": DEFINITIONS, "stage": self.stage.pk, "manager": manager
        }  # fmt: skip
        WeekFact.objects.create(measure=OPENED, rule=RULE, n=opened, **first)
        WeekFact.objects.create(measure=DAYS, n=30, amount=100, **first)


@pytest.fixture
def office() -> Iterator[Office]:
    moment.fix(NOW.isoformat())
    yield Office()
    moment.fix(None)


def test_a_week_is_found_once_and_forgotten_when_it_is_counted_otherwise(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    assert find_alerts(NOW) == 2  # hers, and that of the stage on which everybody stands
    hers = Alert.objects.get(person=office.anna)
    assert (hers.measure, hers.week, hers.top, hers.usual, hers.is_good) == (
        "density", office.weeks[-1], 40, 6.0, False
    )  # fmt: skip
    with django_assert_max_num_queries(1):
        assert find_alerts(NOW) == 0  # nothing was counted anew
    WeekFact.objects.filter(week=office.weeks[-1], manager=office.anna.pk, measure=OPENED).update(n=6)
    KeptWeek.objects.filter(week=office.weeks[-1]).update(digest="other")
    assert find_alerts(NOW) == 0
    assert not Alert.objects.exists()


def test_leavers_have_no_week(office: Office) -> None:
    Employee.objects.filter(person=office.anna).update(left_on=(NOW - timedelta(days=3)).date())
    find_alerts(NOW)
    assert not Alert.objects.filter(person=office.anna).exists()


def test_who_sees_what_and_the_rows_behind(office: Office, django_assert_max_num_queries: Any) -> None:
    find_alerts(NOW)
    client = signed_in(office.director)
    with django_assert_max_num_queries(12):
        page = client.get("/alerts/").content.decode().replace("\xa0", " ")
    until = office.weeks[-1] + timedelta(days=7)
    assert "Анна Кузнецова, хуже обычного: случаев на 100 сделко-дней — 40,0" in page
    link = f"/findings/?manager={office.anna.pk}&amp;since={office.weeks[-1]}&amp;until={until}&amp;counted=1"
    assert link in page and "Взяли в работу" in page
    hers = signed_in(office.heads[0]).get("/alerts/").content.decode()
    assert "Анна Кузнецова" in hers and "Взяли в работу, хуже" not in hers
    assert "Анна Кузнецова, хуже" not in signed_in(office.heads[1]).get("/alerts/").content.decode()
    block = signed_in(office.director).get("/alerts/latest/", headers={"HX-Request": "true"}).content.decode()
    assert "Анна Кузнецова, хуже" in block
    lines = signed_in(office.director).get("/alerts/?export=csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert signed_in(office.director).get("/alerts/?week=nonsense").status_code == 422


def test_the_rows_of_a_time_in_shadow_are_behind_its_number(office: Office) -> None:
    """As the weeks count them: the rule is shown now, and what it found before is judged afterwards."""
    RuleMode.objects.update_or_create(rule=RULE, defaults={"mode": "warn"})
    deal, at = factory.make_deal(office.stage, office.anna), NOW - timedelta(days=8)
    for minute in range(40):
        since = at + timedelta(minutes=minute)
        factory.make_finding(deal, RULE, since=since, opens_at=since, mode="shadow")
    find_alerts(NOW)
    client, address = signed_in(office.director), f"/alerts/?manager={office.anna.pk}"
    page = client.get(address).content.decode()
    assert {link.total for link in read_links(page) if "counted=1" in link.href} == {40}
    assert list(differences(client, {address: page}, "ru")) == []


def test_overdue_tasks_of_a_stage_are_those_of_its_deals(office: Office) -> None:
    other = factory.make_stage(office.stage.pipeline, "Другой")
    for stage, number in ((office.stage, 2), (other, 3)):
        for _ in range(number):
            factory.make_task(factory.make_deal(stage, office.anna), NOW - timedelta(days=1))
    alert = Alert(measure="overdue", week=office.weeks[-1], stage=office.stage)
    assert signed_in(office.director).get(rows_behind(alert)).context["count"] == 2


def test_a_mute_is_the_readers_own_and_sent_twice_is_one(office: Office) -> None:
    find_alerts(NOW)
    hers = Alert.objects.get(person=office.anna)
    client, until = signed_in(office.director), (NOW + timedelta(days=20)).date()
    for _ in range(2):
        assert client.post(f"/alerts/{hers.pk}/mute/", {"until": until}).status_code == 302
    assert [one.until for one in AlertMute.objects.all()] == [until]
    for path in ("/alerts/", "/alerts/latest/"):
        assert "Анна Кузнецова, хуже" not in client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "Анна Кузнецова, хуже" in client.get("/alerts/?muted=1").content.decode()
    assert "Анна Кузнецова, хуже" in signed_in(office.heads[0]).get("/alerts/").content.decode()
    for nonsense in ("", "soon", NOW.date(), (NOW + timedelta(days=900)).date()):
        client.post(f"/alerts/{hers.pk}/mute/", {"until": nonsense})
        assert AlertMute.objects.get().until == until
    for _ in range(2):
        assert client.post("/alerts/unmute/", {"about": hers.about}).status_code == 302
    assert "Анна Кузнецова, хуже" in client.get("/alerts/").content.decode()


def test_what_was_muted_is_told_again_though_its_week_is_gone(
    office: Office, django_assert_max_num_queries: Any
) -> None:
    find_alerts(NOW)
    client, until = signed_in(office.director), (NOW + timedelta(days=20)).date()
    for one in Alert.objects.all():
        client.post(f"/alerts/{one.pk}/mute/", {"until": until})
    Alert.objects.all().delete()
    with django_assert_max_num_queries(12):
        page = client.get("/alerts/?muted=1")
    assert "Анна Кузнецова" in page.content.decode() and "Взяли в работу" in page.content.decode()
    assert signed_in(office.heads[0]).get("/alerts/?muted=1").context["kept"] == []
    assert client.get("/alerts/").context["kept"] == []
    kept = page.context["kept"]
    assert len(kept) == 2
    signed_in(office.heads[0]).post("/alerts/unmute/", {"about": kept[0][0].about})
    assert AlertMute.objects.count() == 2
    client.post("/alerts/unmute/", {"about": kept[0][0].about})
    assert AlertMute.objects.get() == kept[1][0]


@pytest.mark.parametrize(
    ("here", "goes"),
    [
        ("http://testserver/alerts/?sign=bad&page=2", "/alerts/?sign=bad&page=2"),
        ("http://testserver/deals/?open=1", "/alerts/"),
        ("https://evil.example/alerts/?sign=bad", "/alerts/?sign=bad"),
        ("http://[", "/alerts/"),
    ],
)
def test_the_list_stays_as_it_was_filtered(office: Office, here: str, goes: str) -> None:
    find_alerts(NOW)
    client, hers = signed_in(office.director), Alert.objects.get(person=office.anna)
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    for address, form in (
        (f"/alerts/{hers.pk}/mute/", {"until": (NOW + timedelta(days=9)).date()}),
        (f"/alerts/{hers.pk}/mute/", {"until": "soon"}),
        ("/alerts/unmute/", {"about": hers.about}),
    ):
        assert client.post(address, form, headers=headers).headers["Location"] == goes


def test_whom_it_is_told_and_only_once(office: Office) -> None:
    Policy.objects.create(started_at=NOW - timedelta(days=2), channels=["telegram"])
    monday = NOW + timedelta(days=3)
    moment.fix(monday.isoformat())
    KeptWeek.objects.create(
        week=office.weeks[-1] + timedelta(days=7),
        definitions=DEFINITIONS,
        counted_at=NOW,
        digest="n",
        is_over=True,
    )
    office.count(office.weeks[-1] + timedelta(days=7), office.anna.pk, 45)
    office.count(office.weeks[-1] + timedelta(days=7), office.boris.pk, 6)
    second = factory.make_employee(Role.DIRECTOR, username="second")
    AlertMute.objects.create(
        employee=second,
        about=f"density:person:{office.anna.pk}",
        until=monday.date() + timedelta(days=9),
        muted_at=NOW,
    )
    find_alerts(monday)
    for _ in range(2):
        note_facts(monday)
        climb_steps(monday)
    told = Delivery.objects.filter(notice__kind="week.person").values_list("employee__username", flat=True)
    assert sorted(told) == ["director", office.heads[0].username]
    AlertMute.objects.create(
        employee=office.director,
        about=f"density:person:{office.anna.pk}",
        until=monday.date() + DAY,
        muted_at=NOW,
    )
    mutes = read_mutes(read_policy(), monday)
    heard = Delivery.objects.filter(notice__kind="week.person", channel="page").select_related("notice")
    assert {
        one.employee: mutes.cover(one.employee_id, one.notice.kind, one.notice.values) for one in heard
    } == {
        office.director: True,
        office.heads[0]: False,
    }
    of_stage = Delivery.objects.filter(notice__kind="week.stage").values_list("employee__username", flat=True)
    assert sorted(of_stage) == ["director", "second"]


def test_programs_read_what_the_page_shows(office: Office) -> None:
    find_alerts(NOW)
    hers = Alert.objects.get(person=office.anna)
    AlertMute.objects.create(
        employee=office.director, about=hers.about, until=NOW.date() + timedelta(days=9), muted_at=NOW
    )
    rows = signed_in(office.director).get("/api/v1/alerts/").json()["results"]
    [row] = [row for row in rows if row["person"] == office.anna.pk]
    assert len(rows) == 2 and [one["stage"] for one in rows if one["person"] is None] == [office.stage.pk]
    assert (row["measure"], row["top"], row["rate"], row["usual"], row["good"]) == (
        "density",
        40,
        40,
        6,
        False,
    )
    assert row["muted_until"] == "2026-11-29" and row["text"].startswith("Анна Кузнецова")
    other = signed_in(office.heads[0])
    assert [one["muted_until"] for one in other.get("/api/v1/alerts/").json()["results"]] == [None]
    assert other.get("/api/v1/alerts/?muted=1").json()["count"] == 0
    assert signed_in(office.director).get("/api/v1/alerts/?muted=1").json()["count"] == 1
    assert signed_in(office.heads[1]).get(f"/api/v1/alerts/{hers.pk}/").status_code == 404
    assert other.get(f"/api/v1/alerts/{hers.pk}/").json() == row | {"muted_until": None}
    for nonsense in ("week=soon", "person=1", "measure=luck", "stage=nowhere"):
        assert other.get(f"/api/v1/alerts/?{nonsense}").status_code == 400, nonsense
