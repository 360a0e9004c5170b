from django.utils.translation import get_language, gettext

from core import formats
from notices import decisions as life
from notices import links
from notices.answering import show_again
from notices.buttons.registry import Press, Pressed, button
from notices.decision_wording import names_of, title_of
from notices.models import Decision, Report
from notices.reports.wording import DECIDE, UNDO
from notices.telegram.markup import Button, cut


def _find(press: Press) -> Decision | None:
    """The decision of the report that the message is about, if the presser may see it."""
    number, place = press.delivery.notice.values.get("report"), press.argument
    if not number or not place.isdecimal() or len(place) > 2 or not press.employee.directs:
        return None
    report = Report.objects.visible_to(press.employee).filter(number=number).first()
    return report and report.decisions.filter(place=int(place)).first()


@button(DECIDE)
def decide(press: Press) -> Pressed:
    """Take a decision of the report, with its owner and term. Its list was frozen with the report."""
    found = _find(press)
    if found is None:
        return Pressed(gettext("This button is not for you, or it is gone."), alert=True)
    try:
        taken = life.take_decision(found, press.employee, press.now)
    except life.Impossible as problem:
        return Pressed(str(problem), alert=True)
    show_again(press.delivery.notice)
    tongue = (get_language() or "ru").partition("-")[0]
    words = gettext("Decided: %(title)s. %(name)s, until %(day)s. The list is frozen.") % {
        "title": cut(title_of(taken, names_of([taken])), 100),
        "name": taken.owner,
        "day": formats.day(taken.due_on, tongue),
    }
    buttons = (
        (
            Button(gettext("Look at the list"), url=links.of_decision(taken.pk)),
            Button(gettext("Take back"), data=f"{UNDO}:{press.delivery.pk}:{press.argument}"),
        ),
    )
    return Pressed(gettext("Decided."), question=words, ask=buttons)


@button(UNDO)
def undo(press: Press) -> Pressed:
    """The decision is a proposal again."""
    found = _find(press)
    if found is None:
        return Pressed(gettext("This button is not for you, or it is gone."), alert=True)
    try:
        life.untake(found, press.now)
    except life.Impossible as problem:
        return Pressed(str(problem), alert=True)
    show_again(press.delivery.notice)
    return Pressed(gettext("Taken back."))
