"""Views are kept, renamed and chosen for the desk: each act works once, however often its form is sent."""

from django.db import transaction
from django.utils.translation import gettext as _

from core import moment
from team.models import Employee, SavedView
from team.models.saved_views import MOST


class Refused(ValueError):
    """The view cannot be kept; the text is a sentence for its owner."""


@transaction.atomic
def keep_view(owner: Employee, title: str, address: str, role: str) -> SavedView:
    """The view of this name. Raises Refused where the name has another address, or there are `MOST` already."""
    _stand_in_line(owner)
    mine = SavedView.objects.filter(owner=owner)
    if (known := mine.filter(title=title).first()) is not None:
        if (known.address, known.role) != (address, role):
            raise Refused(_("You have a view “%(title)s” already: choose another name.") % {"title": title})
        return known
    if mine.count() >= MOST:
        raise Refused(_("There are %(most)s views of yours: delete one that nobody needs.") % {"most": MOST})
    return SavedView.objects.create(
        owner=owner, title=title, address=address, role=role, created_at=moment.now()
    )


@transaction.atomic
def rename_view(view: SavedView, title: str, role: str) -> None:
    """Raises Refused where another view of the owner has this name."""
    _stand_in_line(view.owner)
    if SavedView.objects.filter(owner=view.owner, title=title).exclude(pk=view.pk).exists():
        raise Refused(_("You have a view “%(title)s” already: choose another name.") % {"title": title})
    view.title, view.role = title, role
    view.save(update_fields=["title", "role"])


def open_desk_with(user: Employee, view: SavedView | None) -> None:
    """The desk without filters opens with this view from now on; None: as it is."""
    Employee.objects.filter(pk=user.pk).update(desk_view=view)


def _stand_in_line(owner: Employee) -> None:
    Employee.objects.select_for_update().get(pk=owner.pk)
