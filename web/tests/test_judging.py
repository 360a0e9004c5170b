"""Pages say while many deals wait to be judged, and an open one until the last has been."""

import pytest
from django.test import Client

from core import moment
from devtools.tests import factory
from devtools.tests.factory import NOW
from jobs import judgement_queue
from pipelines.models import JudgementRequest
from pipelines.models.judgement import MOST_SEEN
from team.models import Role
from web.frame.judging import FEW
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
BUSY, DONE = "Deals are being judged", "All deals are judged"


@pytest.fixture
def reader() -> Client:
    moment.fix(NOW.isoformat())
    client = signed_in(factory.make_employee(Role.DIRECTOR, language="en"))
    return client


def page(reader: Client) -> str:
    return reader.get("/deals/").content.decode()


def asked(reader: Client) -> str:
    return reader.get("/judging/").content.decode()


def test_what_people_do_all_day_is_not_told(reader: Client) -> None:
    assert BUSY not in page(reader)
    JudgementRequest.objects.demand_deals(range(1, FEW))
    assert BUSY not in page(reader)
    JudgementRequest.objects.demand_deals([FEW])
    assert f"{BUSY}, {FEW} are left:" in page(reader)


def test_of_a_long_queue_the_beginning_is_counted_and_of_one_that_is_not_cut_nothing(reader: Client) -> None:
    JudgementRequest.objects.bulk_create(JudgementRequest(deals=list(range(900))) for _ in range(3))
    assert f"{BUSY}, 2,700 are left:" in page(reader)
    JudgementRequest.objects.demand_deals(range(MOST_SEEN))
    assert f"{BUSY}, more than 4,697 are left:" in page(reader)
    JudgementRequest.objects.all().delete()
    JudgementRequest.objects.demand_all()
    assert f"{BUSY}: findings" in page(reader)


def test_who_sees_nobody_yet_is_told_as_well(reader: Client) -> None:
    JudgementRequest.objects.demand_all()
    alone = signed_in(factory.make_employee(Role.MANAGER, language="en"))
    assert BUSY in page(alone)


def test_what_rests_and_what_gathers_is_not_waited_for(reader: Client) -> None:
    JudgementRequest.objects.create(deals=list(range(900)), retry_at=NOW)
    JudgementRequest.objects.bulk_create(
        JudgementRequest(unit="contact", subject_id=number, asked_at=NOW) for number in range(FEW)
    )
    assert BUSY not in page(reader) and DONE in asked(reader)


def test_an_open_page_is_told_until_the_last_one_is_judged(reader: Client) -> None:
    factory.make_deal(factory.make_stage(factory.make_pipeline()), factory.make_person())
    JudgementRequest.objects.demand_all()
    assert BUSY in asked(reader) and 'hx-get="/judging/"' in asked(reader)
    JudgementRequest.objects.all().delete()
    JudgementRequest.objects.demand_deals([1])
    assert f"{BUSY}, 1 is left:" in asked(reader)
    judgement_queue.judge_waiting()
    assert BUSY not in asked(reader) and DONE in asked(reader) and "hx-get" not in asked(reader)
