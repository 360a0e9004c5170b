"""Importing export files: the command, what it leaves in the mirror, and what becomes of it once the API is there."""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from devtools.tests import factory
from jobs import judgement_queue, succession
from pipelines.account.source import Source
from pipelines.imports import loading, names
from pipelines.imports.names import FROM_FILE
from pipelines.imports.parsing import parse_export
from pipelines.mirror import coverage
from pipelines.mirror.entities import TABLE
from pipelines.models import Contact, Cursor, Deal, JudgementRequest, Person, Pipeline, Stage, Stay
from pipelines.tests.export_files import OLD_CONTACTS, OLD_DEALS, old_contact, old_deal, table
from qc.models import Finding, Regulation
from sandbox.world import World
from team.models import Employee, Role

pytestmark = pytest.mark.django_db
OPEN = "не закрыта"
ANNA, SALES = names.person_key("Анна Кузнецова"), names.pipeline_key("Продажи")


@pytest.fixture(autouse=True)
def english(now: datetime) -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run(*rows: list[str], preview: bool = False, header: Iterable[str] = OLD_DEALS) -> str:
        file = tmp_path / "export.csv"
        file.write_bytes(table(tuple(header), rows))
        out = io.StringIO()
        call_command("amo_import", str(file), preview=preview, stdout=out)
        return out.getvalue()

    return run


def counts(text: str) -> list[int]:
    """New, changed, unchanged, rejected."""
    labels = ("New rows", "Changed rows", "Unchanged rows", "Rejected rows")
    lines = [line.rsplit(None, 1) for line in text.splitlines()]
    return [int(line[1]) for label in labels for line in lines if line[0] == label]


def snapshot() -> list[list[dict[str, Any]]]:
    return [
        list(model._default_manager.order_by("pk").values())
        for model in (Person, Pipeline, Stage, Deal, Contact)
    ]


def test_an_export_makes_deals_with_people_pipelines_and_stages(run: Any) -> None:
    won = old_deal(2, **{"Этап сделки": "Успешно реализовано", "Дата закрытия": "03.10.2026 18:00:00"})
    assert counts(run(old_deal(1), won, old_deal("", **{"Ответственный": ""}))) == [2, 0, 0, 1]
    deal = Deal.objects.select_related("manager", "pipeline", "stage").get(pk=1)
    assert (deal.manager.name, deal.pipeline.name, deal.stage.name) == (
        "Анна Кузнецова",
        "Продажи",
        "Переговоры",
    )
    assert deal.price == 350_000 and deal.updated_at == FROM_FILE and deal.closed_at is None
    assert Deal.objects.get(pk=2).stage.kind == Stage.Kind.WON
    assert Deal.objects.get(pk=2).closed_at == datetime(2026, 10, 3, 15, 0, tzinfo=UTC)
    assert set(Stage.objects.filter(pipeline=SALES).values_list("kind", flat=True)) == {"work", "won", "lost"}
    assert Stay.objects.count() == 2 and not JudgementRequest.objects.exists(), "judged at once"


def test_a_deal_stands_on_its_present_stage_since_creation_and_that_is_not_proven(run: Any) -> None:
    run(old_deal(1))
    stay = Stay.objects.get()
    assert stay.entered_at == stay.visit_since == datetime(2026, 10, 1, 7, 0, 30, tzinfo=UTC)
    assert (stay.stage.name, stay.manager_id, stay.left_at, stay.inferred) == ("Переговоры", ANNA, None, True)


def test_the_same_file_again_changes_nothing(run: Any) -> None:
    rows = [old_deal(number, **{"Ответственный": f"Менеджер {number % 3}"}) for number in range(1, 6)]
    run(*rows)
    before, stays = snapshot(), list(Stay.objects.values())
    assert counts(run(*rows)) == [0, 0, 5, 0]
    assert snapshot() == before and list(Stay.objects.values()) == stays


def test_a_newer_export_updates_what_has_changed(run: Any) -> None:
    run(old_deal(1), old_deal(2), old_deal(3, **{"Дата закрытия": "02.10.2026"}))
    moved = old_deal(1, **{"Этап сделки": "Договор", "Ответственный": "Иван Петров"})
    reopened = old_deal(3, **{"Дата закрытия": OPEN})
    assert counts(run(moved, old_deal(2), reopened, old_deal(4))) == [1, 2, 1, 0]
    assert Deal.objects.get(pk=1).stage.name == "Договор" and Deal.objects.get(pk=3).closed_at is None
    assert Stay.objects.get(deal=1).manager.name == "Иван Петров"
    assert Stay.objects.filter(left_at=None).count() == 4 and not JudgementRequest.objects.exists()


def test_an_older_export_is_refused(run: Any) -> None:
    closed = {"Этап сделки": "Успешно реализовано", "Дата закрытия": "20.10.2026 12:00:00"}
    run(old_deal(1, **closed))
    before = snapshot()
    with pytest.raises(CommandError, match="older than one that was imported"):
        run(old_deal(1), old_deal(2))
    assert snapshot() == before
    assert counts(run(old_deal(2))) == [1, 0, 0, 0], "about other deals an early file may still speak"


def test_a_preview_tells_the_counts_and_changes_nothing(run: Any) -> None:
    run(old_deal(1))
    before = snapshot()
    text = run(old_deal(1, **{"Бюджет ": "5"}), old_deal(2), old_deal("x"), preview=True)
    assert counts(text) == [1, 1, 0, 1]
    assert "Line 4 is rejected: “x” is not an ID." in text
    assert snapshot() == before and not JudgementRequest.objects.exists()


def test_people_with_one_name_are_one_person_however_it_is_typed(run: Any) -> None:
    run(
        old_deal(1), old_deal(2, **{"Ответственный": "анна  кузнецова"}), old_deal(3, **{"Ответственный": ""})
    )
    assert [person.name for person in Person.objects.all()] == ["Анна Кузнецова"]
    assert Deal.objects.get(pk=3).manager_id is None


def test_a_stage_keeps_its_place_when_a_later_file_would_order_it_differently(run: Any) -> None:
    run(old_deal(1), old_deal(2, **{"Этап сделки": "Договор", "Дата создания сделки": "01.08.2026"}))
    places = dict(Stage.objects.values_list("name", "sort"))
    run(old_deal(3, **{"Этап сделки": "Договор", "Дата создания сделки": "20.10.2026"}), old_deal(1))
    assert dict(Stage.objects.values_list("name", "sort")) == places


def test_contacts_are_imported_by_id_and_name(run: Any) -> None:
    rows = [old_contact(5, "Пётр Клиентов"), old_contact(6, "ООО «Стройка»", "Компания")]
    assert counts(run(*rows, header=OLD_CONTACTS)) == [1, 0, 0, 1]
    assert counts(run(*rows, header=OLD_CONTACTS)) == [0, 0, 1, 1]
    assert list(Contact.objects.values_list("id", "name")) == [(5, "Пётр Клиентов")]


@pytest.mark.parametrize("rows, header", [([], OLD_DEALS), ([["1", "2"]], ("Date", "Open"))])
def test_a_bad_file_is_one_sentence_and_changes_nothing(
    run: Any, rows: list, header: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError) as caught:
        run(*rows, header=header)
    assert caught.value.returncode == 1 and "\n" not in str(caught.value)
    assert snapshot() == [[], [], [], [], []]


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(CommandError, match=r"^nowhere\.csv: No such file"):
        call_command("amo_import", "nowhere.csv")


def test_nothing_is_imported_over_what_the_api_has_told(run: Any) -> None:
    Cursor.objects.create(entity="deals", rows=3)
    with pytest.raises(CommandError, match="reads amoCRM itself"):
        run(old_deal(1))
    assert snapshot() == [[], [], [], [], []]
    assert "reads amoCRM itself" in run(old_deal(1), preview=True)


# What the API brings afterwards


@pytest.fixture
def company(world: World) -> dict[str, Any]:
    """An account with Anna, the pipeline «Продажи», a deal on «Переговоры» and one that is won."""
    anna = world.create_user(name="Анна Кузнецова", email="anna@example.com")
    pipeline = next(iter(world.pipelines.values()))
    pipeline.name = "Продажи"
    stage = next(status for status in pipeline.statuses if status.name == "Переговоры")
    begun = world.clock.timestamp() - 30 * 86_400
    deals = [
        world.create_lead(
            name="Окна",
            price=5,
            pipeline_id=pipeline.id,
            status_id=stage.id,
            responsible_user_id=anna.id,
            at=begun,
        ).id
        for _number in range(2)
    ]
    world.move_lead(lead_id=deals[1], status_id=142, at=begun + 86_400)
    return {"anna": anna.id, "pipeline": pipeline.id, "stage": f"{pipeline.id}:{stage.id}", "deals": deals}


def load_all(source: Source) -> None:
    assert coverage.pull_entities(source, TABLE) == []
    judgement_queue.judge_load()


def test_after_the_api_the_mirror_is_what_it_would_be_without_the_import(
    run: Any, company: dict[str, Any], source: Source
) -> None:
    gone = 10**6  # deleted in amoCRM since the export
    run(*(old_deal(key) for key in (*company["deals"], gone)))
    load_all(source)
    alive = Deal.objects.alive()
    assert set(alive.values_list("id", flat=True)) == set(company["deals"])
    assert set(alive.values_list("manager_id", "pipeline_id")) == {(company["anna"], company["pipeline"])}
    assert not alive.filter(updated_at=FROM_FILE).exists()
    for model in (Person, Pipeline, Stage):
        names_ = [str(row) for row in model._default_manager.filter(deleted_at=None)]
        assert len(names_) == len(set(names_)), f"doubled: {names_}"
    assert not Stay.objects.filter(deal__in=company["deals"], inferred=True).exists()
    imported = snapshot()[3][: len(company["deals"])]
    Deal.objects.all().delete(), Cursor.objects.all().delete()
    load_all(source)
    assert snapshot()[3] == imported


def test_a_wrong_time_zone_does_not_keep_the_api_out(
    run: Any, company: dict[str, Any], source: Source
) -> None:
    """Dates of a file are local times of an unknown zone; a deal never touched again must not stay as imported."""
    run(*(old_deal(key, **{"Дата создания сделки": "02.11.2026 11:59:00"}) for key in company["deals"]))
    load_all(source)
    assert {deal.price for deal in Deal.objects.all()} == {5}


def test_employees_and_regulations_go_over_to_the_real_person_and_stage(
    run: Any, company: dict[str, Any], source: Source
) -> None:
    run(*(old_deal(key) for key in company["deals"]))
    employee = factory.make_employee(Role.MANAGER, Person.objects.get(pk=ANNA))
    stage = Stage.objects.get(pipeline=SALES, name="Переговоры")
    regulation = factory.make_regulation(stage, max_stay=timedelta(days=7))
    won = factory.make_regulation(Stage.objects.get(pk=f"{SALES}:142"))
    finding = factory.make_finding(Deal.objects.get(pk=company["deals"][0]))
    assert coverage.pull_entities(source, TABLE) == []
    succession.hand_over()  # by itself: a judgement would not bear the finding out
    assert Employee.objects.get(pk=employee.pk).person_id == company["anna"]
    assert Regulation.objects.get(pk=regulation.pk).stage_id == company["stage"]
    assert Regulation.objects.get(pk=won.pk).stage_id == f"{company['pipeline']}:142"
    assert Finding.objects.get(pk=finding.pk).manager_id == company["anna"]


def test_who_has_an_account_of_his_own_already_keeps_it() -> None:
    real, local = factory.make_person("Анна Кузнецова"), factory.make_person("Анна Кузнецова", id=ANNA)
    own, imported = factory.make_employee(person=real), factory.make_employee(person=local)
    succession.hand_over()
    assert [Employee.objects.get(pk=one.pk).person_id for one in (own, imported)] == [real.pk, ANNA]


def test_two_real_people_of_one_name_leave_it_to_the_administrator() -> None:
    for _number in range(2):
        factory.make_person("Анна Кузнецова")
    imported = factory.make_employee(person=factory.make_person("Анна Кузнецова", id=ANNA))
    succession.hand_over()
    assert Employee.objects.get(pk=imported.pk).person_id == ANNA


def test_a_file_of_several_pages_is_counted_whole() -> None:
    rows = (old_deal(number) for number in range(1, 2 * loading.PAGE + 2))
    parsed = parse_export(
        io.BytesIO(table(OLD_DEALS, rows)), loading.import_zone(), datetime(2026, 11, 2, tzinfo=UTC)
    )
    loaded = loading.load_export(parsed)
    assert (loaded.new, loaded.people, loaded.pipelines) == (
        2 * loading.PAGE + 1,
        ["Анна Кузнецова"],
        ["Продажи"],
    )
