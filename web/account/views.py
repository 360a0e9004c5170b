"""«Мой вход»: one's own password, second factor, sessions and API tokens."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access import second_factor, sessions, tokens
from access.attempts import TooOften
from access.models import SecondFactorDemand
from core.locks import lease_now
from team.models import Employee
from web.account.devices import name_device
from web.account.forms import OwnPasswordForm, TokenForm
from web.frame import factor_demand, proof


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return show(request)


def show(request: HttpRequest, status: int = 200, **given: Any) -> HttpResponse:
    user = _user(request)
    here = request.session.session_key
    context = {
        "password_form": OwnPasswordForm(user),
        "token_form": TokenForm(auto_id="token_%s"),
        "sessions": [
            (one, name_device(one.device), one.session_key == here) for one in sessions.list_sessions(user)
        ],
        "tokens": list(user.tokens.order_by("revoked_at", "-created_at")[: 2 * tokens.MOST]),
        "now": lease_now(),
        "has_factor": second_factor.has_factor(user),
        "codes": second_factor.count_codes(user),
    }
    return render(request, "account/account.html", context | given, status=status)


@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """A new password: other sessions and all tokens end with the old one."""
    user = _user(request)
    try:
        is_old = proof.is_his_password(request, user, request.POST.get("old_password", "")[: proof.LONGEST])
    except TooOften as error:
        return proof.refuse(request, error)
    form = OwnPasswordForm(user, request.POST, is_old=is_old)
    if not form.is_valid():
        return show(request, 422, password_form=form)
    form.save()
    update_session_auth_hash(request, user)
    sessions.end_sessions(user, but=request.session.session_key or "")
    sessions.open_session(user, request.session.session_key or "", *proof.sender(request))
    proof.note_proof(request)
    messages.success(request, _("The password is changed. Other sessions and all API tokens have ended."))
    return redirect("account")


@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """One of one's own by its ``session``, or all but this one."""
    user, here = _user(request), request.session.session_key or ""
    if request.POST.get("all"):
        ended = sessions.end_sessions(user, but=here)
    else:
        named = [one for one in sessions.list_sessions(user) if one.public_id == request.POST.get("session")]
        if not named or named[0].session_key == here:
            raise Http404
        ended = sessions.end_sessions(user, only=named[0].session_key)
    said = ngettext("%(number)s session has ended.", "%(number)s sessions have ended.", ended)
    messages.success(request, said % {"number": ended})
    return redirect("account")


@require_POST
@proof.asks_password
def make_token(request: HttpRequest) -> HttpResponse:
    """Shown on the page that answers, and never again."""
    user, form = _user(request), TokenForm(request.POST, auto_id="token_%s")
    if form.is_valid() and tokens.count_living(user) >= tokens.MOST:
        form.add_error(None, _("Twenty tokens live already: revoke one that nobody needs."))
    if not form.is_valid():
        return show(request, 422, token_form=form)
    given = form.cleaned_data
    row, key = tokens.make_token(
        user,
        given["title"],
        may_write=bool(given["may_write"]),
        reach=given["reach"],
        days=given["days"],
    )
    return show(request, made=row, key=key)


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    if not tokens.revoke_tokens(_user(request), pk=pk):
        raise Http404
    messages.success(request, _("The token is revoked."))
    return redirect("account")


@require_http_methods(["GET", "HEAD", "POST"])
@proof.asks_password
def factor(request: HttpRequest) -> HttpResponse:
    """Set up: a picture for the app, and one of its codes as the proof that it was read."""
    user = _user(request)
    if second_factor.has_factor(user):
        if not request.session.get(factor_demand.PROVED):  # of a session from before it was set up elsewhere
            sessions.end_sessions(user, only=request.session.session_key or "")
            return redirect("login")
        return redirect("account")
    problem = ""
    if request.method == "POST" and "code" in request.POST:
        codes = second_factor.confirm_factor(user, request.POST["code"][:40])
        if codes is not None:
            request.session[factor_demand.PROVED] = True
            sessions.end_sessions(user, but=request.session.session_key or "")
            return render(request, "account/codes.html", {"codes": codes})
        problem = _("This code is wrong. Check that the telephone’s clock is right, and take the next one.")
    device = second_factor.begin_factor(user)
    context = {
        "picture": second_factor.draw_qr(device),
        "secret": second_factor.spell_key(device),
        "problem": problem,
        "demanded": getattr(user, "must_prove_twice", False),
    }
    return render(request, "account/factor.html", context, status=422 if problem else 200)


@require_POST
@proof.asks_password
def new_codes(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    if not second_factor.has_factor(user):
        raise Http404
    return render(request, "account/codes.html", {"codes": second_factor.renew_codes(user)})


@require_POST
@proof.asks_password
def drop_factor(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    if SecondFactorDemand.objects.filter(role=user.role).exists():
        messages.error(request, _("Your role demands a second factor: it stays."))
        return redirect("account")
    second_factor.drop_factor(user)
    request.session.pop(factor_demand.PROVED, None)
    messages.success(request, _("The second factor is switched off."))
    return redirect("account")


def _user(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    return user
