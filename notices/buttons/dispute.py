from django.utils.translation import gettext as _

from notices.buttons.registry import Press, Pressed, button
from notices.kinds.registry import DISPUTE


@button(DISPUTE)
def dispute(press: Press) -> Pressed:
    """An appeal against the finding."""
    return Pressed(_("Open the deal in the portal to object."), alert=True)
