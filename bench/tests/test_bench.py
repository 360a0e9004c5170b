"""The bench stays alive: a row runs, companies are as folding would leave them, the table finds its place."""

from pathlib import Path

import pytest
from django.db import connection

from bench import __main__, data, report, store
from bench.data import COLUMNS, Company
from bench.measure import Cost, share
from bench.rows import MEASURES
from pipelines.models import Deal, JudgementRequest, Stay, Task
from timeline import folding


@pytest.mark.django_db
def test_storing_a_page_is_measured_beside_djangos_own_upsert() -> None:
    lines = list(store.beside_bulk_create(rounds=1))
    assert [line.what for line in lines][::2] == [
        f"store a page of 250 deals, {case}" for case in ("unchanged", "5 % changed", "all changed", "new")
    ]
    assert all(line.ratio is not None and line.ratio >= 0 for line in lines)
    assert not Deal.objects.exists() and not JudgementRequest.objects.exists()  # it cleans up


@pytest.mark.django_db
def test_an_invented_company_is_what_folding_its_events_gives() -> None:
    for lines in data.lives(Company(300, people=7), batch=200):
        with connection.cursor() as cursor:
            for table, rows in lines.items():
                with cursor.copy(f"COPY pipelines_{table} ({COLUMNS[table]}) FROM STDIN") as stream:
                    stream.write("".join(rows))
    done = dict(Task.objects.values_list("id", "completed_at"))
    assert Deal.objects.count() == 300
    assert Deal.objects.open().count() in range(30, 90)
    assert folding.fold_deals(Deal.objects.values_list("id", flat=True)) == 0
    assert dict(Task.objects.values_list("id", "completed_at")) == done
    assert Stay.objects.filter(left_at=None).count() == 300


def test_the_same_seed_invents_the_same_company() -> None:
    assert list(data.lives(Company(20))) == list(data.lives(Company(20)))
    assert list(data.lives(Company(20))) != list(data.lives(Company(20, seed=1)))


def test_every_row_of_the_command_line_is_measured_by_something() -> None:
    assert {*__main__.ROWS, *__main__.LONG} == set(MEASURES)


@pytest.mark.parametrize(
    ("ours", "base", "most", "met"),
    [(1.0, 10.0, 0.15, True), (2.0, 10.0, 0.15, False), (1.5, 10.0, 0.15, True), (9.0, 1.0, None, None)],
)
def test_a_ratio_meets_its_target_up_to_the_limit(
    ours: float, base: float, most: float | None, met: bool | None
) -> None:
    assert report.against("x", Cost(ours, 0), Cost(base, 0), most).met is met


def test_a_percentile_is_a_value_of_the_series() -> None:
    assert [share([5, 1, 4, 2, 3], part) for part in (0, 0.5, 0.95, 1)] == [1, 3, 5, 5]


@pytest.mark.django_db
def test_a_new_table_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for value in (1, 2):
        report.write([report.below("what", value, 3, "s")], 1000, page)
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n") and text.endswith(f"{report.END}\nafter\n")
    assert text.count("| what | 2 s |") == 1 and "1 s" not in text and "old" not in text
