"""A small account of amoCRM, served by the sandbox in a process of its own."""

import gzip
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bench.data import NOW
from devtools.embedded import PROJECT
from sandbox.scenarios import build

TOKEN = "bench"


@cache
def part(divisor: int, now: datetime = NOW) -> dict[str, Any]:
    """The demo company at a moment, but only every so many-th of its deals and what belongs to them."""
    data = build("zolotarev", 0, now)
    data["leads"] = data["leads"][::divisor]
    kept = {lead["id"] for lead in data["leads"]}
    data["tasks"] = [
        task for task in data["tasks"] if task.get("entity_type") == "leads" and task["entity_id"] in kept
    ]
    tasks = {task["id"] for task in data["tasks"]}
    data["notes"] = [
        note for note in data["notes"] if note["entity_type"] == "leads" and note["entity_id"] in kept
    ]
    data["events"] = [event for event in data["events"]
                      if event["entity_id"] in {"lead": kept, "task": tasks}.get(event["entity_type"], ())]  # fmt: skip
    people = {contact["id"] for lead in data["leads"] for contact in lead["_embedded"].get("contacts") or ()}
    data["contacts"] = [contact for contact in data["contacts"] if contact["id"] in people]
    data["unsorted"] = []
    return data


@contextmanager
def sandbox(data: dict[str, Any], *, rate: int, switches: Iterable[str] = ()) -> Iterator[str]:
    """A stand-in for amoCRM with this account, in a process of its own; gives its address. ``switches``: NAME=VALUE."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "account.json.gz"
        with gzip.open(file, "wt", compresslevel=1) as out:
            json.dump(data, out)
        command = [
            sys.executable,
            "-m",
            "sandbox",
            "serve",
            "--port",
            "0",
            "--load",
            str(file),
            "--token",
            TOKEN,
            "--rate",
            str(rate),
            *(part for switch in switches for part in ("--switch", switch)),
        ]
        server = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            found = re.search(r"http://\S+", server.stdout.readline())
            if found is None:
                raise RuntimeError("the sandbox did not start")
            yield found.group()
        finally:
            server.terminate()
            server.wait()
