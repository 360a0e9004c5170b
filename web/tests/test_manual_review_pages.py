"""Samples, the checklist and the page of reviewers: the second reviewer does not see the first one's answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from qc.manual_reviews import SECTIONS
from qc.models import ManualReview, Sample
from team.models import Role
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
DRAWN = {"since": "2026-11-10", "until": "2026-11-19", "size": "6", "twice": "6", "seed": "7"}
YES = dict.fromkeys(SECTIONS, "yes")


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def two(db: None) -> list[Client]:
    pipeline = factory.make_pipeline()
    stages = [factory.make_stage(pipeline, name) for name in ("Взяли", "Квалификация")]
    people = [factory.make_person(name) for name in ("Анна", "Роман")]
    for number in range(20):
        factory.make_deal(stages[number % 2], people[number // 2 % 2])
    factory.make_deal(stages[0], people[0], since=NOW + DAY)
    clients = []
    for name in ("Вера", "Ольга"):
        client = signed_in(factory.make_employee(Role.CONTROLLER, first_name=name))
        clients.append(client)
    return clients


def test_a_sample_is_drawn_once_and_the_same_again(two: list[Client]) -> None:
    key = "0b0f6c1e-0000-4000-8000-000000000001"
    for _ in range(2):
        assert two[0].post("/review/samples/", DRAWN | {"key": key}).status_code == 302
    sample = Sample.objects.get()
    assert (sample.population, sample.size) == (20, 6)
    assert len({(row.manager_id, row.stage_id) for row in sample.deals.all()}) == 4, "each stratum"
    for address in (f"/review/samples/{sample.pk}/", "/review/samples/"):
        page = two[0].get(address, headers={"Accept-Language": "ru"}).content.decode()
        words = " ".join(page.replace("\N{NO-BREAK SPACE}", " ").split())
        assert "10 нояб. – 19 нояб." in words, "the last day as it was asked for"
    two[1].post("/review/samples/", DRAWN)
    again = Sample.objects.exclude(pk=sample.pk).get()
    drawn = [list(one.deals.values_list("deal", "place", "twice")) for one in (sample, again)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "0"},
        {"size": "201"},
        {"twice": "7"},
        {"until": "2026-11-01"},
        {"until": "2027-01-01"},
        {"since": "soon"},
        {"since": "2026-01-01"},
        {"seed": "-1"},
    ],
)
def test_nonsense_draws_nothing(wrong: dict[str, str], two: list[Client]) -> None:
    assert two[0].post("/review/samples/", DRAWN | wrong).status_code == 422
    assert not Sample.objects.exists()


def test_two_reviewers_answer_blindly_and_agree_so_far(two: list[Client]) -> None:
    two[0].post("/review/samples/", DRAWN)
    rows = list(Sample.objects.get().deals.all())
    path = f"/review/sampled/{rows[0].pk}/"
    assert two[0].post(path, YES | {"need": "perhaps"}).status_code == 422
    assert two[0].post(path, {"need": "yes"}).status_code == 422
    kept = two[0].post(path, YES | {"text": "Всё ясно из карточки"})
    assert kept.headers["Location"] == f"/review/sampled/{rows[1].pk}/"
    assert "Всё ясно" in two[0].get(path).content.decode()
    second = two[1].get(path).content.decode()
    assert "Всё ясно" not in second and "после ваших" in second
    assert two[0].post(path, YES).status_code == 302 and ManualReview.objects.count() == 1, "once by each"
    two[1].post(path, YES | {"need": "no"})
    assert "Всё ясно" in two[1].get(path).content.decode()
    two[0].post(f"/review/sampled/{rows[1].pk}/", dict.fromkeys(SECTIONS, "no"))
    two[1].post(f"/review/sampled/{rows[1].pk}/", dict.fromkeys(SECTIONS, "no"))
    text = two[0].get("/review/reviewers/").content.decode().replace("\xa0", " ")
    # 9 of 10 alike; by chance (5·4 + 5·6) ÷ 100 = 0.5: κ = 0.8
    assert "0,80" in text and "Вера" in text
    assert "9 из 10" in two[0].get("/review/").content.decode().replace("\xa0", " ")


def test_a_third_reviewer_and_a_manager_answer_nothing(two: list[Client]) -> None:
    two[0].post("/review/samples/", DRAWN)
    path = f"/review/sampled/{Sample.objects.get().deals.all()[0].pk}/"
    for client in two:
        client.post(path, YES)
    third: Any = Client()
    third.force_login(factory.make_employee(Role.DIRECTOR))
    assert third.post(path, YES).status_code == 422
    third.force_login(factory.make_employee(Role.HEAD))
    assert third.post(path, YES).status_code == 404
