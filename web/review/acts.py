"""What is done on «Проверка»: rulings, alone or together, and every step of an appeal. Nonsense changes nothing."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.zone import portal_zone
from kpi.disputes import decide_appeal
from qc import appeals, rulings
from qc.models import Appeal, Finding, Ruling
from team.models import Employee
from web.frame.filters import SENSIBLE_YEARS
from web.review import panel


def _user(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    return user


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Several findings of one rule; the list is drawn anew."""
    if not rulings.is_reviewer(_user(request)):
        raise Http404
    keys = request.POST.getlist("finding")
    try:
        chosen = [int(key) for key in keys if key.isdecimal() and len(key) < 19]
        if not chosen or len(chosen) < len(keys):
            raise ValueError(_("Choose findings of one rule."))
        done = rulings.confirm_findings(chosen, request.POST.get("rule", ""), _user(request), _key(request))
    except ValueError as error:
        messages.error(request, str(error))
    else:
        number = len(done.done)
        text = ngettext("%(number)s finding confirmed.", "%(number)s findings confirmed.", number)
        messages.success(request, text % {"number": number})
        if done.left_out:
            left = len(done.left_out)
            text = ngettext(
                "%(number)s is left: with an appeal or a fresh call, or it does not wait any more.",
                "%(number)s are left: with an appeal or a fresh call, or they do not wait any more.",
                left,
            )
            messages.info(request, text % {"number": left})
    if _is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect("review")


@require_POST
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding: ``kind`` of the ruling, or ``revoke`` with the number of one."""
    if not rulings.is_reviewer(_user(request)):
        raise Http404
    finding = panel.find(_user(request), pk)
    post = request.POST
    kind = post.get("kind", "")
    try:
        if post.get("revoke"):
            rulings.revoke_ruling(_ruling(finding, post["revoke"]), _user(request))
        else:
            until = _end_of(post.get("until", ""))
            rulings.rule_finding(finding, kind, _user(request), post.get("text", ""), until, _key(request))
    except ValueError as error:
        return _refuse(request, finding, str(error), kind)
    if request.headers.get("HX-Target", "").startswith("case-"):
        return HttpResponse()  # the row goes
    return _show(request, finding, _("Done."))


def _ruling(finding: Finding, number: str) -> Ruling:
    found = (
        finding.rulings.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
    )
    if found is None:
        raise ValueError(_("There is no such ruling."))
    return found


@require_POST
def appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """``act``: file, take, ask, answer, decide, close."""
    finding = panel.find(_user(request), pk)
    act = request.POST.get("act", "")
    try:
        done = _act(request, finding, act)
    except ValueError as error:
        return _refuse(request, finding, str(error), "appeal" if act == "file" else "")
    return _show(request, finding, done)


def _act(request: HttpRequest, finding: Finding, act: str) -> str:
    post, user = request.POST, _user(request)
    text = post.get("text", "")
    if act == "file":
        appeals.file_appeal(finding, user, post.get("reason", ""), text, key=_key(request))
        return _("The appeal is filed: while it waits, the case takes nothing from you.")
    known = Appeal.objects.visible_to(user).filter(finding=finding).select_related("finding").first()
    if known is None:
        raise ValueError(_("There is no appeal against this finding."))
    if act == "take":
        appeals.take_appeal(known, user)
    elif act == "ask":
        appeals.ask_author(known, user, text)
    elif act == "answer":
        appeals.answer_reviewer(known, user, text)
    elif act == "close":
        appeals.close_appeal(known, user)
    elif act == "decide":
        start = _start_of(post.get("counts_from", ""))
        _decided, settled = decide_appeal(known, user, post.get("decision", ""), text, start)
        if any(one.line for one in settled):
            return _("Decided; a closed month has a correction.")
        return _("Decided.")
    else:
        raise ValueError(_("There is nothing like that to be done with an appeal."))
    return _("Done.")


def _refuse(request: HttpRequest, finding: Finding, problem: str, act: str) -> HttpResponse:
    if request.headers.get("HX-Target", "").startswith("case-"):
        return HttpResponse(problem, status=409)  # the row stays
    if _is_htmx(request):
        return panel.answer(request, panel.find(_user(request), finding.pk), act, problem, status=422)
    messages.error(request, problem)
    return redirect("review-finding", finding.pk)


def _show(request: HttpRequest, finding: Finding, done: Any) -> HttpResponse:
    if _is_htmx(request):
        answer = panel.answer(request, panel.find(_user(request), finding.pk))
        answer.headers["HX-Trigger"] = "fresh"
        return answer
    messages.success(request, done)
    return redirect("review-finding", finding.pk)


def _key(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _day(text: str) -> date | None:
    if not text:
        return None
    day = None
    with suppress(ValueError):
        day = date.fromisoformat(text)
    if day is None or day.year not in SENSIBLE_YEARS:
        raise ValueError(_("“%(text)s” is no day.") % {"text": text[:20]})
    return day


def _start_of(text: str) -> datetime | None:
    day = _day(text)
    return None if day is None else datetime.combine(day, time(), portal_zone())


def _end_of(text: str) -> datetime | None:
    """The end of a day: «until the 18th» includes it."""
    start = _start_of(text)
    return None if start is None else start + timedelta(days=1)
