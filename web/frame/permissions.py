"""Pages and deals that not everybody may open; for all others they do not exist (404)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse

from pipelines.models import Deal, Task
from pipelines.models.work import DealQuerySet
from qc.models import Finding
from timeline.attribution import owner_at_closing, results

View = Callable[..., HttpResponse]


def _for(allowed: str) -> Callable[[View], View]:
    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not getattr(request.user, allowed):
                raise Http404
            return view(request, **arguments)

        return guarded

    return guard


for_heads = _for("directs")
for_admins = _for("administers")
for_readers_of_changes = _for("reads_changes")


def deals_open_to(user: Any) -> DealQuerySet:
    """Deals whose card ``user`` may open: own ones, and those where something of his own leads.

    That is a task of his, a finding held against him, or a closing that was his, whoever owns the deal today.
    """
    if user.sees is None:
        return Deal.objects.all()
    tasks = Task.objects.filter(deal=OuterRef("pk"), deleted_at=None).visible_to(user)
    own = Q(manager__in=user.sees) | Q(closer__in=user.sees, closing__isnull=False)
    found = Exists(Finding.objects.standing().filter(deal=OuterRef("pk")).visible_to(user))
    return (
        Deal.objects.alias(**results())
        .annotate(closer=owner_at_closing("closing"))
        .filter(own | Exists(tasks) | found)
    )
