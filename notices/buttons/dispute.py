import uuid

from django.utils.translation import gettext as _

from notices.answering import note_answer
from notices.buttons.registry import Press, Pressed, button
from notices.kinds.registry import DISPUTE
from notices.telegram.markup import Button
from qc import appeals
from qc.models import Appeal

SPACE = uuid.UUID("6f6b7a52-3d0c-4c0e-9a53-2f1f0a3c7d10")  # of the keys of appeals that come from chats


@button(DISPUTE)
def dispute(press: Press) -> Pressed:
    """An appeal in two taps: the button, then a reason. «Something else» needs words, and so the portal."""
    notice = press.delivery.notice
    if notice.finding is None:
        return Pressed(_("There is nothing to object to."), alert=True)
    if not press.argument:
        rows = tuple(
            (Button(str(reason.label), data=f"{DISPUTE}:{press.delivery.pk}:{reason.value}"),)
            for reason in Appeal.Reason
            if reason != Appeal.Reason.OTHER
        )
        return Pressed(_("Why?"), question=_("Why do you disagree? Somebody else will look at it."), ask=rows)
    if press.argument == Appeal.Reason.OTHER:
        return Pressed(_("Say it in words in the portal."), alert=True)
    key = uuid.uuid5(SPACE, str(notice.pk))
    try:
        appeal = appeals.file_appeal(notice.finding, press.employee, press.argument, key=key)
    except ValueError as error:
        return Pressed(str(error), alert=True)
    note_answer(notice, DISPUTE, press.employee, press.now)
    return Pressed(_("The appeal No. %(number)s is filed.") % {"number": appeal.pk}, alert=True)
