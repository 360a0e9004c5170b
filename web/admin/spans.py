"""Lists of the admin that are cut by year, month and day."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from unfold.views import ChangeList


class SpanList(ChangeList):
    """Django's own breaks down on a year that has none after it, and on one that no machine's number holds."""

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
