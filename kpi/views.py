"""«Мой месяц»: a manager's money, where it comes from and what takes it away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def my_month(request: HttpRequest) -> HttpResponse:
    return render(request, "kpi/my_month.html")
