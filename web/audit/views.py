"""«Изменения»: who changed what of how people are judged, paid and let in. For administrators and directors."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from audit.models import Change
from web.audit.filters import ChangeFilter
from web.audit.wording import Told, tell_changes
from web.frame import listing
from web.frame.permissions import for_readers_of_changes

COLUMNS: listing.Columns = (
    (gettext_lazy("When"), lambda told: told.change.at),
    (gettext_lazy("Who"), lambda told: told.change.user_name or told.change.get_via_display()),
    (gettext_lazy("Act"), lambda told: told.change.get_act_display()),
    (gettext_lazy("What"), lambda told: told.what),
    (gettext_lazy("Which"), lambda told: told.which),
    (gettext_lazy("Before"), lambda told: tell_side(told, "before")),
    (gettext_lazy("After"), lambda told: tell_side(told, "after")),
    (gettext_lazy("From where"), lambda told: told.change.address or None),
)


def tell_side(told: Told, side: str) -> str:
    return "; ".join(f"{one.label}: {getattr(one, side)}" for one in told.differences if getattr(one, side))


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
        columns=COLUMNS,
        drawn=tell_changes,
    )
