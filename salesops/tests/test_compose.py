"""The container files, as far as they can be checked without an engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from devtools.embedded import PROJECT, postgres

COMPOSE = PROJECT / "docker-compose.yml"


def verdict(*command: str | Path) -> str:
    """What a checker objects to; nothing when all is well."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def by_the_specification(path: Path) -> str:
    return verdict(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path)


def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_the_compose_file_follows_the_specification() -> None:
    assert by_the_specification(COMPOSE) == ""


def test_a_misspelt_key_would_be_seen(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("restart: unless-stopped", "restrt: unless-stopped"))
    assert "restrt" in by_the_specification(broken)


def test_the_dockerfile_passes_hadolint() -> None:
    assert verdict(Path(sys.executable).with_name("hadolint"), "Dockerfile") == ""


def test_the_container_is_served_as_on_a_developers_machine() -> None:
    """By the worker that no slow client can hold up."""
    [command] = re.findall(r"^CMD (\[.*\])", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    settings: dict[str, Any] = {}
    exec((PROJECT / "gunicorn.conf.py").read_text(), settings)
    assert settings["worker_class"] == "salesops.buffering.Worker"
    assert "--worker-class" not in command and "--config" not in command
    assert "worker-class" not in (PROJECT / "devtools" / "run.py").read_text()


def test_every_service_says_how_it_is() -> None:
    silent = {"web"}  # its check comes with the image
    assert "HEALTHCHECK" in (PROJECT / "Dockerfile").read_text()
    assert {name for name, service in services().items() if "healthcheck" not in service} == silent


def test_no_secret_stands_in_the_compose_file() -> None:
    for line in COMPOSE.read_text().splitlines():
        if re.search(r"PASSWORD|SECRET|TOKEN", line):
            assert "${POSTGRES_PASSWORD:?" in line, line


def test_both_databases_are_made_alike() -> None:
    arguments = services()["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert set(arguments) <= set(postgres.INITDB)
    assert services()["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_every_queue_has_its_worker() -> None:
    from salesops.celery import app

    queues = {app.conf.task_default_queue} | {route["queue"] for route in app.conf.task_routes.values()}
    commands = " ".join(str(service.get("command", "")) for service in services().values())
    assert queues == set(re.findall(r"--queues (\w+)", commands))


def test_what_the_image_needs_is_not_ignored() -> None:
    kept = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {"manage.py", "requirements.txt", "salesops", "pipelines", "qc", "kpi", "web"} <= kept
    assert kept.isdisjoint({".env", ".git", ".local", "sandbox"})
