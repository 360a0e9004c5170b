"""Foreign keys inside the mirror."""

from typing import Any

from django.db import models


def link(to: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """A foreign key inside the mirror: nullable, unconstrained, not indexed unless asked."""
    chosen: dict[str, Any] = {"null": True, "blank": True, "db_index": False, "related_name": "+"} | options
    return models.ForeignKey(to, models.DO_NOTHING, db_constraint=False, **chosen)
