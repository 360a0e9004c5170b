"""«Изменения»: who changed what of how people are judged, paid and let in. For administrators and directors."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.models import Change
from team.models import Role
from web.audit.filters import ChangeFilter
from web.audit.wording import tell_changes
from web.frame import listing


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    if request.user.role not in {Role.ADMIN, Role.DIRECTOR}:
        raise Http404
    return listing.show_list(
        request,
        "audit/changes.html",
        ChangeFilter,
        Change.objects.visible_to(request.user),
        title=_("Changes"),
        label=_("Which changes"),
        choices=[
            (_("All"), {}),
            (_("By people"), {"via": Change.Via.WEB}),
            (_("By commands"), {"via": Change.Via.COMMAND}),
        ],
        defaults={},
        order="-at",
        more=lambda page: {"told": tell_changes(page.object_list)},
    )
