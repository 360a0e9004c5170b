"""Who sees a row."""

from typing import Any

from django.db import models


class Visible(models.QuerySet[Any]):
    """Rows with a ``manager``: everybody sees what ``user.sees`` names (None = everything)."""

    def visible_to(self, user: Any) -> "Visible":
        people = user.sees
        return self if people is None else self.filter(manager_id__in=people)
