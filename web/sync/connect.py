"""Connecting an amoCRM account on a page, in one sitting: a key, what it opens, what to mirror, the first load.

For administrators, who give their password once more; the one address that is open to strangers takes amoCRM's
signed word that it is over.
"""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from core import moment
from jobs.mirror import first_load, pull_changes
from pipelines.account import connection, consent, credentials, rights, webhook_address
from pipelines.account.credentials import CannotConnect
from pipelines.amo import errors
from pipelines.mirror import coverage, hooks, selection
from pipelines.models import Account
from web.frame.permissions import for_admins
from web.frame.proof import asks_password
from web.sync.connect_forms import KeysForm, LoadForm, TokenForm

PAGE = "sync/connect.html"


def saved() -> Account | None:
    return Account.objects.exclude(credentials=None).first()


@for_admins
@asks_password
@require_safe
def connect(request: HttpRequest) -> HttpResponse:
    """How the portal is connected, and the next step of connecting it."""
    return show(request)


def show(request: HttpRequest, status: int = 200, **given: Any) -> HttpResponse:
    """The page with ``given`` forms instead of empty ones."""
    account = saved()
    entered = consent.find_pending(request.session)
    step = step_of(request, account, given)
    context: dict[str, Any] = {
        "account": account,
        "by_consent": credentials.is_by_consent(account),
        "fixed": settings.AMO_BASE_URL,
        "step": step,
        "entered": entered if consent.KEPT in request.session else None,
        "keys_known": bool(settings.AMO_CLIENT_ID),
        "redirect_uri": consent.redirect_uri(),
        "off_uri": consent.off_uri(),
        "portal_url": settings.PORTAL_URL,
        "elsewhere": not settings.PORTAL_URL.endswith(f"//{request.get_host()}"),
        "loaded": coverage.is_complete(),
    }
    if step == "key":
        start = {"address": entered.address if entered else account.base_url if account else ""}
        context |= {
            "token_form": TokenForm(initial=start, prefix="token"),
            "keys_form": KeysForm(
                initial=start | {"client_id": entered.client_id if entered else ""}, prefix="keys"
            ),
        }
    if account and step == "done" and not settings.AMO_BASE_URL:
        context |= unreadable(account)
    if account and (step == "load" or "check" in request.GET):
        context |= look(account, with_form=step == "load")
    return render(request, PAGE, context | given, status=status)


def step_of(request: HttpRequest, account: Account | None, given: dict[str, Any]) -> str:
    """ "key", "load" or "done"."""
    if settings.AMO_BASE_URL:
        return "done"
    if account is None or "key" in request.GET or given.keys() & {"token_form", "keys_form"}:
        return "key"
    chosen = account.mirrored_since and "pipelines" not in request.GET and request.method != "POST"
    return "done" if chosen or account.refused_at else "load"


def unreadable(account: Account) -> dict[str, Any]:
    try:
        credentials.decrypt_credentials(account)
    except CannotConnect as error:
        return {"problem": str(error)}
    return {}


def look(account: Account, *, with_form: bool) -> dict[str, Any]:
    """What the token may see and the pipelines to choose from, or why neither is known."""
    try:
        with connection.client_for(account, "interactive", attempts=2) as client:
            found: dict[str, Any] = {"sights": rights.read_rights(client)}
            if with_form:
                funnels = rights.list_pipelines(client)
                chosen = account.pipelines
                if chosen is None:
                    chosen = [funnel.id for funnel in funnels]
                doubt = webhook_address.doubt_address(settings.PORTAL_URL, account.base_url)
                found |= {
                    "doubt": doubt,
                    "funnels": funnels,
                    "load_form": LoadForm(funnels, initial={"pipelines": chosen, "hooks": not doubt}),
                }
            return found
    except CannotConnect as error:
        return {"problem": str(error)}
    except errors.AmoError as error:
        return {"problem": str(connection.explain_error(error, account.base_url))}


def changeable() -> None:
    """An account of the environment is not changed on a page."""
    if settings.AMO_BASE_URL:
        raise Http404


@require_POST
@for_admins
@asks_password
def token(request: HttpRequest) -> HttpResponse:
    changeable()
    form = TokenForm(request.POST, prefix="token")
    if form.is_valid():
        try:
            account = connection.connect_by_token(
                form.cleaned_data["address"], form.cleaned_data["token"], begin=False
            )
        except CannotConnect as error:
            form.add_error(None, str(error))
        else:
            consent.drop_pending(request.session)
            go_on(account)
            return redirect("connect")
    return show(request, 422, token_form=form)


@require_POST
@for_admins
@asks_password
def keys(request: HttpRequest) -> HttpResponse:
    """Keep the integration's keys for this session; agreeing in amoCRM is a link of its own, since a form may not leave
    the portal."""
    changeable()
    form = KeysForm(request.POST, prefix="keys")
    if not form.is_valid():
        return show(request, 422, keys_form=form)
    consent.keep_pending(request.session, consent.Pending(form.cleaned_data["address"], *form.keys))
    return redirect(f"{reverse('connect')}?key=1")


@for_admins
@asks_password
@require_safe
def agree(request: HttpRequest) -> HttpResponse:
    """On to amoCRM's own page."""
    changeable()
    page = consent.begin_consent(request.session)
    return redirect(page) if page else redirect("connect")


@require_safe
@for_admins
def callback(request: HttpRequest) -> HttpResponse:
    """Back from amoCRM's page, with a code or a refusal."""
    changeable()
    try:
        go_on(consent.finish_consent(request.session, request.GET))
    except CannotConnect as error:
        messages.error(request, str(error))
    return redirect("connect")


def go_on(account: Account) -> None:
    """What a lost key has interrupted; the schedule would, within a minute."""
    if account.mirrored_since:
        with suppress(OperationalError):
            pull_changes.delay()


@require_safe
@login_not_required
def off(request: HttpRequest) -> HttpResponse:
    """amoCRM's own word that the integration was switched off. Unsigned or strange words are 404 and change nothing."""
    if not consent.end_consent(request.GET):
        raise Http404
    return HttpResponse(status=204)


@require_POST
@for_admins
@asks_password
def load(request: HttpRequest) -> HttpResponse:
    """Mirror the chosen pipelines from now on, and ask amoCRM to ring."""
    changeable()
    account = saved()
    if account is None:
        return redirect("connect")
    try:
        with connection.client_for(account, "interactive", attempts=2) as client:
            form = LoadForm(rights.list_pipelines(client), request.POST)
            if not form.is_valid():
                return show(request, 422, load_form=form)
            Account.objects.filter(pk=account.pk).update(wants_hooks=form.cleaned_data["hooks"])
            if form.cleaned_data["hooks"]:
                ring_here(request, client, account)
    except CannotConnect as error:
        return show(request, 422, problem=str(error))
    except errors.AmoError as error:
        return show(request, 422, problem=str(connection.explain_error(error, account.base_url)))
    selection.choose_pipelines(account, form.chosen)
    Account.objects.filter(pk=account.pk, mirrored_since=None).update(mirrored_since=moment.now())
    try:
        first_load.delay()
    except OperationalError:
        messages.error(request, _("The queue does not answer; the first load begins as soon as it does."))
    return redirect("connect")


def ring_here(request: HttpRequest, client: Any, account: Account) -> None:
    """Hooks are not worth failing for: changes are asked for every minute as well."""
    try:
        hooks.ensure_subscription(client, account, settings.PORTAL_URL)
    except errors.Forbidden:
        messages.warning(request, _("The token may not set up hooks: changes are asked for every minute."))
    except errors.RequestRefused as error:
        messages.warning(
            request,
            _("amoCRM does not want to ring at %(address)s: %(error)s.")
            % {"address": settings.PORTAL_URL, "error": error},
        )
