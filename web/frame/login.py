"""The way in: signing in (with the demo's logins shown in demo mode only), tokens, and where each role lands.

Whoever has left stays outside: the password, an open session and a token stop working with the last day.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth import SESSION_KEY, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import LoginView
from django.core.validators import MaxLengthValidator
from django.db import DatabaseError
from django.db.models import Exists, OuterRef
from django.db.models.expressions import RawSQL
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS

from access import second_factor, sessions, tokens
from access.attempts import TooOften
from access.models import ApiToken, SecondFactorDemand
from core import moment
from core.db import PreparedQuery
from core.zone import local_day
from pipelines.mirror import freshness
from pipelines.models import Deal
from team.models import Employee, Role
from web.frame import factor_demand, origin, proof

DEMO_PASSWORD = "demo"
BACKEND = "web.frame.login.StaffBackend"
HALF_IN, HALF_OPEN = "half_in", 300  # in the session: the password was right; seconds for the code
LONGEST_NAME = 150  # as the column of Django's users has it

change_language = login_not_required(set_language)


class StaffBackend(ModelBackend):
    """Passwords and sessions, of those who work here."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not user.has_left

    def get_user(self, user_id: Any) -> Any:
        now = moment.now()
        user = _signed_in().find(user=int(user_id), now=now, day=local_day(now))
        return user if user and self.user_can_authenticate(user) else None


@cache
def _signed_in() -> PreparedQuery[Employee]:
    """The employee with what he sees, who has left and whether his role has to prove twice: asked at every request."""
    demanded = SecondFactorDemand.objects.filter(role=OuterRef("role"))
    people = Employee.objects.with_sight("now", "day").annotate(must_prove_twice=Exists(demanded))
    return PreparedQuery(people.filter(pk=RawSQL("%s", ["user"])).order_by())


class StaffToken(TokenAuthentication):
    """API tokens, of those who work here."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found and not found[1].may_write and request.method not in SAFE_METHODS:
            raise PermissionDenied(_("This token may only read."))
        return found

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        token = tokens.find_token(key)
        if token is None:
            raise AuthenticationFailed(_("There is no such token, or it has ended."))
        user = token.user
        if not user.is_active or user.has_left:
            raise AuthenticationFailed(_("The owner of this token has left."))
        if token.reach == ApiToken.Reach.OWN:
            user.narrow()
        return user, token


class LoginForm(AuthenticationForm):
    """A name longer than any that there can be is refused before anybody looks it up or notes the attempt."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(int(getattr(name, "max_length", None) or LONGEST_NAME)))


class Login(LoginView):
    """Attempts are counted before the password is looked at."""

    authentication_form = LoginForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = request.POST.get("username", "")[:LONGEST_NAME]
        try:
            with proof.attempt(request, name) as self.attempt:
                response: HttpResponse = super().post(request, *args, **kwargs)
                return response
        except TooOften as error:
            return proof.refuse(request, error)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        self.attempt.succeed()
        user, page = form.get_user(), self.get_success_url()
        if second_factor.has_factor(user):
            self.request.session.cycle_key()
            self.request.session[HALF_IN] = {"user": user.pk, "next": page, "at": time.time()}
            response: HttpResponse = redirect("login-code")
        else:
            response = super().form_valid(form)
        proof.remember_device(response, self.attempt.name)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"demo_logins": demo_logins()}


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Six digits of the app on your telephone, or one of the recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """The second half of signing in, where there is a second factor; the password was right minutes ago at most."""
    half = request.session.get(HALF_IN)
    user = None
    if half and 0 <= time.time() - half["at"] < HALF_OPEN:
        user = Employee.objects.filter(pk=half["user"], is_active=True).first()
    if user is None or user.has_left:
        request.session.pop(HALF_IN, None)
        return redirect("login")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with proof.attempt(request, f"code of {user.pk}") as attempt:
                right = second_factor.is_right(user, form.cleaned_data["code"])
                if right:
                    attempt.succeed()
        except TooOften as error:
            return proof.refuse(request, error)
        if right:
            page = request.session.pop(HALF_IN)["next"]
            login(request, user, backend=BACKEND)
            request.session[factor_demand.PROVED] = True
            return redirect(page)
        form.add_error("code", _("This code is wrong, or was used already."))
    status = 422 if request.method == "POST" else 200
    return render(request, "registration/code.html", {"form": form}, status=status)


@receiver(user_logged_in, dispatch_uid="note the session")
def note_session(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    proof.note_proof(request)
    sessions.open_session(user, request.session.session_key or "", *proof.sender(request))


def watch_sessions(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: when and from where each session was last used, to the minute."""

    def watch(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        user = origin.known_user(request)
        key = request.session.session_key
        if user is not None and key and SESSION_KEY in request.session:
            with suppress(DatabaseError):
                sessions.see_session(user, key, *proof.sender(request))
        return response

    return watch


@login_not_required
def to_one_door(request: HttpRequest) -> HttpResponseRedirect:
    """The admin has no door of its own: attempts are counted at one. Who is in and no administrator finds nothing."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise Http404
    query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
    return redirect(f"{reverse('login')}?{query}")


def demo_logins() -> list[dict[str, str]]:
    """Who may be tried out, in demo mode only: director first, managers last."""
    if not settings.DEMO:
        return []
    order = [Role.DIRECTOR, Role.ADMIN, Role.HEAD, Role.CONTROLLER, Role.FINANCE, Role.MANAGER]
    people = [
        one
        for one in Employee.objects.filter(is_active=True)
        if one.has_usable_password() and not one.has_left
    ]
    people.sort(key=lambda one: (order.index(Role(one.role)), one.last_name, one.first_name))
    return [
        {
            "username": one.username,
            "name": str(one),
            "role": one.get_role_display(),
            "password": DEMO_PASSWORD,
        }
        for one in people
    ]


def home(request: HttpRequest) -> HttpResponseRedirect:
    """A portal that knows nothing yet begins with the file of an export."""
    if request.user.administers and not freshness.is_connected() and not Deal.objects.exists():
        return redirect("import")
    return redirect("desk" if request.user.directs else "my-month")
