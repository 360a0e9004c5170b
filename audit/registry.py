"""Which tables are kept an eye on: a model says it of itself, where it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class Kept:
    """``names`` are fields that tell one row from another to a person, ``secret`` columns are masked, a change of
    ``ignored`` ones alone is none. ``only``: an SQL condition on ``{row}``, before or after; empty: every row."""

    model: type[models.Model]
    names: Sequence[str]
    secret: Sequence[str]
    ignored: Sequence[str]
    only: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def key(self) -> str:
        return str(self.model._meta.pk.column)


KEPT: dict[str, Kept] = {}


def keep_changes(
    *, names: Sequence[str] = (), secret: Sequence[str] = (), ignored: Sequence[str] = (), only: str = ""
) -> Callable[[type[M]], type[M]]:
    """Above a model: whatever adds, changes or removes its rows leaves a `Change`; of columns that come later, too."""

    def register(model: type[M]) -> type[M]:
        KEPT[model._meta.db_table] = Kept(model, names, secret, ignored, only)
        return model

    return register
