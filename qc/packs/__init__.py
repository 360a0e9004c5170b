"""Sets of norms for usual pipelines: documents with stages, fields and rules by name, as the case studies tell them.

A document names the pipelines that it is for by parts of their names, its rules, and for each stage its norms as
`qc.norms` reads them, with names in the place of ids of fields.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class PackStage:
    stage: str
    norms: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Pack:
    """``pipelines``: parts of names, in small letters; ``rules``: codes that the set rests on."""

    key: str
    title: str
    about: str
    pipelines: tuple[str, ...]
    rules: tuple[str, ...]
    stages: tuple[PackStage, ...]

    def fits(self, pipeline: str) -> bool:
        return any(part in pipeline.casefold() for part in self.pipelines)


@cache
def read_packs() -> dict[str, Pack]:
    """By key, in their own order."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
    return {
        key: Pack(
            key,
            document["title"],
            document["about"],
            tuple(document["pipelines"]),
            tuple(document["rules"]),
            tuple(PackStage(one["stage"], one["norms"]) for one in document["stages"]),
        )
        for key, document in sorted(found.items(), key=lambda one: one[1]["order"])
    }
