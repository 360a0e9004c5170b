"""What the API is asked is what it answers: filters of metrics, unknown names, zero bytes, ranges with an end."""

from collections.abc import Iterator

import pytest
from django.test import Client

import metrics
from core import moment
from core.periods import Period
from core.zone import portal_zone
from devtools.tests.factory import DAY, NOW, make_deal, make_employee, make_person, make_pipeline, make_stage
from metrics.tests.house import House
from pipelines.models import Person, Stage
from team.models import HeadAssignment, Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_twentieth() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Sold:
    """Anna: 1 and 10 in two pipelines; Boris of another department: 100; Vera, whose head is Anna: 1000."""

    def __init__(self) -> None:
        house = House()
        self.anna, self.boris, self.vera = house.anna, house.boris, make_person("Вера", group="Опт")
        Person.objects.filter(pk=self.boris.pk).update(group="Сервис")
        self.other = make_pipeline("Опт")
        won = make_stage(self.other, "Успешно", kind=Stage.Kind.WON)
        self.pipeline = house.won.pipeline
        for stage, person, price in (
            (house.won, self.anna, 1), (won, self.anna, 10), (house.won, self.boris, 100), (house.won, self.vera, 1000),
        ):  # fmt: skip
            make_deal(stage, person, NOW - DAY, price=price)
        head = make_employee(Role.HEAD, self.anna)
        HeadAssignment.objects.create(employee=make_employee(Role.MANAGER, self.vera), head=head)
        self.head = head


@pytest.fixture
def sold() -> Sold:
    return Sold()


def reader(user: object = None) -> Client:
    one = Client(headers={"Accept-Language": "en"})
    one.force_login(user or make_employee(Role.DIRECTOR, language="en"))
    return one


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", 1111), ("pipeline={other}", 10), ("manager={anna}", 11), ("manager={anna}&pipeline={pipeline}", 1),
        ("group=Сервис", 100), ("head={anna}", 1011), ("head={anna}&group=Опт", 1000),
        ("manager={boris}&head={anna}", 0),
    ],
)  # fmt: skip
def test_a_metric_is_narrowed_by_pipeline_person_department_and_head(
    sold: Sold, query: str, total: int
) -> None:
    names = {
        "anna": sold.anna.pk,
        "boris": sold.boris.pk,
        "other": sold.other.pk,
        "pipeline": sold.pipeline.pk,
    }
    client, asked = reader(), query.format(**names)
    assert client.get(f"/api/v1/metrics/won_sum/?{asked}").json()[0]["value"] == total
    by = client.get(f"/api/v1/metrics/won_sum/?by=manager&{asked}").json()
    assert sum(row["value"] for row in by) == total
    months = client.get(f"/api/v1/metrics/won_sum/?by=month&{asked}").json()
    assert [row["value"] for row in months] == [total]


@pytest.mark.parametrize("code", list(metrics.METRICS))
def test_every_metric_takes_the_filters_that_it_can_and_refuses_the_others(sold: Sold, code: str) -> None:
    client, metric = reader(), metrics.METRICS[code]
    for by in ("", *metric.by):
        answer = client.get(
            f"/api/v1/metrics/{code}/?by={by}&pipeline={sold.other.pk}&manager={sold.anna.pk}"
        )
        assert answer.status_code == (200 if "pipeline" in metric.by else 400), (by, answer.content)
        if answer.status_code == 400:
            assert "cannot be asked of one pipeline" in answer.json()["detail"]
    if "pipeline" in metric.by:
        whole = {
            row["key"]: row["value"] for row in client.get(f"/api/v1/metrics/{code}/?by=pipeline").json()
        }
        one = client.get(f"/api/v1/metrics/{code}/?pipeline={sold.other.pk}").json()[0]
        assert one["value"] == whole.get(str(sold.other.pk), metric.empty)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("manager=77777", "There is no person “77777”."), ("manager=x", "There is no person “x”."),
        ("head={boris}", "There is no person"), ("group=Nowhere", "There is no department “Nowhere”."),
        ("pipeline=999", "There is no pipeline “999”."), ("pipeline=x", "There is no pipeline “x”."),
    ],
)  # fmt: skip
def test_a_filter_of_nobody_is_refused(sold: Sold, query: str, says: str) -> None:
    answer = reader().get(f"/api/v1/metrics/won_sum/?{query.format(boris=sold.boris.pk)}")
    assert answer.status_code == 400
    assert says in str(answer.json()["detail"])


def test_filters_open_nothing_that_the_reader_may_not_see(sold: Sold) -> None:
    client = reader(sold.head)
    assert client.get("/api/v1/metrics/won_sum/").json()[0]["value"] == 1011
    for query in (f"manager={sold.boris.pk}", "group=Сервис"):
        assert client.get(f"/api/v1/metrics/won_sum/?{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("metrics/won_sum/?pipelin=7", "There is no parameter “pipelin” here: did you mean “pipeline”?"),
        ("deals/?maneger=7", "did you mean “manager”?"), ("tasks/?overdu=1", "did you mean “overdue”?"),
        ("findings/?sate=open", "did you mean “state”?"), ("stages/?pipe=1", "There is no parameter “pipe” here"),
        ("managers/?group=x", "there are: page, page_size."), ("pipelines/?sort=1", "There is no parameter “sort”"),
        ("statements/?month=2026-11", "there are: period, manager."), ("freshness/?of=deals", "nor any other."),
        ("funnel/?pipeline=1&form=2026-11", "did you mean “from”?"), ("transitions/?nextstage=1", "“next_stage”?"),
        ("regulations/?stage=1", "nor any other."), ("deals/?page_siz=1", "did you mean “page_size”?"),
    ],
)  # fmt: skip
def test_an_unknown_parameter_is_refused_with_the_nearest_name(sold: Sold, path: str, says: str) -> None:
    answer = reader().get(f"/api/v1/{path}")
    assert answer.status_code == 400
    assert says in str(answer.json()["detail"])


def test_an_unknown_parameter_of_a_single_row_is_refused(sold: Sold) -> None:
    assert reader().get(f"/api/v1/managers/{sold.anna.pk}/?fields=name").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/deals/?group=%00", "/api/v1/tasks/?manager=%00", "/api/v1/findings/?sort=%00", "/deals/?group=%00",
        "/tasks/?group=a%00b", "/findings/?%00=1", "/desk/?group=%00", "/api/v1/metrics/won_sum/?group=%00",
        "/my/?settle=%00",
    ],
)  # fmt: skip
def test_a_zero_byte_in_an_address_is_a_bad_request(path: str) -> None:
    assert reader().get(path).status_code == 400


@pytest.mark.parametrize("path", ["/deals/%00/", "/regulations/%00/", "/api/v1/regulations/%00/backtest/"])
def test_a_path_with_a_zero_byte_leads_nowhere(path: str) -> None:
    assert reader().get(path).status_code == 404


@pytest.mark.parametrize("length", [151, 256, 5_000])
def test_a_login_name_longer_than_any_shows_the_form_again(length: int) -> None:
    answer = Client().post("/login/", {"username": "é" * length, "password": "x"})
    assert answer.status_code == 200
    assert 'name="username"' in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    ["metrics/velocity/?by=month&", "metrics/won_sum/?", "funnel/?pipeline={pipeline}&", "transitions/?"],
)
def test_a_range_without_a_sensible_end_is_refused(sold: Sold, path: str) -> None:
    client, address = reader(), f"/api/v1/{path.format(pipeline=sold.pipeline.pk)}"
    answer = client.get(f"{address}from=1970-01&to=2200-01")
    assert answer.status_code == 400
    assert "120" in answer.json()["detail"]
    assert client.get(f"{address}from=2016-12&to=2026-12").status_code == 200
    assert client.get(f"{address}from=2016-11&to=2026-12").status_code == 400


def test_a_metric_is_bounded_whoever_asks() -> None:
    with pytest.raises(ValueError, match="120 months at most"):
        metrics.measure("won_sum", Period.parse("2000-01", "2026-01", portal_zone()))
