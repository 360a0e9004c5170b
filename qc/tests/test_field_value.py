"""Values of lists that a stage allows: what is broken, what a document holds, and options that amoCRM takes away."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests import factory
from pipelines.models import CustomField, Deal
from qc import backtest, engine, norms, regulation_documents, regulations, wording
from qc.criteria import field_names
from qc.models import Finding, Regulation, RuleMode
from qc.requirements import demands
from qc.rules import StageNorms, Terms
from qc.rules.field_value import AllowedValues
from qc.rules.parameters import Listed
from qc.tests import world
from qc.tests.lives import CLOCKS, at, breaches, found, hours, life
from team.models import Role

CARD, BILL, CASH = ("1", "card"), ("2", "bill"), ("3", "cash")
PAY = Listed("90", "Payment", (CARD, BILL))
SOURCE = Listed("91", "Source", (("7", "site"),))


def by(*versions: tuple[float | None, AllowedValues]) -> Terms:
    told = tuple(
        StageNorms(None, None if since is None else at(since), {AllowedValues: norm})
        for since, norm in versions
    )
    return Terms({"offer": told, "won": told}, CLOCKS)


@pytest.mark.parametrize(
    ("steps", "fields", "changes", "broken"),
    [
        ("10 offer anna", {}, [], []),  # an empty list is for another rule to tell
        ("10 offer anna", {"90": "card"}, [], []),
        ("10 offer anna", {"90": "cash"}, [], ["10:12- anna"]),
        ("10 offer anna", {"90": ["card", "bill"]}, [], []),
        ("10 offer anna", {"90": ["card", "cash"]}, [], ["10:12- anna"]),
        ("10 lead anna", {"90": "cash"}, [], []),
        ("10 offer anna; 11 lead anna", {"90": "cash"}, [], []),
        ("10 offer anna; 60 won boris", {"90": "cash"}, [], ["10:12-60 anna", "60:71- boris"]),
        ("10 offer anna", {"90": "card"}, [(13, "90", "cash", "card")], ["10:12-13 anna"]),
        ("10 offer anna", {"90": "card"}, [(11, "90", "cash", "card")], []),
        ("10 offer anna", {"90": "part"}, [(11, "90", "cash", "part")], ["10:12- anna"]),  # no grace anew
        ("10 offer anna", {"90": "cash"}, [(14, "90", "card", "cash")], ["14:16- anna"]),
        ("10 offer anna; 11 offer boris", {"90": "cash"}, [], ["10:22- boris"]),
    ],
)
def test_another_value_breaks_the_rule(
    steps: str, fields: dict[str, Any], changes: list[Any], broken: list[str]
) -> None:
    norm = AllowedValues((PAY,), hours(2))
    assert found("field.value", life(steps, fields=fields, changes=changes), by((None, norm))) == broken


def test_several_lists_are_told_together_and_apart_where_they_are_late_apart() -> None:
    judged_by = by((None, AllowedValues((PAY, SOURCE))))
    deal = life("10 offer anna", fields={"90": "cash", "91": "mail"})
    [one] = breaches("field.value", deal, judged_by)
    assert one.values == {"wrong": [["90", "Payment", "cash"], ["91", "Source", "mail"]]}
    changes = [(12, "90", "cash", "card"), (20, "91", "site", "mail")]
    mended = life("10 offer anna", fields={"90": "card", "91": "mail"}, changes=changes)
    first, second = breaches("field.value", mended, judged_by)
    assert (first.opens_at, first.closes_at, second.opens_at) == (at(10), at(12), at(20))
    assert (first.values["wrong"], second.values["wrong"]) == (
        [["90", "Payment", "cash"]],
        [["91", "Source", "mail"]],
    )


def test_nothing_opens_before_its_value_was_forbidden() -> None:
    free, tight = AllowedValues((replace_options(CARD, BILL, CASH),)), AllowedValues((PAY,), hours(2))
    deal = life("10 offer anna", fields={"90": "cash"})
    assert found("field.value", deal, by((None, free), (34, tight))) == ["34:36- anna"]
    assert found("field.value", deal, by((None, AllowedValues()), (34, tight))) == ["34:36- anna"]
    assert found("field.value", deal, by((None, tight), (34, free))) == []
    other = life("10 offer anna", fields={"90": "part"})
    assert found("field.value", other, by((None, free), (34, tight))) == ["10:12- anna"]  # never allowed


def replace_options(*options: tuple[str, str]) -> Listed:
    return PAY._replace(options=options)


@pytest.fixture
def office() -> Iterator[Regulation]:
    world.company()
    moment.fix(at(500).isoformat())
    CustomField.objects.create(id=90, name="Payment", type="select", enums=dict([CARD, BILL, CASH]))
    RuleMode.objects.update_or_create(rule="field.value", defaults={"mode": "warn", "since": at(0)})
    yield regulations.publish("offer", None, norms={"field.value": {"values": {"90": ["card", "2"]}}})
    moment.fix(None)


DOCUMENT = {"values": {"90": {"1": "card", "2": "bill"}}}


@pytest.mark.django_db
def test_a_document_holds_ids_with_their_names(office: Regulation) -> None:
    assert office.norms == {"field.value": DOCUMENT}
    [dumped] = regulation_documents.dump()
    assert dumped["norms"] == office.norms
    assert regulation_documents.load([dumped]) == []
    with translation.override("en"):
        [row] = [row for row in wording.facts(office, field_names()) if row.term == "Allowed values"]
        assert row.says == "Payment: card, bill"
        wider = regulations.draft("offer", norms={"field.value": {"values": {"90": [1, 2, 3]}}})
        assert regulations.sentences(office, wider) == [
            "Allowed values of lists, Payment: card, bill → card, bill, cash."
        ]
        free = regulations.draft("offer", field_value_values={})
        assert regulations.sentences(office, free) == ["Allowed values of lists, Payment: card, bill → any."]
        assert free.norms == {}


@pytest.mark.django_db
def test_the_engine_finds_it_and_a_draft_is_tried_on_history(office: Regulation) -> None:
    Regulation.objects.update(published_at=at(0))
    world.deal(1, "400 offer anna", fields={"90": "cash"})
    world.deal(2, "400 offer anna", fields={"90": "card"})
    engine.judge()
    finding = Finding.objects.get(rule="field.value")
    assert (finding.deal_id, finding.opens_at, finding.manager_id) == (1, at(400), 1)
    with translation.override("en"):
        assert wording.because(finding, moment.now()) == "Not allowed on the stage “Offer”: Payment — cash"
    engine.judge()
    assert Finding.objects.get(rule="field.value").pk == finding.pk
    rows = backtest.judge_by_norms("offer", {"norms": {"field.value": {"values": {"90": ["bill"]}}}})
    assert {(row["rule"], row["now"], row["now_before"]) for row in rows} >= {("field.value", 2, 1)}
    with translation.override("en"):
        said = demands(Deal.objects.get(pk=1), office, [finding], moment.now())
    assert [(one.text, one.met) for one in said if "list" in one.text] == [
        ("Only in the list — Payment: card, bill", False)
    ]


@pytest.mark.django_db
def test_what_amocrm_renames_or_takes_away_is_still_known(office: Regulation) -> None:
    Regulation.objects.update(published_at=at(0))
    office.refresh_from_db()
    CustomField.objects.filter(pk=90).update(enums={"1": "Card or app", "3": "cash"})
    for number, value in enumerate(("card", "Card or app", "bill", "cash"), 1):
        world.deal(number, "400 offer anna", fields={"90": value})
    engine.judge()
    assert list(Finding.objects.values_list("deal", flat=True)) == [4]
    with translation.override("en"):
        [row] = [row for row in wording.facts(office, field_names()) if row.term == "Allowed values"]
    assert row.says == "Payment: Card or app, bill (no longer in amoCRM)"
    again = regulations.draft("offer", **regulations.whole_values(office))
    assert norms.read_norms(again.norms)["field.value"].values[0].options == (
        ("1", "Card or app"),
        ("2", "bill"),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("card", "Allowed values are written as"),
        ({str(n): ["1"] for n in range(51)}, "at most 50 fields"),
        ({"404": ["1"]}, "There is no deal field “404”."),
        ({"90": "card"}, "Of the list “Payment” at most 200 values are named."),
        ({"90": [str(n) for n in range(201)]}, "at most 200 values"),
        ({"90": ["gold"]}, "The list “Payment” has no value “gold”."),
        ({"71": ["gold"]}, "The list “Term” has no value “gold”."),
        ({"90": {"x": "gold"}}, "The list “Payment” has no value “x”."),
        ({"90": {"9": ""}}, "The list “Payment” has no value “9”."),
        ({"90": [["1"]]}, "has no value"),
    ],
)
def test_nonsense_is_one_sentence(office: Regulation, value: Any, sentence: str) -> None:
    with translation.override("en"), pytest.raises(ValueError, match=sentence):
        regulations.publish("offer", None, norms={"field.value": {"values": value}})


@pytest.mark.django_db
def test_the_form_offers_the_options_of_each_list(office: Regulation) -> None:
    CustomField.objects.create(
        id=91, name="City", type="select", enums={str(n): f"City {n}" for n in range(900, 961)}
    )
    CustomField.objects.filter(pk=90).update(enums={"1": "card", "3": "cash"})
    client = Client()
    client.force_login(factory.make_employee(Role.ADMIN, language="en"))
    page = client.get("/regulations/offer/")
    field = page.context["form"]["field_value_values"]
    assert field.value() == ["90:1", "90:2"]
    text = page.content.decode()
    assert "bill (no longer in amoCRM)" in text and "City 900" not in text
    sent = {"version": "1", "field_value_values": ["90:2", "90:3"], "stay_clock": "calendar"}
    units = {name: "hours" for name in page.context["form"].fields if name.endswith("grace")}
    assert (
        client.post("/regulations/offer/", sent | {f"{k}_unit": v for k, v in units.items()}).status_code
        == 302
    )
    assert Regulation.objects.get(version=2).norms == {
        "field.value": {"values": {"90": {"2": "bill", "3": "cash"}}}
    }
    sent |= {"version": "2", "field_value_values": ["90:404"]}
    answer = client.post("/regulations/offer/", sent)
    assert answer.status_code == 422 and "There is no value “90:404” in the lists of deals." in (
        answer.content.decode()
    )
