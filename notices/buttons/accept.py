from django.utils.translation import gettext as _

from notices.answering import note_answer
from notices.buttons.registry import Press, Pressed, button
from notices.kinds.registry import ACCEPT


@button(ACCEPT)
def accept(press: Press) -> Pressed:
    """«I am at it»: the next rung of the chain waits for another four hours of working time."""
    note_answer(press.delivery.notice, ACCEPT, press.employee, press.now)
    return Pressed(_("Noted: you are at it."))
