"""A report on its page, as a PDF, as a picture and over the API; and its buttons in the chat."""

from datetime import timedelta
from typing import Any

import pytest

from core.zone import portal_zone
from devtools.tests import factory
from devtools.tests.factory import NOW
from notices import noting, sending
from notices.buttons import BUTTONS, Press
from notices.models import Address, Delivery, Policy
from notices.reports.issuing import issue_report
from notices.reports.spans import parse_span
from notices.tests.test_reports import Firm, firm  # noqa: F401 - a fixture
from pipelines.models import Deal
from team.models import Role
from web.tests.clients import signed_in
from web.tests.crawl import differences, read_links

pytestmark = pytest.mark.django_db


def test_the_page_the_pdf_and_the_document(firm: Firm, django_assert_max_num_queries: Any) -> None:
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW)
    client = signed_in(firm.director)
    assert f"/reports/{report.number}/" in client.get("/reports/").content.decode()
    with django_assert_max_num_queries(12):
        page = client.get(f"/reports/{report.number}/").content.decode()
    assert "style=" not in page.split("<article", 1)[1] and "Кирилл Бережной" in page
    first, second = (client.get(f"/reports/{report.number}/pdf/") for _ in range(2))
    assert first.content.startswith(b"%PDF") and first.content == second.content
    assert client.get(f"/reports/{report.number}/picture/").content.startswith(b"\x89PNG")
    assert client.get(f"/api/v1/reports/{report.number}/").content == bytes(report.body)
    [row] = client.get("/api/v1/reports/?label=2026-W47").json()["results"]
    assert (row["number"], row["digest"]) == (report.number, report.digest)
    assert client.get("/reports/999/").status_code == 404
    assert signed_in(firm.head).get(f"/reports/{report.number}/").status_code == 404


@pytest.mark.parametrize("label", ["2026-W47", "2026-W46", "2026-10"])
def test_new_findings_of_a_report_are_lists(firm: Firm, label: str) -> None:
    factory.make_finding(Deal.objects.all()[0], since=NOW, opens_at=NOW + timedelta(hours=3))  # to come
    report = issue_report(parse_span(label, portal_zone()), NOW)
    client, address = signed_in(firm.director), f"/reports/{report.number}/"
    page = client.get(address).content.decode()
    assert list(differences(client, {address: page}, "ru")) == []
    losses = [link for link in read_links(page) if link.href.startswith("/deals/?result=lost")]
    assert [link.total for link in losses if link.total] == {"2026-W47": [1], "2026-W46": [2], "2026-10": []}[
        label
    ]
    links = [link for link in read_links(page) if link.href.startswith("/findings/?")]
    assert len(links) == (3 if "W" in label else 0)
    if links:
        assert links[-1].total == sum(link.total or 0 for link in links[:-1]) > 0
    assert client.get(f"{address}pdf/").content.startswith(b"%PDF")
    of_head = issue_report(parse_span("2026-W47", portal_zone()), NOW, firm.head)
    page = signed_in(firm.head).get(f"/reports/{of_head.number}/").content.decode()
    assert 'href="/findings/?' not in page


def test_a_decision_is_taken_from_the_page(firm: Firm) -> None:
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW)
    one = report.decisions.get(place=1)
    client = signed_in(firm.director)
    for _ in range(2):
        assert client.post(f"/decisions/{one.pk}/take/").status_code == 302
    one.refresh_from_db()
    assert (one.state, one.taken_by) == ("taken", firm.director)


class Recorder:
    """Stands in for the bot: what it was asked to send."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, chat: str, message: Any, thread: int | None = None) -> tuple[str, str]:
        self.sent.append(message)
        return str(len(self.sent)), ""


def test_it_is_told_with_a_picture_and_taken_by_a_button(firm: Firm, settings: Any) -> None:
    settings.TELEGRAM_BOT_TOKEN = "1:x"
    Policy.objects.create(started_at=NOW.replace(day=1), channels=["telegram"])
    Address.objects.create(
        channel="telegram", value="77", employee=firm.director, linked_at=NOW, confirmed_at=NOW
    )
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW, tell=True)
    issue_report(parse_span("2026-W47", portal_zone()), NOW, tell=True)
    for _ in range(2):
        noting.note_facts(NOW)
        noting.climb_steps(NOW)
    [row] = Delivery.objects.filter(notice__kind="report.company", channel="telegram")
    bot = Recorder()
    Delivery.objects.filter(notice__kind__startswith="report").update(due_at=NOW)
    Delivery.objects.exclude(notice__kind__startswith="report").delete()
    assert sending.send_next(bot, NOW)  # type: ignore[arg-type]  # a double
    text, picture = bot.sent
    assert picture.photo[2].startswith(b"\x89PNG") and picture.reply_to == 1
    assert f"decide:{row.pk}:1" in [button.data for button in text.buttons[0]]
    row.refresh_from_db()
    assert (row.state, row.remote_id, row.reason) == ("sent", "1", "")
    pressed = BUTTONS["decide"](Press(row, firm.director, "1", NOW))
    assert pressed.ask and report.decisions.get(place=1).state == "taken"
    row.refresh_from_db()
    assert row.wanted == 1  # the message is edited
    manager = firm.people[0].employee
    assert manager.role == Role.MANAGER and BUTTONS["decide"](Press(row, manager, "2", NOW)).alert
    BUTTONS["undecide"](Press(row, firm.director, "1", NOW))
    assert report.decisions.get(place=1).state == "proposed"
