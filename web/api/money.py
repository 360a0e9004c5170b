"""What a person's month can still become."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.models import Statement
from kpi.next_steps import NextActions as NextSteps
from kpi.next_steps import find_next_actions
from team.models import Employee
from web.api import money_shapes
from web.api.parameters import KnownParameters
from web.frame.scope import read_person
from web.pay.stake import read_target


class NextActions(KnownParameters):
    """What to do next, by what each act is worth in the statement of the present month; the reader's own by default."""

    parameters = ("manager", "target")

    @extend_schema(
        parameters=[OpenApiParameter("manager", int), OpenApiParameter("target", int, description="200000")],
        responses=money_shapes.NextShape,
    )
    def get(self, request: Request) -> Response:
        user: Employee = request.user  # type: ignore[assignment]  # the login stands before every address
        query = request.query_params
        asked = query.get("target", "").strip()
        target = read_target(asked)
        if asked and target is None:
            raise ValidationError(_("Write a sum in whole roubles, such as 100 000."))
        person = read_person(query) or user.person_id
        rows = Statement.objects.visible_to(user).select_related("scheme")
        period = month_of(moment.now(), portal_zone())
        row = rows.filter(manager=person, period=period.first).first() if person else None
        if row is None:
            raise NotFound(_("There is no statement of this month."))
        found = find_next_actions(row.manager_id, user, moment.now(), row, target)
        return Response(money_shapes.NextShape(found or NextSteps(0, [], 0, None, [])).data)
