"""«Изменения»: who changed what of how people are judged, paid and let in. For administrators and directors."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.models import Change
from web.audit.filters import ChangeFilter
from web.audit.wording import tell_changes
from web.frame import listing
from web.frame.permissions import for_readers_of_changes


@require_safe
@for_readers_of_changes
def changes(request: HttpRequest) -> HttpResponse:
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
