"""Keys for what an export only names: people, pipelines and stages. Pure.

A key follows from the name alone, so every file and every machine gives the same; it lies where amoCRM's own ids will
not come and where JavaScript still counts exactly. Decision 0010 says how the API's keys replace them.
"""

from datetime import UTC, datetime
from hashlib import blake2b

from pipelines.mirror.rows import LOST, WON

# ``updated_at`` of a row imported from a file: whatever the API says is newer
FROM_FILE = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL = 2**52  # the first of the local keys; the last is below 2 ** 53
MAIN = "Воронка"  # what amoCRM calls the first pipeline, for files without that column

CLOSING = {
    "успешно реализовано": WON,
    "закрыто и не реализовано": LOST,
    "closed - won": WON,
    "closed - lost": LOST,
}
INCOMING = {"неразобранное", "incoming leads"}


def fold_name(name: str) -> str:
    """Two spellings of one name are equal here: case, spaces and the letter ё do not tell people apart."""
    return " ".join(name.split()).casefold().replace("ё", "е")


def local_key(kind: str, *names: str) -> int:
    text = "\0".join((kind, *map(fold_name, names)))
    return LOCAL + int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % LOCAL


def person_key(name: str) -> int | None:
    return local_key("person", name) if name else None


def pipeline_key(name: str) -> int:
    return local_key("pipeline", name or MAIN)


def status_key(pipeline: str, stage: str) -> int:
    """amoCRM's own number for the two closing stages, since these are the same everywhere."""
    return CLOSING.get(fold_name(stage)) or local_key("stage", pipeline or MAIN, stage)


def stage_kind(name: str) -> str:
    closing = {WON: "won", LOST: "lost"}.get(CLOSING.get(fold_name(name), 0))
    return closing or ("incoming" if fold_name(name) in INCOMING else "work")


def is_local(key: int) -> bool:
    return key >= LOCAL
