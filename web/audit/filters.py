"""Filters of the audit, the same on the page and in the API."""

import django_filters as filters
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.models import Change
from audit.registry import KEPT
from team.models import Employee
from web.audit.wording import title_of
from web.frame.filters import NO_SUCH, FilterSet, One, Since, Sort


def tables() -> list[tuple[str, str]]:
    """By the names that pages use."""
    return sorted(((table, title_of(table)) for table in KEPT), key=lambda one: one[1])


class ChangeFilter(FilterSet):
    user = One(
        queryset=Employee.objects.all(),
        label=_("Who"),
        empty_label=_("Everybody"),
        null_label=_("The portal itself"),
        null_value="none",
        method="by_user",
    )
    table = filters.ChoiceFilter(
        choices=tables, label=_("What"), empty_label=_("Everything"), error_messages=NO_SUCH
    )
    act = filters.ChoiceFilter(
        choices=Change.Act.choices, label=_("Act"), empty_label=_("all"), error_messages=NO_SUCH
    )
    via = filters.ChoiceFilter(
        choices=Change.Via.choices, label=_("How"), empty_label=_("all"), error_messages=NO_SUCH
    )
    row = filters.CharFilter(max_length=100, label=_("Row"))
    since = Since("at", label=_("Since"))
    until = Since("at", "lt", label=_("Before"))
    sort = Sort({"at": F("at"), "user": F("user_name"), "table": F("table")})

    class Meta:
        model = Change
        fields: list[str] = []

    def by_user(self, changes: QuerySet[Change], name: str, wanted: "Employee | str") -> QuerySet[Change]:
        return changes.filter(user=None if wanted == "none" else wanted.pk)
