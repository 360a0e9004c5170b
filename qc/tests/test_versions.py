"""Versions that wait for their day, are undone, signed and carried as documents; times without control."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from core import moment
from jobs import judgement
from pipelines.models import Deal, JudgementRequest
from qc import (
    checklists,
    drafts,
    engine,
    in_due_time,
    regulation_documents,
    regulations,
    rule_modes,
    signatures,
)
from qc.models import ControlOff, Finding, PlannedSwitch, Regulation, RuleMode, StepTick
from qc.tests import world
from qc.tests.lives import at, hours
from team.models import Employee


@pytest.fixture(autouse=True)
def company(db: None) -> Iterator[None]:
    world.company()
    moment.fix(at(500).isoformat())
    with translation.override("en"):
        yield
    moment.fix(None)


def judged(hour: float) -> set[tuple[int, Any]]:
    """What stands when the worker comes at that hour."""
    moment.fix(at(hour).isoformat())
    judgement.judge_waiting()
    return set(Finding.objects.standing().values_list("deal_id", "opens_at"))


def test_a_version_waits_for_its_day_and_is_in_force_since_that_very_moment() -> None:
    world.deal(1, "480 offer anna")
    waiting = regulations.publish("offer", None, at=at(600), max_stay=hours(24))
    assert (waiting.published_at, waiting.effective_at, waiting.decided_at) == (None, at(600), at(500))
    assert regulations.in_force() == {} and judged(599) == set()
    assert judged(607) == {(1, at(600))}  # the worker was seven hours late
    assert regulations.in_force()["offer"].published_at == at(600)
    assert in_due_time.put_in_force(at(700)) == 0


def test_a_version_that_waits_gives_way_and_can_be_called_off() -> None:
    first = regulations.publish("offer", None, at=at(600), goal="First")
    second = regulations.publish("offer", None, at=at(700), goal="Second")
    assert list(regulations.waiting("offer")) == [second]
    assert not regulations.call_off("offer", first.version) and regulations.call_off("offer", second.version)
    judged(800)
    assert regulations.in_force() == {} and Regulation.objects.count() == 2  # nothing is erased
    with pytest.raises(ValueError, match="for a year at most"):
        regulations.publish("offer", None, at=at(24 * 400), goal="Far")


def test_an_earlier_version_comes_back_as_a_new_one() -> None:
    regulations.publish("offer", None, max_stay=hours(24), goal="Agree", required_fields=[71])
    regulations.publish("offer", None, max_stay=None, goal="Other", required_fields=[])
    third = regulations.return_to("offer", 1, None, seen=2)
    assert (third.version, third.returns_to, third.goal) == (3, 1, "Agree")
    assert third.norms == Regulation.objects.get(version=1).norms
    with pytest.raises(regulations.Superseded):
        regulations.return_to("offer", 1, None, seen=2)
    with pytest.raises(ValueError, match="no version 9"):
        regulations.return_to("offer", 9, None)


def test_a_rule_is_switched_on_its_day() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "480 offer anna")
    in_due_time.plan_mode("deal.stuck", "warn", 1, None, at(700), None)
    in_due_time.plan_mode("deal.stuck", "money", 7, None, at(600), None)  # one plan for a rule
    judged(599)
    assert RuleMode.objects.get(rule="deal.stuck").mode == "warn"
    judged(650)
    assert [step[:3] for step in rule_modes.read()["deal.stuck"]][-1] == ("money", 7, at(600))
    assert Finding.objects.get().mode == "money" and not PlannedSwitch.objects.exists()


def test_a_switch_by_hand_is_not_undone_by_an_older_plan() -> None:
    in_due_time.plan_mode("deal.stuck", "money", 7, None, at(600), None)
    moment.fix(at(650).isoformat())
    regulations.set_mode("deal.stuck", "off")
    assert in_due_time.put_in_force(at(650)) == 1
    assert RuleMode.objects.get(rule="deal.stuck").mode == "off"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no.such", "warn", 1, None, 600), "There is no rule"),
        (("deal.stuck", "loud", 1, None, 600), "no mode"),
        (("deal.stuck", "warn", 101, None, 600), "from 0 to 100"),
        (("deal.stuck", "warn", 1, None, 24 * 400), "for a year at most"),
    ],
)
def test_a_nonsense_plan_is_one_sentence(arguments: Any, sentence: str) -> None:
    *rest, hour = arguments
    with pytest.raises(ValueError, match=sentence):
        in_due_time.plan_mode(*rest, at(hour), None)
    assert not PlannedSwitch.objects.exists()


def test_without_control_findings_stand_in_shadow_and_come_back() -> None:
    RuleMode.objects.update(mode="money")
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "400 offer anna")
    world.deal(2, "515 offer anna; 560 won anna")
    row = in_due_time.switch_control_off(at(510), at(600), "New stages", None)
    assert (row.begun, row.ended) == (False, False)
    moment.fix(at(505).isoformat())
    engine.judge()
    assert dict(Finding.objects.filter(rule="deal.stuck").values_list("deal_id", "mode"))[1] == "money"
    judged(511)
    assert dict(Finding.objects.filter(rule="deal.stuck").values_list("deal_id", "mode"))[1] == "shadow"
    judged(601)
    assert dict(Finding.objects.filter(rule="deal.stuck").values_list("deal_id", "mode")) == {
        1: "money",
        2: "shadow",
    }
    _, parts = rule_modes.counted(rule_modes.read()["deal.stuck"], ["money"], at(400), at(700))
    assert parts == [(at(400), at(510)), (at(600), at(700))]


def test_control_comes_back_when_somebody_says_so() -> None:
    row = in_due_time.switch_control_off(at(500), None, "New stages", None)
    assert row.begun
    moment.fix(at(520).isoformat())
    assert in_due_time.switch_control_on(row.pk) and not in_due_time.switch_control_on(row.pk)
    row.refresh_from_db()
    assert (row.until, row.ended) == (at(520), True)
    ahead = in_due_time.switch_control_off(at(600), None, "Later", None)
    assert in_due_time.switch_control_on(ahead.pk) and ControlOff.objects.count() == 1


@pytest.mark.parametrize(
    ("since", "until", "reason", "sentence"),
    [
        (510, 505, "x", "later than the beginning"),
        (510, 510, "x", "later than the beginning"),
        (510, 520, "  ", "Say why"),
        (510, 520, "x" * 201, "200 characters"),
        (24 * 500, None, "x", "a year ahead"),
        (450, 501, "x", "off already"),
        (560, None, "x", "off already"),
    ],
)
def test_a_nonsense_time_without_control_changes_nothing(
    since: int, until: int | None, reason: str, sentence: str
) -> None:
    in_due_time.switch_control_off(at(500), at(600), "First", None)
    with pytest.raises(ValueError, match=sentence):
        in_due_time.switch_control_off(at(since), None if until is None else at(until), reason, None)
    assert ControlOff.objects.count() == 1


def test_signatures_are_missing_until_everybody_has_read_the_version() -> None:
    anna, boris = Employee.objects.get(username="anna"), Employee.objects.get(username="boris")
    first = regulations.publish("offer", None, goal="Agree")
    assert list(signatures.unsigned(anna)) == [first]
    signatures.sign(anna, [first])
    signatures.sign(anna, [first])
    state = signatures.read_signatures(first)
    assert [one.employee for one in state.signed] == [anna] and boris in state.missing and state.number == 3
    assert not signatures.unsigned(anna) and signatures.missing_by_stage() == {"offer": 2}
    moment.fix(at(501).isoformat())
    second = regulations.publish("offer", None, goal="Agree on a day")
    assert list(signatures.unsigned(anna)) == [second]  # a new version is read anew


def test_a_draft_is_kept_for_its_editor_until_it_is_thrown_away() -> None:
    anna, boris = Employee.objects.get(username="anna"), Employee.objects.get(username="boris")
    sent = {"goal": ["Agree"], "max_stay_number": ["abc"], "csrfmiddlewaretoken": ["x"]}
    drafts.save("offer", anna, sent, 0)
    row = drafts.save("offer", anna, sent, 0)
    drafts.tell(row, {"new": 1})
    assert drafts.find("offer", anna).sent == {"goal": ["Agree"], "max_stay_number": ["abc"]}
    assert drafts.find("offer", boris) is None and drafts.of_stage("offer", boris) == (None, [row])
    drafts.save("offer", anna, sent | {"goal": ["Other"]}, 0)
    assert drafts.find("offer", anna).outcome is None  # changed: what was told is old
    assert drafts.save("offer", anna, {"goal": ["x" * 200_000]}, 0) is None
    drafts.drop("offer", anna)
    assert drafts.find("offer", anna) is None


def test_ticks_of_steps_outlive_versions_and_begin_anew_with_a_visit() -> None:
    anna = Employee.objects.get(username="anna")
    deal = world.deal(1, "400 offer anna")
    first = regulations.publish("offer", None, steps="1. Call\nif silent, then write\n2. Meet")
    call, branch, meet = checklists.read_checklist(deal, first)
    assert branch.branch.then == "write" and branch.step == call.step
    checklists.set_tick(deal, first, call.key, True, anna)
    checklists.set_tick(deal, first, call.key, True, anna)
    second = regulations.publish("offer", None, steps="1. Greet\n2. Call")
    assert [item.tick and item.tick.employee for item in checklists.read_checklist(deal, second)] == [
        None,
        anna,
    ]
    with pytest.raises(LookupError):
        checklists.set_tick(deal, second, meet.key, True, anna)
    checklists.set_tick(deal, second, call.key, False, anna)
    assert not StepTick.objects.exists()
    checklists.set_tick(deal, second, call.key, True, anna)
    world.deal(1, "400 offer anna; 510 lead anna; 520 offer anna")
    deal = Deal.objects.get(pk=1)
    moment.fix(at(530).isoformat())
    assert [item.tick for item in checklists.read_checklist(deal, second)] == [None, None]
    checklists.set_tick(deal, second, call.key, True, anna)
    assert checklists.read_checklist(deal, second)[1].tick.ticked_at == at(530)


DOCUMENT = {
    "stage": "offer",
    "effective_from": "2026-11-10",
    "texts": {"goal": "Agree", "steps": ["Call", {"do": "Meet", "if": [{"case": "a", "then": "b"}]}]},
    "norms": {"deal.stuck": {"max_stay": "3 d"}, "field.missing": {"fields": ["71"], "grace": "4 h"}},
}


def test_what_is_dumped_loads_into_the_same() -> None:
    [made] = regulation_documents.load([DOCUMENT])
    assert made.published_at.isoformat() == "2026-11-10T00:00:00+03:00" and made.version == 1
    assert JudgementRequest.objects.filter(stage_id="offer").exists()
    assert regulation_documents.load([DOCUMENT]) == []
    dumped = regulation_documents.dump()
    assert dumped == [
        {
            "stage": "offer",
            "effective_from": "2026-11-10",
            "texts": {"goal": "Agree", "steps": "1. Call\n2. Meet\n   если a, то b"},
            "norms": {"deal.stuck": {"max_stay": "3 d"}, "field.missing": {"fields": ["71"], "grace": "4 h"}},
        }
    ]
    assert regulation_documents.load(json.loads(json.dumps(dumped))) == []
    later = {"stage": "offer", "effective_from": "2026-12-24", "norms": {}}
    [waiting] = regulation_documents.load([later])
    assert (waiting.norms, waiting.goal, waiting.published_at) == ({}, "Agree", None)
    assert regulation_documents.load([DOCUMENT, later]) == []
    [again] = regulation_documents.load([later | {"texts": {"goal": "Other"}}])
    assert list(regulations.waiting()) == [again]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([5], "Document 1: A regulation is written as"),
        ("x", "written as a list"),
        ([DOCUMENT | {"stage": "nowhere"}], "Document 1 .nowhere.: There is no stage"),
        ([DOCUMENT | {"stage": None}], "names its stage"),
        ([DOCUMENT | {"why": 1}], "no field “why”"),
        ([DOCUMENT | {"texts": {"aim": "x"}}], "no text “aim”"),
        ([DOCUMENT | {"texts": {"goal": 5}}], "must be text"),
        ([DOCUMENT | {"texts": {"steps": [5]}}], r"see steps\[1\]"),
        ([DOCUMENT | {"norms": {"deal.stuck": {"max_stay": "soon"}}}], "longest stay"),
        ([DOCUMENT | {"norms": {"no.such": {}}}], "no rule “no.such”"),
        ([DOCUMENT | {"norms": []}], "Norms are written as"),
        ([DOCUMENT | {"effective_from": "tomorrow"}], "no day like"),
        ([DOCUMENT | {"effective_from": 5}], "no day like"),
        ([DOCUMENT | {"effective_from": "2036-01-01"}], "for a year at most"),
        ([DOCUMENT, DOCUMENT], "another document of the same day"),
        ([DOCUMENT | {"stage": "lead"}, DOCUMENT | {"effective_from": "x"}], "Document 2 .offer.: "),
    ],
)
def test_a_bad_document_is_one_sentence_and_changes_nothing(document: Any, sentence: str) -> None:
    with pytest.raises(regulation_documents.BadDocuments, match=sentence):
        regulation_documents.load(document)
    assert not Regulation.objects.exists()


def test_the_past_is_not_rewritten_below_a_later_version() -> None:
    regulation_documents.load([DOCUMENT])
    with pytest.raises(regulation_documents.BadDocuments, match="in force since a later day"):
        regulation_documents.load([DOCUMENT | {"effective_from": "2026-11-05", "texts": {"goal": "Other"}}])


def test_the_command_loads_dumps_and_names_every_bad_place(tmp_path: Path) -> None:
    file, out = tmp_path / "book.json", StringIO()
    file.write_text(json.dumps([DOCUMENT]), "utf-8")
    call_command("regulation", "load", str(file), stdout=out)
    call_command("regulation", "load", str(file), stdout=out)
    assert "1 new version." in out.getvalue() and "0 new versions." in out.getvalue()
    dumped = StringIO()
    call_command("regulation", "dump", stdout=dumped)
    assert json.loads(dumped.getvalue())[0]["stage"] == "offer"
    file.write_text(json.dumps([DOCUMENT | {"stage": "a"}, DOCUMENT | {"why": 1}]), "utf-8")
    with pytest.raises(CommandError, match=r"(?s)Document 2.*Document 1.*Nothing was changed"):
        call_command("regulation", "load", str(file))
    file.write_text("{", "utf-8")
    with pytest.raises(CommandError, match="is no JSON"):
        call_command("regulation", "load", str(file))
    with pytest.raises(CommandError, match="No such file"):
        call_command("regulation", "load", str(tmp_path / "none"))
