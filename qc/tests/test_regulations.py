"""Versions of regulations, the sentences about them, what real visits suggest, and what is judged again."""

import json
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from core import moment
from devtools import rule_handbook
from devtools.tests.factory import with_norms
from jobs import judgement
from pipelines.models import Person
from qc import backtest, defaults, engine, norms, regulations, rule_modes
from qc.models import Finding, FullRun, Regulation, RuleMode
from qc.rules import RULES
from qc.rules.parameters import read_length, write_length
from qc.tests import world
from qc.tests.lives import at, hours


@pytest.fixture(autouse=True)
def company(db: None) -> Iterator[None]:
    world.company()
    moment.fix(at(500).isoformat())
    with translation.override("en"):
        yield
    moment.fix(None)


def published(**values: Any) -> Regulation:
    """Published, and what that demands is judged."""
    regulation = regulations.publish("offer", None, **values)
    judgement.judge_waiting()
    return regulation


def test_a_new_version_keeps_what_is_not_named_and_is_in_force() -> None:
    published(max_stay=hours(24), goal="Agree")
    second = published(max_stay=hours(48), required_fields=[71, "price"])
    assert (second.version, second.goal, second.published_at) == (2, "Agree", at(500))
    assert regulations.in_force() == {"offer": second}
    assert Regulation.objects.get(version=1).norms == {"deal.stuck": {"max_stay": "1 d"}}
    assert second.norms == {"deal.stuck": {"max_stay": "2 d"}, "field.missing": {"fields": ["71", "price"]}}


def test_a_draft_is_not_in_force() -> None:
    Regulation.objects.create(stage_id="offer", **with_norms({"max_stay": hours(1)}))
    assert regulations.in_force() == {}


@pytest.mark.parametrize(
    ("stage", "values", "sentence"),
    [
        (
            "offer",
            {"max_stay": timedelta()},
            "“longest stay” must be longer than zero and at most five years.",
        ),
        ("offer", {"task_grace": timedelta(hours=-1)}, "“grace without a task” must be longer than zero"),
        ("offer", {"fields_grace": timedelta(days=9999)}, "“grace to fill fields” must be longer than zero"),
        ("offer", {"max_stay": "soon"}, "“longest stay” must be longer than zero"),
        ("offer", {"max_stay": 1e300}, "“longest stay” must be longer than zero"),
        ("offer", {"stay_clock": "moon"}, "There is no clock “moon”."),
        ("offer", {"needs_task": "maybe"}, "Whether a next task is demanded must be yes or no."),
        ("offer", {"required_fields": "71"}, "Required fields must be a list"),
        ("offer", {"required_fields": [72]}, "There is no deal field “72”."),
        ("offer", {"longest": 5}, "A regulation has no field “longest”."),
        ("won", {"max_stay": hours(5)}, "A closing stage has no longest stay."),
        ("nowhere", {}, "There is no stage “nowhere”."),
    ],
)
def test_nonsense_is_one_sentence_and_changes_nothing(
    stage: str, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        regulations.publish(stage, None, **values)
    with pytest.raises(ValueError, match=sentence):
        backtest.judge_by_norms(stage, values)
    assert not Regulation.objects.exists()


@pytest.mark.parametrize("value", [timedelta(hours=30), "1 06:00:00", 108000, "P1DT6H", "30 h", "1 d 6 h"])
def test_durations_may_come_from_the_api(value: Any) -> None:
    draft = regulations.draft("offer", max_stay=value, stay_clock="owner")
    assert draft.norms == {"deal.stuck": {"max_stay": "30 h", "clock": "owner"}}


def test_publishing_judges_the_stages_deals_again_at_once() -> None:
    world.deal(1, "0 offer anna; 100 won anna")  # before the first version: nothing was broken
    world.deal(2, "400 offer anna; 520 won anna")
    world.deal(3, "400 offer anna")
    world.deal(4, "400 lead anna")
    published(max_stay=hours(24))
    assert set(Finding.objects.values_list("deal_id", "opens_at")) == {(2, at(500)), (3, at(500))}
    moment.fix(at(530).isoformat())
    published(max_stay=hours(200))
    # the visit that ended under the first version keeps its verdict
    assert set(Finding.objects.standing().values_list("deal_id", "opens_at")) == {(2, at(500)), (3, at(600))}


def test_a_norm_of_waiting_is_tried_by_the_rules_that_go_by_it() -> None:
    """What waits with a reason is not stuck, so the stage's longest stay finds less without being touched itself."""
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "0 offer anna", fields={"71": "part"})
    world.deal(2, "0 offer anna")
    engine.judge()
    rows = {row["rule"]: row for row in backtest.judge_by_norms("offer", {"wait_unexplained_reason": "71"})}
    assert (rows["deal.stuck"]["now_before"], rows["deal.stuck"]["now"]) == (2, 1)
    assert rows["wait.unexplained"]["now"] == 1
    assert "wait.broken" not in rows, "which nobody has switched on"


def test_switching_a_rule_judges_everything_by_it() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "0 offer anna")
    engine.judge()
    row = regulations.set_mode("deal.stuck", "money", 7)
    judgement.judge_waiting()
    assert (row.weight, row.since) == (7, at(500))
    assert Finding.objects.get().mode == "money"
    moment.fix(at(600).isoformat())
    regulations.set_mode("deal.stuck", "off", 8)
    regulations.set_mode("deal.stuck", "off", 8)
    judgement.judge_waiting()
    assert Finding.objects.standing().get().closes_at == at(600)
    assert [step[:3] for step in rule_modes.read()["deal.stuck"]] == [
        ("warn", 3, at(0)),
        ("money", 7, at(500)),
        ("off", 8, at(600)),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("deal.cold", "warn"), "There is no rule “deal.cold”."),
        (("deal.stuck", "loud"), "A rule has no mode “loud”."),
        (("deal.stuck", "warn", -1), "The weight of a rule is a number from 0 to 100."),
    ],
)
def test_an_unknown_rule_or_mode_is_refused(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        regulations.set_mode(*arguments)


def test_a_change_reads_as_sentences() -> None:
    old = {"stage_id": "offer", "max_stay": timedelta(days=7), "required_fields": ["71"], "goal": "Agree"}
    old = Regulation(**with_norms(old))
    new = {"max_stay": hours(26), "stay_clock": "owner", "needs_task": True, "task_grace": hours(2)}
    new |= {"stage_id": "offer", "required_fields": ["price"], "goal": "Agree on a date"}
    new = Regulation(**with_norms(new))
    assert [sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in regulations.sentences(old, new)] == [
        "Longest stay: 7 days → 26 hours of the owner's shifts.",
        "A next task is now demanded.",
        "Grace without a task: none → 2 hours.",
        "Now required: Amount.",
        "No longer required: Term.",
        "Goal of the stage was “Agree”, becomes “Agree on a date”.",
    ]
    assert regulations.sentences(new, new) == []
    assert len(regulations.sentences(None, old)) == 3


def test_a_norm_is_suggested_by_visits_that_moved_on() -> None:
    for pk, length in enumerate((10, 20, 30, 40), 1):
        world.deal(pk, f"0 offer anna; 5 offer boris; {length} deal anna")
    world.deal(5, "0 offer anna; 400 lost anna")
    world.deal(6, "0 offer anna")
    dwell = regulations.suggest("offer")
    assert (dwell.n, dwell.p50, dwell.p75, dwell.p80) == (4, hours(20), hours(30), hours(40))
    assert regulations.suggest("lead").p50 is None


def judge_by_changed_terms() -> None:
    judgement.demand_by_changed_terms()
    judgement.judge_waiting()


def test_what_changed_unnoticed_is_judged_by_the_next_full_run() -> None:
    world.deal(1, "0 offer anna")
    judge_by_changed_terms()
    assert not Finding.objects.exists() and FullRun.objects.get().finished_at == at(500)
    moment.fix(at(600).isoformat())
    judge_by_changed_terms()
    assert FullRun.objects.get().finished_at == at(500)  # nothing to do
    Person.objects.filter(id=1).update(deleted_at=at(50))  # it came with the dictionaries
    judge_by_changed_terms()
    assert Finding.objects.get().rule == "owner.gone" and FullRun.objects.get().finished_at == at(600)


def test_what_is_lost_on_the_way_is_found_by_the_next_night() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "0 offer anna")
    judgement.demand_all()
    judgement.judge_waiting()
    assert Finding.objects.count() == 1


def test_the_command_prints_counts_of_every_rule() -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "0 offer anna")
    world.deal(2, "0 offer anna; 100 won anna")
    out = StringIO()
    call_command("qc_judge", stdout=out)
    assert Finding.objects.count() == 1  # open deals only
    call_command("qc_judge", "--all", "--rule", "deal.stuck", stdout=out)
    assert Finding.objects.count() == 2
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[-1] == ["deal.stuck", "1", "0", "0", "0", "1", "0"]
    assert lines[0] == ["rule", "new", "changed", "withdrawn", "dropped", "standing", "failed"]
    with pytest.raises(CommandError, match="deal.cold"):
        call_command("qc_judge", "--rule", "deal.cold")


def test_a_new_portal_warns_and_costs_nothing() -> None:
    RuleMode.objects.all().delete()
    RuleMode.objects.create(rule="task.none", mode="off", weight=9, since=at(1))
    defaults.ensure_defaults()
    assert dict(RuleMode.objects.values_list("rule", "mode")) == {
        code: rule.mode for code, rule in RULES.items()
    } | {"task.none": "off"}
    assert {rule.mode for rule in RULES.values()} <= {"off", "warn"}
    assert RuleMode.objects.get(rule="task.none").weight == 9


def test_the_page_about_the_rules_is_what_the_code_says() -> None:
    assert Path(settings.BASE_DIR, "docs", "rules.md").read_text("utf-8") == rule_handbook.page()


lengths = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=5 * 365))


@limits(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=lengths | st.integers(1, 10**6).map(lambda n: timedelta(minutes=n)), days=st.booleans())
def test_a_length_reads_back_exactly(length: timedelta, days: bool) -> None:
    assert read_length(write_length(length, days)) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=3), "3 d"),
        (hours(36), "36 h"),
        (timedelta(minutes=90), "90 min"),
        (timedelta(days=1, seconds=5, milliseconds=500), "1 d 5.5 s"),
    ],
)
def test_a_length_is_written_in_the_largest_whole_unit(length: timedelta, text: str) -> None:
    assert write_length(length, days=True) == text


@pytest.mark.parametrize("text", ["", "soon", "3", "3 weeks", "d", "-3 d", "3 d!", "1 d and 2 h"])
def test_what_is_no_length_is_none(text: str) -> None:
    assert read_length(text) is None


def test_norms_come_as_a_document_too_and_what_it_does_not_name_stays() -> None:
    world.regulation("offer", max_stay=hours(24), needs_task=True, task_grace=hours(2))
    draft = regulations.draft(
        "offer", norms={"deal.stuck": {"clock": "client"}, "task.none": {"grace": "45 min"}}
    )
    assert draft.norms == {
        "deal.stuck": {"max_stay": "24 h", "clock": "client"},
        "task.none": {"demanded": True, "grace": "45 min"},
    }
    world.deal(1, "0 offer anna")
    assert backtest.judge_by_norms(
        "offer", {"norms": {"deal.stuck": {"max_stay": "5 h"}}}
    ) == backtest.judge_by_norms("offer", {"max_stay": hours(5)})


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"deal.cold": {}}, "There is no rule “deal.cold” with norms of its own."),
        ({"owner.gone": {}}, "There is no rule “owner.gone” with norms"),
        ({"deal.stuck": {"longest": "3 d"}}, "The rule “deal.stuck” has no parameter “longest”."),
        ({"deal.stuck": "3 d"}, "Norms are written as"),
        ("3 d", "Norms are written as"),
        ({"deal.stuck": {"max_stay": "3 weeks"}}, "“longest stay” must be longer than zero"),
        ({"task.none": {"demanded": 1}}, "Whether a next task is demanded"),
    ],
)
def test_a_document_that_makes_no_sense_is_one_sentence(document: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        regulations.draft("offer", norms=document)


@limits(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "max_stay": lengths,
            "stay_clock": st.sampled_from(["calendar", "owner", "client"]),
            "needs_task": st.booleans(),
            "task_grace": lengths,
            "required_fields": st.lists(st.sampled_from(["price", "71"]), unique=True),
            "fields_grace": lengths,
        },
    )
)
def test_norms_are_kept_and_read_back_exactly(values: dict[str, Any]) -> None:
    kept = norms.flat_values(norms.read_norms(json.loads(json.dumps(with_norms(values)["norms"]))))
    assert {name: kept[name] for name in values} == values


def test_the_columns_of_old_regulations_become_norms() -> None:
    fill = import_module("qc.migrations.0003_norms_from_columns")
    row = SimpleNamespace(
        max_stay=hours(72),
        stay_clock="owner",
        needs_task=True,
        task_grace=timedelta(minutes=90),
        required_fields=[71, "price"],
        fields_grace=None,
    )
    found = {
        "deal.stuck": {"max_stay": "72 h", "clock": "owner"},
        "task.none": {"demanded": True, "grace": "90 min"},
        "field.missing": {"fields": ["71", "price"]},
    }
    assert fill.document(row) == found
    values = {name: value for name, value in vars(row).items() if value is not None}
    assert with_norms(values)["norms"] == found
    bare = {"max_stay": None, "stay_clock": "calendar", "needs_task": False}
    bare |= {"task_grace": None, "required_fields": [], "fields_grace": None}
    assert fill.document(SimpleNamespace(**bare)) == {}
