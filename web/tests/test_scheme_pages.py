"""Pay schemes on pages: a draft is written field by field, tried, published; two stand side by side."""

import copy
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from core import moment
from devtools.tests import factory
from devtools.tests.factory import make_employee
from kpi import futures, rehearsal
from kpi.components import KINDS
from kpi.models import Quota, Scheme, SchemeDraft, Statement
from kpi.statements import close_month
from kpi.tests.november import DECEMBER_1, DOCUMENT, NOVEMBER, Month
from team.models import Role
from web.frame.proof import PROVED
from web.schemes import trial
from web.schemes.acts import change_document
from web.schemes.nodes import show_document
from web.schemes.sent import read_sent
from web.schemes.trial import usual_plan

pytestmark = pytest.mark.django_db
EDITOR = "/pay-schemes/of/sales/"
ONE = rehearsal.PersonPaid(7, "Анна", ())
INPUT = re.compile(r"<(input|select|button)\b[^>]*?name=\"([^\"]+)\"[^>]*>")


@pytest.fixture
def month() -> Iterator[Month]:
    moment.fix(DECEMBER_1.isoformat())
    made = Month()
    close_month(NOVEMBER, None)
    yield made
    moment.fix(None)


@pytest.fixture
def finance(month: Month, client: Client) -> Client:
    client.force_login(make_employee(Role.FINANCE))
    session = client.session
    session[PROVED] = time.time()
    session.save()
    return client


def text(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query, headers={"Accept-Language": "ru"})
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def as_form(document: dict[str, Any]) -> dict[str, Any]:
    """What a browser would send of the editor's form."""
    shown = show_document(document, [], {}, {})
    sent: dict[str, Any] = {"people": [one.value for one in shown.people if one.chosen]}

    def put(node: Any) -> None:
        if node.entry in ("rows", "points"):
            for row in node.rows:
                sent[row.name] = "1"
                for cell in row.nodes:
                    put(cell)
        elif node.choices and node.entry == "components":
            sent[node.name] = [one.value for one in node.choices if one.chosen]
        elif node.choices:
            sent[node.name] = next((one.value for one in node.choices if one.chosen), "")
        elif node.value or node.entry != "flag":
            sent[node.name] = node.value

    for node in shown.heads:
        put(node)
    for part in shown.parts:
        sent[f"{part.name}.kind"] = part.kind
        for node in part.nodes:
            put(node)
    return sent


def read_back(sent: dict[str, Any]) -> dict[str, Any]:
    query = QueryDict(mutable=True)
    for name, value in sent.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return read_sent(query)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_is_shown_and_sent_again_is_the_same_document(language: str) -> None:
    from django.utils import translation

    title = {"ru": "Т", "en": "T"}
    more = [
        {"kind": "spiff", "code": "s", "title": title, "measure": "won_sum", "amount": "5000", "at_least": "300000",
         "since": "2026-11-10", "until": "2026-12-11"},
        {"kind": "cap", "code": "c", "title": title, "of": ["commission"], "amount": "100000.5", "by_shifts": True},
        {"kind": "clawback", "code": "b", "title": title, "measure": "won_sum", "window": 90,
         "proportion": "by_days", "at_most": "0.2"},
        {"kind": "disciplinary", "code": "d", "title": title, "of": ["kpi"], "at_most": "0.15",
         "orders": [{"person": 7, "number": "12-к", "day": "2026-11-14", "share": "0.5"}]},
        {"kind": "bonus", "code": "y", "title": title, "period": "year", "measure": "won_sum", "amount": "1",
         "points": [["0.5", "0"], ["1", "1"]]},
    ]  # fmt: skip
    document = {**DOCUMENT, "components": [*DOCUMENT["components"], *more], "quota": {"month": "1200000"}}
    with translation.override(language):
        sent = as_form(document)
        found = read_back(sent)

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return value if isinstance(value, bool | int) else _number(value)

    wanted = {key: value for key, value in document.items() if key not in ("code", "effective_from")}
    assert plain(found) == plain(wanted)


def test_who_has_left_and_what_is_no_longer_so_called_stay_until_they_are_taken_out() -> None:
    title = {"ru": "Т", "en": "T"}
    document = {
        "title": title,
        "people": [7, 8],
        "components": [
            {"kind": "salary", "code": "a", "title": title, "amount": "5"},
            {"kind": "cap", "code": "c", "title": title, "of": ["renamed"], "amount": "9"},
        ],
    }
    shown = show_document(document, [], {7: "Анна"}, {8: "Борис"})
    assert [(one.label, one.chosen) for one in shown.people] == [("Анна", True), ("Борис", True)]
    found = read_back(as_form(document))
    assert (found["people"], found["components"][1]["of"]) == ([7, 8], ["renamed"])


@pytest.mark.parametrize("number", ["1e999999", "1e9999999", "-1e9999999", "1e-9999999", "NaN"])
def test_a_number_that_nobody_can_write_out_is_a_fault_at_its_place(finance: Client, number: str) -> None:
    sent = as_form(Scheme.objects.get().document)
    sent |= {"components[0].amount": number, "components[1].tiers[0].rate": number, "quota.month": number}
    assert finance.post(EDITOR, {**sent, "do": "save"}).status_code == 302
    page = text(finance, EDITOR)
    assert f'value="{number}"' in page and len(page) < 200_000


def test_a_draft_that_is_not_kept_is_not_said_to_be(finance: Client) -> None:
    sent = as_form(Scheme.objects.get().document) | {"title.ru": "я" * 70_000}
    headers = {"Accept-Language": "ru"}
    page = finance.post(EDITOR, {**sent, "do": "save"}, follow=True, headers=headers).content.decode()
    assert "Черновик слишком длинный" in page and "Черновик сохранён" not in page
    assert not SchemeDraft.objects.exists()


def test_the_usual_plan_is_the_middle_of_all(month: Month) -> None:
    people = [factory.make_person(f"М{number}") for number in range(301)]
    first = date(2027, 1, 1)
    Quota.objects.bulk_create(
        Quota(manager=one, period=first, amount=1000 + place) for place, one in enumerate(people)
    )
    assert usual_plan() == 1150


def _number(value: Any) -> Any:
    try:
        return float(value)
    except ValueError:
        return value


def test_the_editor_says_what_each_part_promises_and_where_a_fault_is(finance: Client) -> None:
    page = text(finance, EDITOR)
    assert "40 000 ₽ за все смены месяца" in page
    assert "пока без изменений" in page
    sent = as_form(Scheme.objects.get().document)
    sent["components[1].tiers[1].rate"] = "много"
    sent["components[3].fund"] = "-5"
    answer = finance.post(EDITOR, {**sent, "do": "save"})
    assert answer.url == EDITOR
    page = text(finance, EDITOR)
    assert "2 места ещё не готовы" in page
    assert re.search(r'value="много".{0,1200}число от 0 до 1; сейчас &quot;много&quot;', page)
    assert re.search(r'value="-5".{0,1200}число от 0; сейчас', page)
    assert "disabled" in page[page.index("pay-schemes/of/sales/publish") :]
    assert "станет видно, когда ошибок не останется" in text(finance, f"{EDITOR}trial/")
    assert Scheme.objects.count() == 1


def test_rows_and_parts_are_added_and_taken_out(finance: Client) -> None:
    sent = as_form(Scheme.objects.get().document)
    finance.post(EDITOR, {**sent, "do": "row:components[1].tiers"})
    document = SchemeDraft.objects.get().document
    assert len(document["components"][1]["tiers"]) == 4
    finance.post(EDITOR, {**as_form(document), "do": "cut:components[1].tiers[3]"})
    finance.post(EDITOR, {**as_form(SchemeDraft.objects.get().document), "do": "add:cap"})
    document = SchemeDraft.objects.get().document
    assert [one["kind"] for one in document["components"]][-1] == "cap"
    assert len(document["components"][1]["tiers"]) == 3
    finance.post(EDITOR, {**as_form(document), "do": "cut:components[4]"})
    finance.post(EDITOR, {**as_form(SchemeDraft.objects.get().document), "do": "up:1"})
    assert [one["code"] for one in SchemeDraft.objects.get().document["components"][:2]] == [
        "commission",
        "salary",
    ]
    finance.post(EDITOR, {"do": "drop"})
    assert not SchemeDraft.objects.exists()


@pytest.mark.parametrize(
    "act",
    [
        "cut:components[99]", "row:components[0].amount", "row:components[0].absent", "row:components[1].tiers",
        "cut:components[1].tiers[0]", "add:gift", "up:0", "", "x" * 200,
    ],
)  # fmt: skip
def test_a_button_that_there_is_not_does_nothing(act: str) -> None:
    components = [{"kind": "salary", "code": "a", "amount": "5"}, {"kind": "gift", "code": "g"}]
    document = {"components": copy.deepcopy(components)}
    change_document(document, act)
    assert document == {"components": components}


def test_what_it_would_have_paid_stands_beside_what_was_paid(finance: Client) -> None:
    sent = as_form(Scheme.objects.get().document)
    sent["components[0].amount"] = "45 000,00"
    sent["components[1].scale"] = "whole"
    finance.post(EDITOR, {**sent, "do": "save"})
    page = text(finance, f"{EDITOR}trial/")
    assert "заплачено 72 586,67 ₽" in page or "заплачено 72 587 ₽" in page
    assert "Анна" in page
    assert "соблазн переносить сделки" in page and "меньше, не учт" not in page


def test_a_sum_of_some_says_of_how_many_it_is_not(finance: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "MOST", 0)
    read = rehearsal.rehearse
    monkeypatch.setattr(trial, "rehearse", lambda scheme: replace(read(scheme), people=(ONE,)))
    assert "1 человек, которому платили меньше, не учтён" in text(finance, f"{EDITOR}trial/")


def test_it_is_published_from_a_month_and_closed_months_stay(finance: Client) -> None:
    before = list(Statement.objects.values())
    sent = as_form(Scheme.objects.get().document)
    sent["components[0].amount"] = "45000"
    finance.post(EDITOR, {**sent, "do": "save"})
    finance.post(f"{EDITOR}publish/", {"month": "2026-11"})
    assert Scheme.objects.count() == 1, "November is closed"
    finance.post(f"{EDITOR}publish/", {"month": "2026-12"})
    newest = Scheme.objects.get(version=2)
    assert (newest.effective_from.isoformat(), newest.document["components"][0]["amount"]) == (
        "2026-12-01",
        "45000",
    )
    assert not SchemeDraft.objects.exists()
    assert list(Statement.objects.values()) == before


def test_publishing_takes_what_stands_in_the_editor_and_loses_none_of_it(finance: Client) -> None:
    sent = as_form(Scheme.objects.get().document)
    finance.post(EDITOR, {**sent, "do": "save"})
    page = text(finance, EDITOR)
    assert re.search(r'<button[^>]* form="scheme" formaction="/pay-schemes/of/sales/publish/"', page)
    assert re.search(r'<select id="month" name="month" form="scheme">', page)
    wrong = {**sent, "components[0].amount": "сколько-то", "month": "2027-01"}
    answer = finance.post(f"{EDITOR}publish/", wrong)
    assert Scheme.objects.count() == 1
    page = text(finance, answer.url)
    assert 'value="сколько-то"' in page
    assert '<option value="2027-01" selected>' in page
    headers = {"Accept-Language": "ru"}
    right = {**sent, "components[0].amount": "47000", "month": "2027-01"}
    answer = finance.post(f"{EDITOR}publish/", right, follow=True, headers=headers)
    assert Scheme.objects.get(version=2).document["components"][0]["amount"] == "47000"
    assert "с 1 янв. 2027 г. действует версия 2." in answer.content.decode().replace(
        "\N{NO-BREAK SPACE}", " "
    )
    finance.post(f"{EDITOR}publish/", right)
    assert (Scheme.objects.count(), SchemeDraft.objects.count()) == (2, 0), "sent twice, done once"


def test_a_draft_begun_from_an_older_version_is_not_published(finance: Client) -> None:
    sent = as_form(Scheme.objects.get().document)
    finance.post(EDITOR, {**sent, "do": "save"})
    Scheme.objects.create(code="sales", version=2, title="x", document=DOCUMENT, effective_from="2026-12-01")
    finance.post(f"{EDITOR}publish/", {"month": "2026-12"})
    assert Scheme.objects.count() == 2
    assert SchemeDraft.objects.exists()


def test_a_new_scheme_begins_empty(finance: Client) -> None:
    assert finance.post("/pay-schemes/new/", {"code": "heads"}).url == "/pay-schemes/of/heads/"
    page = text(finance, "/pay-schemes/of/heads/")
    for kind in KINDS:
        assert f"add:{kind}" in page
    assert finance.post("/pay-schemes/new/", {"code": "не имя"}).url == "/pay-schemes/"


def test_conditions_are_a_text_with_places_to_sign_and_name_no_order(finance: Client, month: Month) -> None:
    cut = {"kind": "disciplinary", "code": "d", "title": {"ru": "Приказы", "en": "Orders"}, "of": ["kpi"],
           "orders": [{"person": month.anna.pk, "number": "12-к", "day": "2026-12-14", "share": "0.5"}]}  # fmt: skip
    document = {**DOCUMENT, "components": [*DOCUMENT["components"], cut]}
    Scheme.objects.create(code="sales", version=2, title="x", document=document, effective_from="2026-12-01")
    page = text(finance, f"{EDITOR}conditions/", version="2")
    assert "40 000 ₽ за все смены" in page
    assert "не становится меньше более чем на 20 %" in page
    assert "12-к" not in page
    assert page.count("______________________") == 2  # the employer's, and his name
    assert page.count('data-label="Подпись">________________</td>') == page.count('<th scope="row">') > 0
    assert "затем то, что снимает с премий приказ" in page
    quality = "Качество — условие начисления премии"
    assert quality in page
    assert finance.get(f"{EDITOR}conditions/", {"version": "9"}).status_code == 422
    alone = {**DOCUMENT, "components": [one for one in DOCUMENT["components"] if one["kind"] == "salary"]}
    Scheme.objects.create(code="sales", version=3, title="x", document=alone, effective_from="2026-12-01")
    page = text(finance, f"{EDITOR}conditions/", version="3")
    assert "40 000 ₽ за все смены" in page and quality not in page, "there is no scale above"


def test_two_schemes_side_by_side(finance: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = as_form(Scheme.objects.get().document)
    sent["components[0].amount"] = "30000"
    finance.post(EDITOR, {**sent, "do": "save"})
    page = text(finance, "/pay-schemes/compare/")
    chosen = re.findall(r'<option value="([^"]+)" selected', page)
    assert chosen == ["sales:1", "sales:draft"], "the newest is offered instead of the one before it"
    page = text(finance, "/pay-schemes/compare/", first="sales:1", second="sales:draft")
    assert "выигрывают 0, проигрывают 1" in page
    assert "−8 667 ₽" in page or "−8 666,67 ₽" in page
    assert "жеребьёвок: 500" in page
    advance = {"kind": "draw", "code": "draw", "title": {"ru": "Аванс", "en": "Advance"}, "amount": "9"}
    document = {**DOCUMENT, "components": [*DOCUMENT["components"], advance]}
    Scheme.objects.create(code="sales", version=2, title="x", document=document, effective_from="2026-12-01")
    monkeypatch.setattr(futures, "BUDGET", 479)
    page = text(finance, "/pay-schemes/compare/", first="sales:1", second="sales:2")
    assert "Жеребьёвки не было" in page and "жеребьёвок" not in page


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/pay-schemes/", 12),
        (EDITOR, 12),
        (f"{EDITOR}conditions/", 12),
    ],
)
def test_pages_ask_few_questions(
    finance: Client, address: str, most: int, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    finance.get(address)
    with django_assert_max_num_queries(most):
        finance.get(address)


def test_a_manager_reads_his_own_conditions(month: Month, client: Client) -> None:
    client.force_login(month.employee)
    page = text(client, "/my/conditions/", period="2026-11")
    assert "1.1." in page
    assert "/ Анна /" in page
    assert client.get("/my/conditions/", {"manager": month.house.boris.pk}).status_code == 404
    assert client.get("/pay-schemes/").status_code == 404
