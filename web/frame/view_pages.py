"""Pages whose filters can be saved as a view, and what an address of one may look like."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from metrics.analytics import REPORTS
from team.models import Employee, Role, SavedView
from team.models.saved_views import LONGEST_ADDRESS

PAGES = {
    "desk": _("Desk"),
    "then-and-now": _("Then and now"),
    "losses": _("Losses"),
    "deals": _("Deals"),
    "tasks": _("Tasks"),
    "findings": _("Findings"),
    "analytics": _("Analytics"),
    "analytics-report": _("Analytics"),
}
FOR_HEADS = {"desk", "then-and-now", "losses"}
UNSAVED = {"page", "export", "view"}  # parameters that are no part of a view
AS_IT_IS = "?view=none"  # the desk without the view that it opens with


class PageAddress(NamedTuple):
    """``route``: of `PAGES`; ``title``: of the page; ``address``: path and query as they are saved."""

    route: str
    title: Any
    address: str

    @property
    def group(self) -> str:
        """Pages of one menu: all reports of analytics have one."""
        return self.route.partition("-report")[0]


def read_address(text: str) -> PageAddress | None:
    """What a path with its query leads to; None where that is no page of `PAGES`, or the address is no plain one."""
    if len(text) > LONGEST_ADDRESS or not text.isprintable() or "\\" in text or not text.startswith("/"):
        return None
    try:
        parts = urlsplit(text)
        found = resolve(parts.path)
        pairs = parse_qsl(parts.query, max_num_fields=100)
    except (ValueError, Resolver404):
        return None
    code = found.kwargs.get("code", "")
    route = found.url_name or ""
    if (
        parts.scheme
        or parts.netloc
        or found.namespace
        or route not in PAGES
        or (code and code not in REPORTS)
    ):
        return None
    query = urlencode([(name, value) for name, value in pairs if name not in UNSAVED])
    address = f"{parts.path}?{query}" if query else parts.path
    if len(address) > LONGEST_ADDRESS:  # what was plain is written with percent signs now
        return None
    return PageAddress(route, REPORTS[code].title if code else PAGES[route], address)


def may_open(role: str, route: str) -> bool:
    """Whether people of this role have the page at all."""
    return role != Role.MANAGER or route not in FOR_HEADS


def desk_view(user: Employee) -> str:
    """The address with which the desk opens for this reader; empty: as it is."""
    if not user.desk_view_id:
        return ""
    view = SavedView.objects.visible_to(user).filter(pk=user.desk_view_id).first()
    page = read_address(view.address) if view else None
    return page.address if page and page.route == "desk" and "?" in page.address else ""
