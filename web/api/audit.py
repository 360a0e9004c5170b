"""``/api/v1/audit/``: who changed what, for those who answer for all of it."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet

from audit.models import Change
from web.api.parameters import KnownFilters
from web.audit.filters import ChangeFilter


class ChangeShape(serializers.ModelSerializer):
    """``changed`` names the columns that differ between ``before`` and ``after``; secrets are masked in both."""

    changed = serializers.ListField(source="differing", child=serializers.CharField())

    class Meta:
        model = Change
        fields = [
            "id",
            "at",
            "table",
            "row",
            "act",
            "changed",
            "before",
            "after",
            "user",
            "user_name",
            "via",
            "name",
            "token",
            "address",
            "url",
        ]


class Changes(KnownFilters, ReadOnlyModelViewSet):
    queryset = Change.objects.none()
    serializer_class = ChangeShape
    filterset_class = ChangeFilter

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.reads_changes:
            raise PermissionDenied(_("Only administrators and directors read the changes."))

    def get_queryset(self) -> QuerySet[Change]:
        return Change.objects.visible_to(self.request.user)
