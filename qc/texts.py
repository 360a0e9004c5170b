"""Whys and fixes of the rules, named for translators: texts of docstrings are out of reach of message extraction.

A test keeps them equal to the rules' own.
"""

from django.utils.translation import gettext_noop

WHYS = {
    "deal.stuck": gettext_noop(
        "A deal that outlives its stage rarely moves on by itself, and the money in it stands still."
    ),
    "task.none": gettext_noop("A deal nobody has planned to touch goes cold unnoticed."),
    "task.overdue": gettext_noop(
        "A promise to the client was not kept in time, or was kept and not written down."
    ),
    "field.missing": gettext_noop(
        "What is not written down on a stage has to be asked again on the next one, and no report can count it."
    ),
    "owner.gone": gettext_noop("Nobody calls a client whose manager has left, and nobody notices."),
}
FIXES = {
    "deal.stuck": gettext_noop("Do the stage's next step and move the deal, or close it with a reason."),
    "task.none": gettext_noop("Put the next call or meeting into amoCRM."),
    "task.overdue": gettext_noop(
        "Do what was planned and complete the task, or agree on a new time and move it before it is due."
    ),
    "field.missing": gettext_noop("Fill the named fields in on the deal's card."),
    "owner.gone": gettext_noop("The head of sales gives the deal to somebody who works."),
}
