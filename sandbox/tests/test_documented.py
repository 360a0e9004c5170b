"""Bodies of the documentation's examples and of the vendor's client, posted over HTTP, get the answers shown there.

Each case of `documented/*.json` is a request with the answer that its page shows: keys and kinds must be there, values
where the caller could foretell them. Cases of one file are told in order, to one account.
"""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.server import Handle, serve_in_thread
from sandbox.tests.conftest import NOW
from sandbox.world import World

FOLDER = Path(__file__).parent / "documented"
PAGES = sorted(path for path in FOLDER.glob("*.json") if path.name != "account.json")
TOLD = ("id", "uid", "href", "updated_at", "detail", "type", "contact_id", "company_id")
"""Keys of which only the kind is foretold."""


@pytest.fixture
def account() -> Iterator[Handle]:
    data = json.loads((FOLDER / "account.json").read_text())
    handle = serve_in_thread(World.from_data(data, now=NOW), token="long-lived")
    yield handle
    handle.stop()


def ask(connection: http.client.HTTPConnection, token: str, case: dict[str, Any]) -> tuple[int, Any]:
    method, path = case["request"]
    body = None if case["body"] is None else json.dumps(case["body"])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v4/{path}", body, headers)
    response = connection.getresponse()
    content = response.read()
    return response.status, json.loads(content) if content else None


def differences(shown: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where an answer is not what was shown. Null says nothing of the kind, an empty object nothing of its keys."""
    if isinstance(shown, dict):
        if not isinstance(found, dict):
            yield f"{path}: {found!r} is no object"
            return
        for key, value in shown.items():
            if key not in found:
                yield f"{path}.{key}: missing"
            else:
                yield from differences(value, found[key], f"{path}.{key}")
    elif isinstance(shown, list):
        rows = any(isinstance(one, dict) for one in shown)
        if not isinstance(found, list) or bool(shown) != bool(found) or (rows and len(shown) != len(found)):
            yield f"{path}: {found!r} instead of {shown!r}"
            return
        for number, (one, other) in enumerate(zip(shown, found, strict=False)):
            yield from differences(one, other, f"{path}.{number}")
    elif shown is not None:
        foretold = path.rpartition(".")[2] not in TOLD and not path.rpartition(".")[2].isdigit()
        if type(shown) is not type(found) or (foretold and shown not in ("", found)):
            yield f"{path}: {found!r} instead of {shown!r}"


@pytest.mark.parametrize("page", PAGES, ids=[path.stem for path in PAGES])
def test_the_documentations_own_bodies_get_the_answers_shown_there(account: Handle, page: Path) -> None:
    address = urlsplit(account.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    wrong = []
    for case in json.loads(page.read_text()):
        status, answer = ask(connection, account.token, case)
        if status != case["status"]:
            wrong.append(f"{case['title']}: {status} {answer}")
        elif case["answer"] is None:
            wrong += [f"{case['title']}: {answer}"] if answer is not None else []
        else:
            wrong += [f"{case['title']}: {one}" for one in differences(case["answer"], answer)]
    connection.close()
    assert wrong == []
