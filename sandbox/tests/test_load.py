import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.cli import main
from sandbox.load import Broken, read
from sandbox.tests.conftest import NOW, account_data
from sandbox.world import World

REAL = Path(__file__).parents[3] / "shared" / "data" / "bpi2012.json.gz"
Break = Callable[[dict[str, Any]], Any]


def put(*path: Any, value: Any) -> Break:
    def change(data: dict[str, Any]) -> None:
        node: Any = data
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return change


def drop(*path: Any) -> Break:
    def change(data: dict[str, Any]) -> None:
        node: Any = data
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (put("leads", 3, "pipeline_id", value=999), "leads[3].pipeline_id: there is no pipeline 999"),
        (put("leads", 3, "status_id", value=999), "leads[3].status_id: pipeline 100 has no status 999"),
        (put("leads", 3, "pipeline_id", value="100"), "leads[3].pipeline_id: expected int, got str"),
        (drop("leads", 2, "id"), "leads[2].id: missing"),
        (put("leads", 2, "id", value=1), "leads[2].id: 1 is already the id of leads[0]"),
        (put("leads", 2, "id", value=0), "leads[2].id: expected int >= 1"),
        (
            put("leads", 0, "_embedded", value={"contacts": [{}]}),
            "leads[0]._embedded.contacts[0].id: missing",
        ),
        (put("leads", value={}), "leads: expected array, got object"),
        (put("events", 1, "entity_type", value="deal"), "events[1].entity_type: 'deal' is none of "),
        (put("events", 1, "id", value=5), "events[1].id: expected str, got int"),
        (
            put("events", 1, "id", value="01aaaaaaaaaaaaaaaaaaaaaa00"),
            "events[1].id: 01aaaaaaaaaaaaaaaaaaaaaa00 is already",
        ),
        (put("tasks", 0, "entity_type", value="deal"), "tasks[0].entity_type: 'deal' is none of "),
        (drop("tasks", 0, "complete_till"), "tasks[0].complete_till: missing"),
        (put("notes", 0, "entity_type", value="task"), "notes[0].entity_type: 'task' is none of "),
        (put("pipelines", 1, "_embedded", value={}), "pipelines[1]._embedded.statuses: a pipeline needs"),
        (put("users", 1, "id", value=11), "users[1].id: 11 is already the id of users[0]"),
        (put("deals", value=[]), "deals: unknown key; there are account, users"),
        (put("account", value=[]), "account: expected object, got array"),
    ],
)
def test_the_first_fault_is_named_with_its_place(change: Break, sentence: str) -> None:
    data = account_data()
    change(data)
    with pytest.raises(Broken) as caught:
        World.from_data(data, now=NOW)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.json", b'{"leads": [', "not JSON"),
        ("list.json", b"[]", "an object with the keys"),
        ("plain.json.gz", b"{}", "not a gzip file"),
        ("cut.json.gz", gzip.compress(b"{}" * 1000, mtime=0)[:-10], "not a gzip file, or a cut one"),
        ("bytes.json", b"\xff\xfe", "not JSON"),
        ("absent.json", None, "cannot be read"),
        ("fault.json", b'{"leads": [{}]}', "leads[0].id: missing"),
    ],
)
def test_a_broken_file_ends_the_program_with_one_sentence_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert main(["serve", "--port", "0", "--load", str(path)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert name in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scenario", "no such company"],
        ["--live"],
        ["--scenario", "zolotarev", "--load", "x"],
        ["--switch", "nonsense=1"],
        ["--switch", "price_type=money"],
        ["--switch", "price_type"],
    ],
)
def test_wrong_arguments_end_the_program_too(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_taken_port_ends_it_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capsys.readouterr().err


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-20T09:00:00"])
def test_now_needs_an_offset(moment: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--port", "0", "--now", moment])
    assert caught.value.code == 2


def test_a_plain_and_a_packed_file_are_the_same(tmp_path: Path) -> None:
    content = json.dumps(account_data()).encode()
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(content))
    assert read(tmp_path / "a.json") == read(tmp_path / "a.json.gz")


def test_the_program_says_where_it_listens() -> None:
    arguments = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--token", "abc"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert line.startswith("listening on http://127.0.0.1:")
    assert "token abc" in line


def test_an_empty_account_has_an_admin_and_a_pipeline() -> None:
    world = World.empty(now=NOW)
    assert [user.is_admin for user in world.users.values()] == [True]
    (pipeline,) = world.pipelines.values()
    assert {status.type for status in pipeline.statuses} == {0, 1}
    lead = world.create_lead(name="first")
    assert world.leads.get(lead.id) is lead


@pytest.mark.skipif(not REAL.exists(), reason="the log of 2012 is not on this machine")
def test_the_real_log_loads_whole() -> None:
    counts = World.from_data(read(REAL)).counts()
    assert (counts["leads"], counts["tasks"], counts["notes"], counts["users"]) == (13087, 26318, 34383, 68)
