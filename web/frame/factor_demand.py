"""Whose role demands a second factor gets no further than to the page that sets one up."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

PROVED = "second_factor"  # in the session: it was given at the door or set up since
OPEN = {"logout", "set_language", "second-factor", "recovery-codes"}


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        api = request.path_info.startswith("/api/")  # whose views ask for a session themselves, later
        if not (api or getattr(view, "login_required", True)) or not request.user.is_authenticated:
            return None
        if not getattr(request.user, "must_prove_twice", False) or request.session.get(PROVED):
            return None
        if request.resolver_match and request.resolver_match.view_name in OPEN:
            return None
        if api:
            says = _("Your role demands a second factor: set it up on the page of your account.")
            return JsonResponse({"detail": says}, status=403)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": reverse("second-factor")})
        return redirect("second-factor")
