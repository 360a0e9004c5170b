"""The way in: signing in (with the demo's logins shown in demo mode only), tokens, and where each role lands.

Whoever has left stays outside: the password, an open session and a token stop working with the last day.
"""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.validators import MaxLengthValidator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.i18n import set_language
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from access.attempts import TooOften
from pipelines.mirror import freshness
from pipelines.models import Deal
from team.models import Employee, Role
from web.frame import proof

DEMO_PASSWORD = "demo"
LONGEST_NAME = 150  # as the column of Django's users has it

change_language = login_not_required(set_language)


class StaffBackend(ModelBackend):
    """Passwords and sessions, of those who work here."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not user.has_left

    def get_user(self, user_id: Any) -> Any:
        user = Employee.objects.with_sight().filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None


class StaffToken(TokenAuthentication):
    """API tokens, of those who work here."""

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        user, token = super().authenticate_credentials(key)
        if user.has_left:
            raise AuthenticationFailed(_("The owner of this token has left."))
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
        response = super().form_valid(form)
        proof.remember_device(response, self.attempt.name)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"demo_logins": demo_logins()}


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
