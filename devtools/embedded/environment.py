"""What a running `make run` tells the commands started beside it: its amoCRM account and its own address.

Without it, `manage.py amo_sync` in a second terminal would not know the sandbox that the first one started.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

NAMES = ("AMO_BASE_URL", "AMO_TOKEN", "AMO_RATE", "DEMO", "PORTAL_URL")


def _path(project: Path) -> Path:
    return project / ".local" / "run.json"


@contextmanager
def shared(project: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Let other commands of this checkout see ``variables`` while the block runs."""
    path = _path(project)
    path.touch(mode=0o600)  # it holds a token
    told = {name: variables[name] for name in NAMES if name in variables}
    path.write_text(json.dumps({"pid": os.getpid(), **told}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def join_running_portal(project: Path) -> None:
    """Take over the variables of a live `make run`, unless the caller names an account of his own."""
    if os.environ.get("AMO_BASE_URL"):
        return
    try:
        variables = json.loads(_path(project).read_text())
        os.kill(variables.pop("pid"), 0)
    except (OSError, ValueError):
        return
    for name, value in variables.items():
        os.environ.setdefault(name, value)
