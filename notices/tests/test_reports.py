"""A report of a week: read, frozen once, the same bytes twice, numbers that equal those of pages, and told."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import account, moment
from core.periods import month_of
from core.zone import portal_zone
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from metrics import measure
from metrics.snapshot import count_snapshot, decode_snapshot
from notices import decisions as life
from notices.models import Decision, Report
from notices.reports.document import digest_of, read_document, write_document
from notices.reports.issuing import issue_due, issue_report
from notices.reports.pictures import draw_charts
from notices.reports.reading import read_report
from notices.reports.spans import due_spans, parse_span
from notices.reports.wording import compose_chat
from notices.telegram.markup import plain
from pipelines.models import Deal, LossReason, PipelineKind, Stage
from qc.models import SHOWN, Finding
from team.models import Role

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize("text", ["2026-W54", "2026-W00", "2026-13", "nonsense", "2026-W4", ""])
def test_nonsense_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="is not a week"):
        parse_span(text, MOSCOW)


def test_a_week_is_from_monday_to_monday_and_follows_its_year() -> None:
    span = parse_span("2026-W53", MOSCOW)
    assert (span.period.start.date(), span.period.end.date()) == (date(2026, 12, 28), date(2027, 1, 4))
    assert span.before.end == span.period.start


@pytest.mark.parametrize(
    ("now", "labels"),
    [
        (datetime(2026, 11, 23, 8, 59, tzinfo=MOSCOW), ["2026-10"]),
        (datetime(2026, 11, 23, 9, 0, tzinfo=MOSCOW), ["2026-W47", "2026-10"]),
        (datetime(2026, 11, 29, 23, 0, tzinfo=MOSCOW), ["2026-W47", "2026-10"]),
        (datetime(2026, 12, 1, 8, 0, tzinfo=MOSCOW), ["2026-W48"]),
        (datetime(2026, 12, 1, 9, 0, tzinfo=MOSCOW), ["2026-W48", "2026-11"]),
    ],
)
def test_when_a_report_is_due(now: datetime, labels: list[str]) -> None:
    assert [span.label for span in due_spans(now, MOSCOW)] == labels


class Firm:
    """Two people with findings of two weeks, one who has left, losses and a running decision."""

    def __init__(self) -> None:
        line = factory.make_pipeline()
        self.stages = [factory.make_stage(line, name) for name in ("Целевой клиент", "Готов к выдаче")]
        lost = factory.make_stage(line, kind=Stage.Kind.LOST)
        factory.make_stage(line, kind=Stage.Kind.WON)
        self.people = [
            factory.make_person(name) for name in ("Анна Кузнецова", "Роман Дягилев", "Кирилл Бережной")
        ]
        self.director = factory.make_employee(Role.DIRECTOR, username="boss", first_name="Олег")
        self.head = factory.make_employee(
            Role.HEAD, username="head", first_name="Сергей", last_name="Воронцов"
        )
        for number, person in enumerate(self.people):
            left = {"left_on": date(2026, 9, 1)} if number == 2 else {}
            factory.make_employee(Role.MANAGER, person, head=self.head, **left)
        reason = LossReason.objects.create(id=1, name="Дорого")
        for number in range(30):
            person, stage = self.people[number % 3], self.stages[number % 2]
            deal = factory.make_deal(stage, person, since=NOW - 30 * DAY, price=Decimal(1000 * number))
            factory.make_finding(deal, opens_at=NOW - timedelta(days=number % 14, hours=1))
            if number % 4 == 0:
                factory.make_finding(deal, "task.none", opens_at=NOW - 9 * DAY, closes_at=NOW - 2 * DAY)
        for number in range(3):
            factory.make_deal(
                lost, self.people[0], closed_at=NOW - (number * 4 + 1) * DAY, price=700, loss_reason=reason
            )
        rows = Deal.objects.filter(stage=self.stages[1], manager=self.people[1])
        wish = life.Wish("Прозвонить", self.head, date(2026, 11, 19))
        life.decide_list(self.director, rows, wish, NOW - 3 * DAY, key="old")


@pytest.fixture
def firm(db: None) -> Any:
    moment.fix(NOW.isoformat())
    yield Firm()
    moment.fix(None)


def test_twice_the_same_week_is_byte_for_byte_the_same(firm: Firm) -> None:
    span = parse_span("2026-W47", portal_zone())
    first, second = (write_document(read_report(span, NOW).document) for _ in range(2))
    assert first == second
    report = issue_report(span, NOW)
    assert bytes(report.body) == first and report.digest == digest_of(first)
    Finding.objects.all().delete()
    again = issue_report(span, NOW + DAY)
    assert (again.pk, bytes(again.body)) == (report.pk, first)
    assert write_document(read_document(first)) == first
    document = read_document(first)
    assert draw_charts(document) == draw_charts(document)


def test_its_numbers_are_those_of_pages(firm: Firm) -> None:
    span = parse_span("2026-W47", portal_zone())
    document = read_report(span, NOW).document
    cells = decode_snapshot(count_snapshot(NOW, month_of(NOW, portal_zone()))).cells
    assert document.standing.money == sum(cell.frozen for cell in cells)
    assert document.standing.deals == sum(cell.stuck for cell in cells)
    assert document.standing.weeks[-1].money == document.standing.money
    opened = Finding.objects.filter(mode__in=SHOWN, opens_at__gte=span.period.start, opens_at__lt=NOW)
    assert (
        document.opened
        == opened.count()
        == sum(one.n for one in document.stages)
        == sum(one.n for one in document.persons)
    )
    rates = {
        str(one.key): one for one in measure("findings_per_100_deal_days", span.period, by="manager", now=NOW)
    }
    for one in document.persons:
        assert (one.n, float(one.rate)) == (
            rates[one.key].n,
            pytest.approx(float(rates[one.key].value), abs=1e-4),
        )
    [reason] = document.losses.reasons
    assert (document.losses.n, document.losses.money, reason.name, reason.key) == (1, 700, "Дорого", 1)
    was = list(Finding.objects.filter(rule="deal.stuck", opens_at__lt=NOW - 7 * DAY).select_related("deal"))
    assert document.standing.deals_before == len(was)
    assert document.standing.money_before == sum(one.deal.price for one in was)


def test_it_proposes_freezes_lists_and_says_what_became_of_earlier_ones(firm: Firm) -> None:
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW)
    document = read_document(bytes(report.body))
    rows = list(report.decisions.order_by("place"))
    assert [one.key for one in rows] == [one.key for one in document.decisions]
    assert rows and all(one.state == "proposed" and one.deals.count() == one.n for one in rows)
    assert {one.kind for one in rows} >= {"gone"}
    [past] = document.past
    assert (past.late, past.standing, past.n, past.owner) == (1, 5, 5, "Сергей Воронцов")


def test_what_is_due_is_issued_once_and_for_each_department(firm: Firm) -> None:
    monday = datetime(2026, 11, 23, 9, 1, tzinfo=MOSCOW)
    moment.fix(monday.isoformat())
    made = issue_due(monday)
    assert {(one.label, one.head_id) for one in made} == {
        ("2026-W47", None), ("2026-W47", firm.head.pk), ("2026-10", None)
    }  # fmt: skip
    assert sorted(one.number for one in made) == [1, 2, 3] and all(one.told_at == monday for one in made)
    assert issue_due(monday + DAY) == []
    mine = Report.objects.visible_to(firm.head)
    assert [one.head_id for one in mine] == [firm.head.pk]
    manager = firm.people[0].employee
    assert not Report.objects.visible_to(manager).exists()


def test_the_message_ends_before_the_first_scroll(firm: Firm) -> None:
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW)
    document = read_document(bytes(report.body))
    subject, html, buttons = compose_chat(report, document, list(report.decisions.order_by("place")), 7)
    lines = sum(1 + len(line) // 42 for line in plain(html).splitlines())  # of a phone: 42 signs a line
    assert lines <= 20, plain(html)
    assert len(buttons) == 2 and [button.data for button in buttons[0]][0] == "decide:7:1"
    assert subject and f"/reports/{report.number}/" in buttons[1][0].url


def test_a_decision_of_a_report_is_taken_once(firm: Firm) -> None:
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW)
    first = report.decisions.get(place=1)
    for _ in range(2):
        life.take_decision(first, firm.director, NOW)
    assert Decision.objects.filter(report=report, state="taken").count() == 1


def test_losses_are_those_of_the_page_of_losses(firm: Firm) -> None:
    """Lost where it is sold, and by whoever had it then: not by who has the row today."""
    span, (anna, _roman, _gone) = parse_span("2026-W47", portal_zone()), firm.people
    service = factory.make_pipeline("Сервис")
    PipelineKind.objects.create(pipeline=service.pk, kind=PipelineKind.Kind.SERVICE)
    account.forget()
    factory.make_deal(
        factory.make_stage(service, kind=Stage.Kind.LOST), anna, closed_at=NOW - DAY, price=Decimal(9)
    )
    lost = Deal.objects.get(loss_reason__isnull=False, closed_at=NOW - DAY)
    other = factory.make_employee(Role.HEAD, username="other")
    stranger = factory.make_person("Вера")
    factory.make_employee(Role.MANAGER, stranger, head=other)
    Deal.objects.filter(pk=lost.pk).update(manager=stranger)  # handed over since
    assert read_report(span, NOW).document.losses.n == 1
    assert [read_report(span, NOW, head).document.losses.n for head in (firm.head, other)] == [1, 0]
    old = write_document(read_report(span, NOW).document).replace(b',"key":1', b"")
    assert read_document(old).losses.reasons[0].key is None
