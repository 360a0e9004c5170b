"""Foreign keys to people of the portal."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import models


def by_whom(title: Any, on_delete: Callable[..., Any] = models.SET_NULL) -> models.ForeignKey[Any, Any]:
    """Who did it; null where it was nobody (a command, the clock), or where he is gone."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete, null=True, blank=True, related_name="+", verbose_name=title
    )
