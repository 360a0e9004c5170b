"""«Доступ»: keys of everybody, for administrators: tokens, second factors, and which roles must have one."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django_otp.plugins.otp_totp.models import TOTPDevice

from access import second_factor, sessions, tokens
from access.models import ApiToken, SecondFactorDemand
from core.locks import lease_now
from team.models import Employee
from web.account.forms import DemandForm
from web.frame import listing
from web.frame.permissions import for_admins
from web.frame.proof import asks_password

MOST = 200  # tokens on the page, the newest first
PEOPLE: listing.Columns = (
    (gettext_lazy("Name"), str),
    (gettext_lazy("User name"), lambda one: one.username),
    (gettext_lazy("Role"), lambda one: one.get_role_display()),
    (gettext_lazy("Second factor"), lambda one: _("on") if one.has_factor else _("off")),
    (gettext_lazy("Sessions"), lambda one: one.sessions),
    (gettext_lazy("Last signed in"), lambda one: one.last_login),
)
TOKENS: listing.Columns = (
    (gettext_lazy("What for"), lambda one: one.title),
    (gettext_lazy("Begins with"), lambda one: one.hint),
    (gettext_lazy("Whose"), lambda one: str(one.user)),
    (gettext_lazy("May change things"), lambda one: _("yes") if one.may_write else _("no")),
    (gettext_lazy("Sees"), lambda one: one.get_reach_display()),
    (gettext_lazy("Made"), lambda one: one.created_at),
    (gettext_lazy("Last used"), lambda one: one.last_used_at),
    (gettext_lazy("Ends"), lambda one: one.expires_at),
    (gettext_lazy("Revoked"), lambda one: one.revoked_at),
)


@for_admins
@asks_password
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    alive = Q(open_sessions__seen_at__isnull=False)
    people = Employee.objects.filter(is_active=True).annotate(
        has_factor=Exists(TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)),
        sessions=Count("open_sessions", filter=alive),
    )
    known = ApiToken.objects.select_related("user").order_by("revoked_at", "-created_at")
    shown = [one for one in people if one.has_usable_password()]
    if form := listing.asked_file(request):
        sheet = listing.write_table(_("API tokens"), known, TOKENS)
        return listing.export_rows(_("Access"), form, shown, PEOPLE, lambda rows: rows, sheet)
    context = {
        "tokens": known[:MOST],
        "people": shown,
        "verbs": listing.file_addresses(request),
        "form": DemandForm(initial={"roles": DemandForm.present()}),
        "now": lease_now(),
    }
    return render(request, "account/access.html", context)


@require_POST
@for_admins
@asks_password
def demand(request: HttpRequest) -> HttpResponse:
    form = DemandForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such role."))
        return redirect("access")
    roles = form.cleaned_data["roles"]
    with transaction.atomic():
        SecondFactorDemand.objects.exclude(role__in=roles).delete()
        for role in roles:
            SecondFactorDemand.objects.get_or_create(role=role)
    messages.success(request, _("Saved: whoever has none yet sets it up on his next page."))
    return redirect("access")


@require_POST
@for_admins
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.select_related("user"), pk=pk)
    tokens.revoke_tokens(token.user, pk=pk)
    messages.success(request, _("The token is revoked."))
    return redirect("access")


@require_POST
@for_admins
@asks_password
def reset_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who has lost the telephone and the codes; his sessions end."""
    user = get_object_or_404(Employee, pk=pk)
    second_factor.drop_factor(user)
    sessions.end_sessions(user)
    messages.success(
        request, _("%(name)s signs in by password alone until a new one is set up.") % {"name": user}
    )
    return redirect("access")


@require_POST
@for_admins
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(Employee, pk=pk)
    sessions.end_sessions(user, but=request.session.session_key or "")
    messages.success(request, _("All sessions of %(name)s have ended.") % {"name": user})
    return redirect("access")
