"""Asks everything as every role, in one process with Django's test client, and writes each answer to a file.

Runs as a command with a portal's environment:
``python -m devtools.frozen.capture settle | choose TO | ask TO I N ONLY``.
"""

import json
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import django
from django.db import connection
from django.db.models import F
from django.utils import timezone

from devtools.frozen.company import DEAD, NOW
from devtools.frozen.masking import html_lines, json_lines, masked

HEADERS = ("Location", "HX-Redirect", "HX-Trigger", "Content-Language", "Retry-After")
PART = {"HX-Request": "true", "X-Seen": "0"}
THOROUGH = ("director", "head", "manager")
ADMIN_SEEN_BY = ("stranger", "director", "manager", "admin")
FINDING_ORDER = ("opens_at", "rule", "deal_id", "task_id", "person_id", "contact_id", "stage_id", "since")
DIGESTS: dict[str, tuple[str, ...]] = {
    "Finding": ("rule", "stage_id", "opens_at", "manager_id", "closes_at", "since", "deal_id", "task_id", "mode",
                "severity", "withdrawn_at", "values"),
    "Stay": ("deal_id", "visit", "entered_at", "left_at", "stage_id", "manager_id", "visit_since", "next_stage_id",
             "inferred"),
    "Statement": ("period", "manager_id", "status", "total", "inputs"),
    "StatementLine": ("statement__period", "statement__manager_id", "position", "code", "amount", "reason", "values"),
    "Regulation": ("stage_id", "version", "published_at", "max_stay", "stay_clock", "task_grace", "required_fields"),
    "Quota": ("period", "manager_id", "amount"),
}  # fmt: skip


def main() -> int:
    django.setup()
    logging.disable(logging.CRITICAL)
    if sys.argv[1] == "settle":
        settle()
    elif sys.argv[1] == "choose":
        from devtools.frozen.addresses import asks, choose

        choice = choose()
        choice["asks"] = [asdict(one) for one in asks(choice)[0]]
        Path(sys.argv[2], "choice.json").write_text(json.dumps(choice, ensure_ascii=False, indent=1))
    else:
        to, share, of, only = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
        now = datetime.fromisoformat(NOW)
        timezone.now = lambda: now  # Django's own clock: "today" in the admin's filters
        if share == 0 and not only:
            digest(to)
        ask(to, share, of, only)
    return 0


def settle() -> None:
    """Take the wall clock and chance out of a loaded company."""
    from django.apps import apps
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password

    user = get_user_model()
    user.objects.update(password=make_password("demo", salt="frozen"), date_joined=NOW, last_login=NOW)
    for model in apps.get_models():
        for field in model._meta.fields:
            if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
                model._default_manager.update(**{field.name: NOW})
        if model.__name__ == "Account":
            model._default_manager.update(base_url=DEAD, hook_secret="f" * 43)
        if model.__name__ == "Cursor":  # pages that were read ahead and held nothing count as well
            model._default_manager.update(pages=F("rows") / 250 + 1)
        if model.__name__ == "Finding":
            _renumber(model)


def _renumber(model: Any) -> None:
    """Several processes judge at once: who gets which number is chance, and lists break ties by it."""
    columns = {field.column for field in model._meta.fields}
    order = ", ".join(name for name in FINDING_ORDER if name in columns)
    numbered = f"SELECT id, row_number() OVER (ORDER BY {order}) AS number FROM {model._meta.db_table}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {model._meta.db_table} f SET id = -number FROM ({numbered}) n WHERE n.id = f.id"
        )
        cursor.execute(f"UPDATE {model._meta.db_table} SET id = -id")


def ask(to: Path, share: int, of: int, only: str) -> None:
    """The share of everything that is asked for; ``to/choice.json`` says for what.

    ``only``: an expression that is to be found in the name of a file (``role/name``).
    """
    from devtools.frozen.addresses import asks

    choice = json.loads((to / "choice.json").read_text())
    wanted, routes = asks(choice)
    if share == 0 and not only:
        (to / "routes.txt").write_text("".join(f"{route}\n" for route in routes))
    clients = {role: _client(role, username) for role, username in choice["roles"].items()}
    for role in clients:
        (to / role).mkdir(exist_ok=True)
    for one in wanted[share::of]:
        for role, client in clients.items():
            if _concerns(one, role) and re.search(only, f"{role}/{one.slug}"):
                kind, text = _answer(client, one)
                (to / role / f"{one.slug[:200]}.{kind}").write_text(text)


def _concerns(one: Any, role: str) -> bool:
    """Orders, metrics and parts do not follow the role in ways of their own: a few ask for all of them."""
    if one.path == "/logout/":
        return False
    if role == "stranger":
        return not (one.query or one.part)
    if one.path.startswith("/admin/"):
        return role in ADMIN_SEEN_BY
    if role.endswith("-en") and one.is_api:
        return False
    if one.part:
        return role == "director" or (role == "manager" and not one.query)
    return role in THOROUGH or not re.search(
        r"^/api/v1/metrics/.*\?|\?sort=", f"{one.path}?{one.query}".rstrip("?")
    )


def _client(role: str, username: str) -> Any:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.contrib.auth.signals import user_logged_in
    from django.test import Client

    user_logged_in.receivers = []  # they would write down when this was
    client = Client(SERVER_NAME="127.0.0.1", SERVER_PORT="8000", raise_request_exception=False)
    if username:
        client.force_login(get_user_model().objects.get(username=username))
    if role.endswith("-en"):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def _answer(client: Any, one: Any) -> tuple[str, str]:
    """The kind of file, and the answer as text under a head of its own."""
    address = f"{one.path}?{one.query}" if one.query else one.path
    if one.sent is None:
        response = client.get(address, headers=PART if one.part else {})
    else:
        form = {} if not one.is_api else {"content_type": "application/json"}
        response = client.post(address, one.sent, **form)
    kind = response.headers.get("Content-Type", "")
    content = b"".join(response.streaming_content) if response.streaming else response.content
    try:
        body = content.decode()
    except UnicodeDecodeError:  # a workbook or a picture: the same rows give the same bytes
        body = f"{len(content)} bytes, sha256 {sha256(content).hexdigest()}"
    head = [f"{'GET' if one.sent is None else 'POST'} {address}", f"{response.status_code} {kind}"]
    head += [f"{name}: {response.headers[name]}" for name in HEADERS if name in response.headers]
    if response.status_code >= 500 and getattr(response, "exc_info", None):
        head.append(f"raised {response.exc_info[1]!r}")
    if "json" in kind:
        name, text = "json", json_lines(body, one.path) if body else ""
    elif "html" in kind:
        name, text = "html", html_lines(body)
    else:
        name, text = "txt", masked(body)
    return name, masked("\n".join(head)) + "\n\n" + text


def digest(to: Path) -> None:
    """What was folded, judged and paid, a line a row, and how many rows every table has."""
    from django.apps import apps

    models = {model.__name__: model for model in apps.get_models()}
    counts = Counter({name: model._default_manager.count() for name, model in models.items()})
    ours = sorted(name for name, model in models.items() if not model.__module__.startswith("django"))
    (to / "digest").mkdir()
    (to / "digest" / "counts.txt").write_text("".join(f"{name} {counts[name]}\n" for name in ours))
    for name, fields in DIGESTS.items():
        if name in models:
            lines = sorted(_rows(models[name], fields))
            (to / "digest" / f"{name}.txt").write_text("\n".join([" | ".join(fields), *lines, ""]))


def _rows(model: Any, fields: tuple[str, ...]) -> Iterator[str]:
    known = {name for field in model._meta.fields for name in (field.name, field.attname)}
    asked = [name for name in fields if name.partition("__")[0] in known]
    for row in model._default_manager.values_list(*asked).iterator():
        yield " | ".join(_text(value) for value in row)


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"{value:%Y-%m-%dT%H:%M:%S}" if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    sys.exit(main())
