"""Reading a saved account from a file."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import msgspec

from sandbox.check import Broken

__all__ = ["Broken", "read"]


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
        data = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken(f"{path}: not JSON ({error})") from None
    if not isinstance(data, dict):
        raise Broken(f"{path}: an object with the keys account, users, pipelines, leads … is expected")
    return data
