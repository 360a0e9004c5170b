"""Who works here and when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def team(request: HttpRequest) -> HttpResponse:
    return render(request, "team/team.html")
