"""A mode and a weight of a rule, tried on history."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.switch_backtest import try_switch as try_pay
from qc.models import RuleMode
from qc.rules import RULES
from qc.switch_backtest import MONTHS, MOST_MONTHS, SwitchTrial, try_switch


class SwitchShape(serializers.Serializer):
    """``months``: how many calendar months of history, with the present one."""

    mode = serializers.ChoiceField(choices=RuleMode.Mode.choices)
    weight = serializers.IntegerField(min_value=0, max_value=100)
    months = serializers.IntegerField(min_value=1, max_value=MOST_MONTHS, default=MONTHS)


class CellShape(serializers.Serializer):
    """Cases of the rule on a stage against a manager: all, those that cost money now, those that would."""

    stage = serializers.CharField(allow_null=True)
    manager = serializers.IntegerField(allow_null=True)
    found = serializers.IntegerField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class MarksShape(serializers.Serializer):
    """Quality by count, and how many occasions it rests on; null of nothing."""

    manager = serializers.IntegerField()
    before = serializers.DecimalField(max_digits=7, decimal_places=4, allow_null=True)
    n_before = serializers.IntegerField()
    after = serializers.DecimalField(max_digits=7, decimal_places=4, allow_null=True)
    n_after = serializers.IntegerField()


class PayShape(serializers.Serializer):
    """``amount``: the month's statement with the rule as tried, less the statement as it is."""

    period = serializers.CharField()
    manager = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=15, decimal_places=2)


class DoubtShape(serializers.Serializer):
    reason = serializers.CharField()
    n = serializers.IntegerField()


class SwitchTrialShape(serializers.Serializer):
    """``deals`` were looked at of ``among``. ``doubts``: likely false alarms among ``doubted`` cases."""

    rule = serializers.CharField()
    mode = serializers.CharField()
    weight = serializers.IntegerField()
    period = serializers.CharField()
    deals = serializers.IntegerField()
    among = serializers.IntegerField()
    findings = CellShape(many=True)
    quality = MarksShape(many=True)
    money_shift = PayShape(many=True)
    doubted = serializers.IntegerField()
    doubts = DoubtShape(many=True)


class Backtest(APIView):
    """What another mode or weight of a rule would mean on history, and in the pay of two months. Writes nothing."""

    @extend_schema(request=SwitchShape, responses=SwitchTrialShape)
    def post(self, request: Request, code: str) -> Response:
        if not request.user.administers:
            raise PermissionDenied(_("Only an administrator tries rules on history."))
        if code not in RULES:
            raise NotFound(_("There is no rule “%(rule)s”.") % {"rule": code})
        asked = SwitchShape(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        try:
            trial = try_switch(code, values["mode"], values["weight"], values["months"])
        except ValueError as error:
            raise ValidationError({"detail": str(error)}) from error
        return Response(SwitchTrialShape(_tell(trial)).data)


def _tell(trial: SwitchTrial) -> dict[str, Any]:
    present = month_of(moment.now(), portal_zone())
    months = [present.previous, present]
    return {
        **trial.switch._asdict(),
        "period": trial.period.label,
        "deals": trial.deals,
        "among": trial.among,
        "findings": [
            {"stage": stage, "manager": manager, **vars(tally)}
            for (stage, manager), tally in sorted(trial.cells.items(), key=lambda one: str(one[0]))
        ],
        "quality": [{"manager": manager, **vars(marks)} for manager, marks in sorted(trial.marks.items())],
        "money_shift": [
            {"period": month.label, "manager": manager, "amount": amount}
            for month, paid in zip(months, try_pay(trial, months), strict=True)
            for manager, amount in sorted(paid.items())
        ],
        "doubted": trial.doubts.new,
        "doubts": [{"reason": reason, "n": len(deals)} for reason, deals in trial.doubts.reasons],
    }
