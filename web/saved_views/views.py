"""«Виды»: pages as somebody has set them up, under a name. Opening one is opening its address, which checks itself."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from team.models import Employee, SavedView
from team.models.saved_views import MOST
from team.view_keeping import Refused, keep_view, open_desk_with, rename_view
from web.frame import live
from web.frame.view_pages import PageAddress, may_open, read_address
from web.saved_views.forms import NewViewForm, ViewForm, first_problem, name_role

SHOWN = 200  # views handed to a role, of all people together


@require_safe
def saved_views(request: HttpRequest) -> HttpResponse:
    """One's own views, and those that others have handed to his role."""
    return _show(request)


@require_safe
def menu(request: HttpRequest) -> HttpResponse:
    """What the button of a page opens: the views of that page, and a form to save it as it stands."""
    here = read_address("?".join(live.read_here(request))) or read_address(request.GET.get("at", ""))
    user = _user(request)
    rows = [row for row in _list_views(user) if here and row["page"].group == here.group]
    form = NewViewForm(user, initial={"address": here.address}, auto_id="view_%s") if here else None
    return render(request, "saved_views/menu.html", {"rows": rows, "form": form, "here": here})


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    form = NewViewForm(user, request.POST)
    if not form.is_valid():
        return _show(request, 422, problem=first_problem(form), form=form)
    values = form.cleaned_data
    assert form.page is not None
    try:
        keep_view(user, values["title"], form.page.address, values["role"])
    except Refused as problem:
        return _show(request, 422, problem=str(problem), form=form)
    messages.success(request, _("The view “%(title)s” is saved.") % {"title": values["title"]})
    return redirect(form.page.address)


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    view = _own(request, pk)
    form = ViewForm(_user(request), request.POST, page=read_address(view.address))
    if not form.is_valid():
        return _show(request, 422, problem=first_problem(form))
    try:
        rename_view(view, form.cleaned_data["title"], form.cleaned_data["role"])
    except Refused as problem:
        return _show(request, 422, problem=str(problem))
    return redirect("saved-views")


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Sent again, it finds nothing left to do."""
    SavedView.objects.filter(owner=_user(request), pk=pk).delete()
    return redirect("saved-views")


@require_POST
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """The desk opens with this view (``on``), or as it is."""
    user = _user(request)
    view = get_object_or_404(SavedView.objects.visible_to(user), pk=pk)
    page = read_address(view.address)
    if page is None or page.route != "desk" or not may_open(user.role, page.route):
        return _show(request, 422, problem=_("The desk opens with a view of the desk only."))
    open_desk_with(user, view if request.POST.get("on") else None)
    return redirect("saved-views")


def _show(
    request: HttpRequest, status: int = 200, *, problem: str = "", form: NewViewForm | None = None
) -> HttpResponse:
    user = _user(request)
    rows = _list_views(user)
    context: dict[str, Any] = {
        "own": [row for row in rows if row["is_own"]],
        "given": [row for row in rows if not row["is_own"]],
        "problem": problem,
        "form": form if form and form.page else None,
        "most": MOST,
    }
    return render(request, "saved_views/views.html", context, status=status)


def _list_views(user: Employee) -> list[dict[str, Any]]:
    """Those whose address still leads somewhere for this reader; of his own ones also the others, to be deleted."""
    mine = SavedView.objects.filter(owner=user)[:MOST]
    given = SavedView.objects.visible_to(user).exclude(owner=user).select_related("owner")[:SHOWN]
    rows = []
    for view in (*mine, *given):
        page, is_own = read_address(view.address), view.owner_id == user.pk
        opens = page is not None and may_open(user.role, page.route)
        if opens or is_own:
            rows.append(_draw(user, view, page or PageAddress("", "", ""), is_own=is_own, opens=opens))
    return rows


def _draw(user: Employee, view: SavedView, page: PageAddress, *, is_own: bool, opens: bool) -> dict[str, Any]:
    """A view as a row shows it."""
    start = {"title": view.title, "role": view.role}
    return {
        "view": view,
        "page": page,
        "is_own": is_own,
        "opens": opens,
        "role": name_role(view.role),
        "is_desk": opens and page.route == "desk",
        "is_chosen": view.pk == user.desk_view_id,
        "form": ViewForm(user, initial=start, auto_id=f"view_{view.pk}_%s") if is_own else None,
    }


def _own(request: HttpRequest, pk: int) -> SavedView:
    view: SavedView = get_object_or_404(
        SavedView.objects.select_related("owner"), pk=pk, owner=_user(request)
    )
    return view


def _user(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    return user
