"""Who is at work, told to the database together with each statement that changes what is kept an eye on.

PostgreSQL's triggers know the row and not the person. So the statement is sent with a setting of its transaction, in
the same trip; other statements go as they are.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

from audit.registry import KEPT

SETTING = "salesops.origin"
WRITES = re.compile(r"\s*(insert|update|delete|with)\b", re.IGNORECASE)
LOOKED_AT = 4000  # signs of a statement in which its tables are looked for

Origin = dict[str, Any]  # columns of `Change`: via, name, user, user_name, token, address, url
_teller: ContextVar[Callable[[], Origin] | None] = ContextVar("teller", default=None)


@contextmanager
def tell_origin(teller: Callable[[], Origin]) -> Iterator[None]:
    """Within: changes are ``teller``'s, which is asked when there is one, since people sign in on the way."""
    before = _teller.set(teller)
    try:
        yield
    finally:
        _teller.reset(before)


def begin_origin(teller: Callable[[], Origin]) -> Callable[[], None]:
    """The same where begin and end are told apart; call the answer at the end, in the same thread."""
    before = _teller.set(teller)
    return lambda: _teller.reset(before)


def tell_database() -> None:
    """From the next connection on."""
    connection_created.connect(_listen, dispatch_uid="origin of changes")


def _listen(connection: Any, **kwargs: Any) -> None:
    if _with_origin not in connection.execute_wrappers:
        connection.execute_wrappers.append(_with_origin)


def _with_origin(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    if (
        many
        or not isinstance(sql, str)
        or not WRITES.match(sql)
        or not _names(len(KEPT)).search(sql, 0, LOOKED_AT)
    ):
        return execute(sql, params, many, context)
    told = json.dumps((_teller.get() or _command)())
    if isinstance(params, dict):
        sql, params = f"SELECT set_config('{SETTING}', %(origin_)s, true); {sql}", params | {"origin_": told}
    else:
        sql, params = f"SELECT set_config('{SETTING}', %s, true); {sql}", (told, *(params or ()))
    result = execute(sql, params, many, context)
    while result is not None and result.nextset():  # past the setting's own answer
        pass
    return result


@lru_cache(maxsize=1)
def _names(number: int) -> re.Pattern[str]:
    """Of the tables; ``number`` of them are registered by now."""
    return re.compile(rf"\b(?:{'|'.join(sorted(KEPT)) or '$^'})\b")


def _command() -> Origin:
    """Outside of a request and a task: the command by its name. What stands behind that may be a secret."""
    program, *words = sys.argv or [""]
    name = Path(program).name
    if name in ("manage.py", "django-admin") and words:
        name = words[0]
    return {"via": "command", "name": name[:100]}
