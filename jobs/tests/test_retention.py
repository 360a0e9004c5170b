"""Withdrawn findings go after their term, but for those that money or an appeal stands on."""

from datetime import datetime, timedelta

import pytest

from core import moment
from devtools.tests.factory import DAY, NOW, make_deal, make_finding, make_person, make_pipeline, make_stage
from jobs import retention
from kpi.models import Scheme, Statement
from notices.models import Delivery, Notice, Step
from pipelines.models import Deal
from qc.models import Finding

pytestmark = pytest.mark.django_db
AGO = NOW - timedelta(days=200)


@pytest.fixture
def deal() -> Deal:
    moment.fix(NOW.isoformat())
    yield make_deal(make_stage(make_pipeline()), make_person())
    moment.fix(None)


def withdrawn(deal: Deal, at: object = AGO, **values: object) -> Finding:
    number = Finding.objects.count()
    opened = {"opens_at": AGO - 40 * DAY, "since": AGO - 50 * DAY + DAY * number, "withdrawn_at": at}
    return make_finding(deal, "task.none", **opened | values)


def purge() -> set[int]:
    before = set(Finding.objects.values_list("pk", flat=True))
    retention.purge_findings()
    return before - set(Finding.objects.values_list("pk", flat=True))


def test_only_what_was_withdrawn_long_ago_goes(deal: Deal) -> None:
    old, _young = withdrawn(deal), withdrawn(deal, NOW - 179 * DAY)
    make_finding(deal)
    assert purge() == {old.pk}
    assert purge() == set()


def test_what_a_closed_month_counted_stays(deal: Deal) -> None:
    scheme = Scheme.objects.create(code="x", version=1, effective_from="2020-01-01", document={})
    month = (AGO - 40 * DAY).date().replace(day=1)
    counted, warned = withdrawn(deal, mode="money"), withdrawn(deal, mode="warn")
    ahead = withdrawn(deal, mode="money", opens_at=AGO + DAY)
    statement = Statement.objects.create(
        manager=deal.manager,
        period=month,
        scheme=scheme,
        status="closed",
        total=0,
        computed_at=AGO,
        closed_at=AGO - DAY,
    )
    assert purge() == {warned.pk, ahead.pk}
    statement.closed_at = AGO + DAY  # it was withdrawn before the month was closed: it took nothing
    statement.save()
    assert purge() == {counted.pk}


def test_what_anything_points_at_stays(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    found = withdrawn(deal)
    assert 'from "qc_appeal" r where r."finding_id" = f.id' in retention.unused()
    monkeypatch.setattr(
        retention, "unused", lambda: "and not exists (select from pipelines_deal r where r.id = f.deal_id)"
    )
    assert purge() == set()
    monkeypatch.undo()
    assert purge() == {found.pk}


def test_many_go_in_parts(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    many = {withdrawn(deal).pk for _ in range(5)}
    assert purge() == many


def test_old_notices_go_with_what_was_sent_and_set_their_findings_free(deal: Deal) -> None:
    def told(finding: Finding, at: datetime, lead: Delivery | None = None) -> Delivery:
        first = {"kind": "task.none", "key": f"finding:{finding.pk}", "finding": finding}
        notice = Notice.objects.create(**first, at=at, noted_at=at)
        notice.steps.create(number=0, audience="person", due_at=at)
        return Delivery.objects.create(
            notice=notice, recipient="e:1", channel="page", due_at=at, created_at=at, lead=lead
        )

    old, young = withdrawn(deal), withdrawn(deal)
    lead = told(old, NOW - 181 * DAY)
    kept = told(young, NOW - 179 * DAY, lead)
    assert purge() == set()
    retention.purge_notices()
    kept.refresh_from_db()
    assert Notice.objects.get() == kept.notice and kept.lead is None and Step.objects.count() == 1
    assert purge() == {old.pk}
