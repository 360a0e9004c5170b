"""A reason of the loss: a required field of the lost stage, by amoCRM's own list or by the account's field."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.account import own
from pipelines.models import Account, CustomField, Deal, JudgementRequest, LossReason, Stage
from qc import engine, regulations
from qc.models import Finding
from qc.requirements import loss_reason
from team.models import Role
from timeline.timeline import LOSS_REASON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Losses:
    def __init__(self) -> None:
        self.account = Account.objects.create(id=1, name="A", base_url="https://a.amocrm.ru")
        sales = factory.make_pipeline()
        self.talk = factory.make_stage(sales, "Переговоры")
        self.lost = factory.make_stage(sales, "Закрыто", Stage.Kind.LOST)
        factory.make_regulation(self.lost, required_fields=[LOSS_REASON])
        reason = LossReason.objects.create(id=5, name="Дорого")
        self.field = CustomField.objects.create(id=77, name="Почему отказ", type="select")
        anna = factory.make_person()
        values = {"since": NOW - DAY, "manager": anna}
        self.silent = factory.make_deal(self.lost, **values)
        self.told = factory.make_deal(self.lost, **values, loss_reason=reason)
        self.by_field = factory.make_deal(self.lost, **values, fields={"77": "Передумал"})

    def missing(self) -> set[int]:
        engine.judge()
        return set(Finding.objects.open(NOW).filter(rule="field.missing").values_list("deal", flat=True))


@pytest.fixture
def losses() -> Losses:
    return Losses()


def test_a_lost_deal_without_a_reason_is_found(losses: Losses) -> None:
    assert losses.missing() == {losses.silent.pk, losses.by_field.pk}
    finding = Finding.objects.filter(deal=losses.silent).get()
    client = Client()
    client.force_login(factory.make_employee(Role.DIRECTOR, language="en"))
    assert "Not filled in on the stage “Закрыто”: Loss reason" in client.get("/findings/").content.decode()
    Deal.objects.filter(pk=losses.silent.pk).update(loss_reason_id=5)
    engine.judge([losses.silent.pk])
    finding.refresh_from_db()
    assert finding.withdrawn_at is not None or finding.closes_at is not None


def test_the_account_says_where_its_reasons_stand(losses: Losses) -> None:
    assert own.choose_loss_field(losses.account, 77) is True
    assert JudgementRequest.objects.exists()
    assert losses.missing() == {losses.silent.pk}
    assert [loss_reason(one) for one in (losses.told, losses.by_field)] == [5, "Передумал"]
    assert own.choose_loss_field(losses.account, 77) is False


def test_an_administrator_chooses_the_field_on_the_page(losses: Losses) -> None:
    client = Client()
    client.force_login(factory.make_employee(Role.ADMIN))
    assert client.post("/connect/settings/", {"loss_field": "78"}).status_code == 422
    kinds = {f"kind-{losses.talk.pipeline_id}": "sales"}
    assert client.post("/connect/settings/", {"loss_field": "77", **kinds}).status_code == 302
    losses.account.refresh_from_db()
    assert losses.account.loss_field == 77


def test_only_a_lost_deal_has_a_reason_of_its_loss(losses: Losses) -> None:
    with translation.override("en"), pytest.raises(ValueError, match="no deal field “loss_reason”"):
        regulations.draft(losses.talk.pk, required_fields=[LOSS_REASON])
    assert regulations.draft(losses.lost.pk, required_fields=[LOSS_REASON]).norms
    client = Client()
    client.force_login(factory.make_employee(Role.ADMIN, language="en"))
    shown = [
        f'value="{LOSS_REASON}"' in client.get(f"/regulations/{one.pk}/").content.decode()
        for one in (losses.talk, losses.lost)
    ]
    assert shown == [False, True]
