"""The copies of a migrated database: when the one they are copied from is made anew."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from devtools.migrated_database import digest_migrations


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for path, text in {
        "qc/migrations/0001_initial.py": "from qc.rules.parameters import read_length\n",
        "qc/rules/parameters.py": "def read_length(): ...\n",
        "qc/models.py": "class Finding: ...\n",
        "requirements.txt": "django==5.2\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "path, anew",
    [
        ("qc/migrations/0001_initial.py", True),
        ("qc/migrations/0002_next.py", True),
        ("qc/rules/parameters.py", True),  # a migration reads by it
        ("requirements.txt", True),
        ("qc/models.py", False),
    ],
)
def test_a_change_of_what_migrations_do_makes_it_anew(house: Path, path: str, anew: bool) -> None:
    before = digest_migrations(house)
    assert digest_migrations(house) == before
    with (house / path).open("a") as file:
        file.write("# changed\n")
    assert (digest_migrations(house) != before) is anew


@pytest.mark.django_db
def test_a_copy_has_every_migration_and_the_triggers_of_the_audit() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit_%'")
        assert cursor.fetchone()[0] > 10
