"""Reading a saved account from a file."""

import gc
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from sandbox.check import Broken

__all__ = ["Broken", "read", "without_collection"]

MANY = 100_000  # objects


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection while millions of objects are made: it would look through them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # Aside and back: among the old ones without being looked through. To count what is set aside already is to
            # walk over it, which a small account is not worth.
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def read(path: str | Path) -> dict[str, Any]:
    """What a JSON file (gzip when its name ends in .gz) holds; `World.from_data` judges it. Raises `Broken`."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise Broken(f"{path}: cannot be read ({error.strerror})") from None
    if str(path).endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            raise Broken(f"{path}: not a gzip file, or a cut one") from None
    try:
        with without_collection():
            data = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken(f"{path}: not JSON ({error})") from None
    if not isinstance(data, dict):
        raise Broken(f"{path}: an object with the keys account, users, pipelines, leads … is expected")
    return data
