"""Rules of people, contacts and stages: what they find, how it is kept, who sees it."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests import factory
from pipelines.models import Contact, Deal, Stage
from qc import engine, norms, queries, regulations, subjects
from qc.models import Finding, RuleMode, RuleStep
from qc.rules import RULES, StageNorms, Terms
from qc.rules.contact_deals import Allowed
from qc.rules.person_mass_close import Burst
from qc.rules.stage_name import states_result
from qc.tests import world
from qc.tests.lives import at, hour, hours
from team.models import Role
from timeline import subject_loading
from timeline.subjects import ContactDeal, ContactLife, Loss, PersonLife, StageLife


def by(code: str, *norms: object) -> Terms:
    """A norm of the whole portal, or (since hour, norm) in steps."""
    steps = [one if isinstance(one, tuple) else (None, one) for one in norms]
    known = tuple(
        StageNorms(None, None if since is None else at(since), {type(norm): norm}) for since, norm in steps
    )
    return Terms({code: known}, since={"stage.name": at(7)})


@pytest.mark.parametrize(
    ("closed", "found"),
    [
        ([0, 1, 2], []),
        ([0, 0.2, 0.4], ["0:0.4-336.4 [1, 2, 3]"]),
        ([0, 0.5, 1], ["0:1-337 [1, 2, 3]"]),  # exactly within the hour
        ([0, 0.5, 1.1], []),
        ([0, 0.2, 0.4, 0.9, 1.3], ["0:0.4-336.4 [1, 2, 3, 4, 5]"]),  # it goes on while the row does
        ([0, 0.2, 0.4, 9, 9, 9], ["0:0.4-336.4 [1, 2, 3]", "9:9-345 [4, 5, 6]"]),
        ([], []),
    ],
)
def test_a_row_of_lost_deals_is_asked_about(closed: list[float], found: list[str]) -> None:
    person = PersonLife(1, tuple(Loss(at(h), n, "lost") for n, h in enumerate(closed, 1)))
    said = RULES["person.mass_close"].checks(person, by("person.mass_close", Burst(3, hours(1))))
    assert [
        f"{hour(one.since)}:{hour(one.opens_at)}-{hour(one.closes_at)} {one.values['deals']}"
        for check in said
        for one in check.breaches
    ] == found


def test_each_closing_is_asked_about_by_the_norm_of_its_time() -> None:
    person = PersonLife(1, tuple(Loss(at(h), n, "lost") for n, h in enumerate([0, 0, 50, 50], 1)))
    terms = by("person.mass_close", (None, Burst(2, hours(1))), (10, Burst(3, hours(1))))
    said = list(RULES["person.mass_close"].checks(person, terms))
    assert [one.since for check in said for one in check.breaches] == [at(0)]


@pytest.mark.parametrize(
    ("deals", "found"),
    [
        (["1 sales anna 0-"], []),
        (["1 sales anna 0-", "2 sales boris 5-"], ["5:5- 2 [1, 2] 2"]),
        (["1 sales anna 0-5", "2 sales boris 5-"], []),
        (["1 sales anna 0-", "2 service boris 5-"], []),
        (["1 sales anna 0-20", "2 sales boris 5-", "3 sales anna 8-9"], ["5:5-20 2 [1, 2, 3] 3"]),
        (
            ["1 sales anna 0-", "2 sales boris 5-9", "3 sales anna 12-"],
            ["5:5-9 2 [1, 2] 2", "12:12- 1 [1, 3] 2"],
        ),
    ],
)
def test_a_contact_with_several_open_deals(deals: list[str], found: list[str]) -> None:
    people, pipelines = {"anna": 1, "boris": 2}, {"sales": 1, "service": 2}
    told = []
    for text in deals:
        number, pipeline, owner, span = text.split()
        since, until = span.split("-")
        end = at(float(until)) if until else None
        told.append(ContactDeal(int(number), pipelines[pipeline], people[owner], at(float(since)), end))
    said = RULES["contact.deals"].checks(ContactLife(9, tuple(told)), by("contact.deals", Allowed()))
    assert [
        f"{hour(b.since)}:{hour(b.opens_at)}-{hour(b.closes_at)} {b.owner} {b.values['deals']} {b.values['count']}"
        for check in said
        for b in check.breaches
    ] == found


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("Контакт установлен", True),
        ("Взяли в работу", True),
        ("Счёт выставлен", True),
        ("Квалификация проведена", True),
        ("Дозвонились", True),
        ("Реализовано", True),
        ("Целевой клиент", False),
        ("Переговоры", False),
        ("Замер", False),  # and not the past of «замереть»
        ("Отложено", False),
        ("Заинтересован", False),
        ("База ожидания", False),
        ("Потребность не выявлена", False),
        ("Lead", False),
        ("", False),
    ],
)
def test_a_name_states_a_result_or_does_not(name: str, states: bool) -> None:
    assert states_result(name) is states
    said = list(RULES["stage.name"].checks(StageLife("1:2", name, "work"), by("stage.name")))
    assert [one.since for check in said for one in check.breaches] == ([] if states else [at(7)])
    for kind in ("incoming", "won", "lost"):
        assert not list(RULES["stage.name"].checks(StageLife("1:2", name, kind), by("stage.name")))


@pytest.fixture
def company(db: None) -> Iterator[None]:
    world.company()
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def switch_on(code: str, mode: str = "warn", **norm: object) -> None:
    RuleStep.objects.filter(rule=code).delete()
    RuleMode.objects.update_or_create(
        rule=code, defaults={"mode": mode, "weight": 1, "since": at(0), "norm": norm}
    )


def rows() -> list[tuple[object, ...]]:
    standing = Finding.objects.standing().order_by("rule", "since")
    return list(standing.values_list("rule", "unit", "subject", "manager", "deal", "contact", "stage"))


@pytest.mark.usefixtures("company")
class TestJudging:
    def test_new_rules_are_off_until_somebody_switches_them_on(self) -> None:
        assert {RULES[code].mode for code in ("person.mass_close", "contact.deals", "stage.name")} == {"off"}
        for pk in range(1, 13):
            world.deal(pk, "0 lead anna; 10 lost anna")
        engine.judge()
        assert rows() == []

    def test_a_person_is_judged_with_the_deals_that_were_his(self) -> None:
        switch_on("person.mass_close", count=3)
        for pk in range(1, 4):
            world.deal(pk, "0 lead anna; 10 lost anna")
        world.event("stage", 10, "deal", 3, "lead", "lost")
        assert engine.judge([1, 2]) == {("person.mass_close", "new"): 1}
        assert rows() == [("person.mass_close", "person", "1", 1, None, None, None)]
        [finding] = Finding.objects.standing()
        assert finding.deals == [1, 2, 3] and finding.severity == "question"
        assert engine.judge([1]) == {("person.mass_close", "standing"): 1}

    def test_who_closed_is_the_author_of_the_event(self) -> None:
        for pk in range(1, 4):
            world.deal(pk, "0 lead anna; 10 lost anna")
            event = world.event("stage", 10, "deal", pk, "lead", "lost")
            event.author_id = 2 if pk < 3 else 777  # a robot
            event.save()
        anna, boris = subject_loading.people([1, 2])
        assert ([one.deal for one in anna.losses], [one.deal for one in boris.losses]) == ([3], [1, 2])

    def test_a_contact_and_a_stage_have_findings_that_come_and_go_and_keep_their_ids(self) -> None:
        switch_on("contact.deals")
        switch_on("stage.name")
        Stage.objects.exclude(id="lead").update(name="Контакт установлен")
        Stage.objects.filter(id="lead").update(name="Переговоры")
        Contact.objects.create(id=9, name="Пётр", updated_at=at(0))
        world.deal(1, "0 lead anna", contact_id=9)
        world.deal(2, "5 lead boris", contact_id=9)
        engine.judge()
        assert rows() == [
            ("contact.deals", "contact", "9", 2, None, 9, None),
            ("stage.name", "stage", "lead", None, None, None, "lead"),
        ]
        ids = list(Finding.objects.order_by("id").values_list("id", flat=True))
        Stage.objects.filter(id="lead").update(name="Договорились")
        world.deal(2, "5 lead boris; 5 won boris", contact_id=9)
        engine.judge()
        assert rows() == [] and Finding.objects.count() == 2
        Stage.objects.filter(id="lead").update(name="Переговоры")
        world.deal(2, "5 lead boris", contact_id=9)
        engine.judge()
        assert len(rows()) == 2 and list(Finding.objects.order_by("id").values_list("id", flat=True)) == ids

    def test_a_rule_that_raises_keeps_what_it_had_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        switch_on("stage.name")
        Stage.objects.exclude(id="lead").update(kind="won")
        subjects.judge_subjects("stage", ["lead"])
        whole = RULES["stage.name"]
        monkeypatch.setitem(
            RULES, "stage.name", type(whole)(**{**vars(whole), "checks": lambda life, terms: 1 / 0})
        )
        assert subjects.judge_subjects("stage", ["lead"]) == {("stage.name", "failed"): 1}
        assert len(rows()) == 1

    def test_the_norm_of_the_portal_is_set_with_the_mode_and_dated(self) -> None:
        regulations.set_mode("person.mass_close", "warn", 0, {"count": 3, "window": "30 min"})
        row = RuleMode.objects.get(rule="person.mass_close")
        assert row.norm == {"count": 3, "window": "30 min"}
        moment.fix(at(600).isoformat())
        regulations.set_mode("person.mass_close", "warn", 0, {"count": 10})
        row.refresh_from_db()
        assert row.norm == {"window": "30 min"} and row.since == at(600)
        assert RuleStep.objects.get(rule="person.mass_close", since=at(500)).norm["count"] == 3

    @pytest.mark.parametrize(
        ("code", "mode", "norm", "says"),
        [
            ("person.mass_close", "money", None, "A question is answered"),
            (
                "person.mass_close",
                "warn",
                {"count": 1},
                "“deals lost at once” must be a whole number from 2 to 1000.",
            ),
            ("person.mass_close", "warn", {"count": "many"}, "must be a whole number"),
            ("person.mass_close", "warn", {"most": 3}, "has no parameter “most”"),
            (
                "deal.stuck",
                "warn",
                {"max_stay": "3 d"},
                "There is no rule “deal.stuck” with norms of its own.",
            ),
        ],
    )
    def test_nonsense_changes_nothing(self, code: str, mode: str, norm: dict[str, object], says: str) -> None:
        before = list(RuleMode.objects.order_by("rule").values())
        with translation.override("en"), pytest.raises(ValueError, match=says):
            regulations.set_mode(code, mode, 0, norm)
        assert list(RuleMode.objects.order_by("rule").values()) == before

    def test_sentences_lists_and_the_api_show_findings_without_a_deal(self) -> None:
        switch_on("person.mass_close", count=3)
        switch_on("contact.deals")
        switch_on("stage.name")
        Contact.objects.create(id=9, name="Пётр Клиентов", updated_at=at(0))
        for pk in range(1, 4):
            world.deal(pk, "0 lead anna; 490 lost anna")
        world.deal(4, "0 lead anna", contact_id=9)
        world.deal(5, "5 lead boris", contact_id=9)
        engine.judge()
        with translation.override("en"):
            sentences = {
                one.rule: queries.because(one) for one in Finding.objects.filter(deal=None, stage=None)
            }
        assert sentences["person.mass_close"].endswith(": 3. What happened?")
        assert sentences["contact.deals"].endswith(": 2")
        client = Client()
        client.force_login(factory.make_employee(Role.DIRECTOR, language="en"))
        for unit in ("", "&unit=person", "&unit=contact", "&unit=stage"):
            assert client.get(f"/findings/?state={unit}").status_code == 200
        page = client.get("/findings/?unit=contact").content.decode()
        assert "Пётр Клиентов" in page and 'href="/deals/4/"' in page and 'href="/deals/5/"' in page
        assert client.get("/findings/?rule=person.mass_close").context["page"].paginator.count == 1
        [shown] = client.get("/api/v1/findings/?unit=person").json()["results"]
        assert (shown["deal"], shown["subject"], shown["deals"]) == (None, "1", [1, 2, 3])
        assert client.get("/desk/").status_code == client.get("/desk/feed/").status_code == 200

    def test_the_page_of_rules_sets_a_norm_of_the_portal(self) -> None:
        client = Client()
        client.force_login(factory.make_employee(Role.ADMIN, language="en"))
        sent = {"rule": "person.mass_close", "mode": "warn", "weight": "0", "person_mass_close_count": "4"}
        sent |= {"person_mass_close_window_number": "2", "person_mass_close_window_unit": "hours"}
        assert client.post("/rules/", sent).status_code == 302
        row = RuleMode.objects.get(rule="person.mass_close")
        assert norms.read_norm(RULES["person.mass_close"], row.norm) == Burst(4, hours(2))
        assert client.post("/rules/", sent | {"person_mass_close_count": "1"}).status_code == 422
        assert client.post("/rules/", sent | {"mode": "money"}).status_code == 422
        assert 'value="4"' in client.get("/rules/").content.decode()

    def test_the_command_judges_them_too(self, capsys: pytest.CaptureFixture[str]) -> None:
        switch_on("stage.name")
        call_command("qc_judge", "--all", "--rule", "stage.name")
        assert Finding.objects.filter(rule="stage.name").count() == Deal.objects.count() + 3
