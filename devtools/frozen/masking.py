"""Answers as text that can be compared: a line for each tag, and nothing that differs from one asking to the next."""

import json
import re
from typing import Any

# expression → what stands for it; each says by its look what it hides
MASKS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\b[A-Za-z0-9]{64}\b", "CSRF"),  # a masked token, wherever it stands
        (r'(\bnonce=")[^"]*', r"\1NONCE"),
        (r'(\bname="(?:key|session)" value=")[^"]*', r"\1ONCE"),  # of one drawing, of one login
        (r'(\bdata-seen=")[^"]*', r"\1SEEN"),  # a hash of the part's whole text, CSRF tokens and all
        (r"(/static/[\w./-]+)\.[0-9a-f]{12}(\.\w+)", r"\1\2"),
        (r"http://127\.0\.0\.1:(?!8000\b)\d+", "http://AMO"),
        (r"/admin/(?!r/|jsi18n/)\w+/(\w+)/", r"/admin/APP/\1/"),  # models move between apps
        (r"\bapp-\w+ model-", "app-APP model-"),
        (r"(/finding/)\d+", r"\1ID"),
    )
]
OWN_IDS = ("findings", "statements")  # lists of the API whose ids are ours and not amoCRM's


def masked(text: str) -> str:
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def html_lines(text: str) -> str:
    """One tag or one text a line, spaces as a browser sees them; no-break spaces stay."""
    text = re.sub(r"[ \t\r\n]+", " ", text)
    text = re.sub(r" ?(<[^>]*>) ?", r"\n\1\n", text)
    return masked("".join(f"{line}\n" for line in text.split("\n") if line.strip(" ")))


def json_lines(text: str, path: str) -> str:
    """Indented, keys sorted, numbers with all the digits that were sent."""
    data = json.loads(text, parse_float=lambda digits: f"#{digits}")
    if any(f"/{name}/" in path for name in OWN_IDS):
        _hide_ids(data)
    return masked(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def _hide_ids(data: Any) -> None:
    for row in data.get("results", [data]) if isinstance(data, dict) else data:
        if isinstance(row, dict) and "id" in row:
            row["id"] = "ID"
