from datetime import timedelta

from django.utils.translation import gettext as _

from notices.buttons.registry import Press, Pressed, button
from notices.kinds import KINDS, Fact
from notices.kinds.registry import LATER
from notices.noting import fact_of, keep_facts
from notices.people import People
from notices.policy import read_policy

HOUR = timedelta(hours=1)


@button(LATER)
def later(press: Press) -> Pressed:
    """The same once more in an hour of his working time. The chain above him goes on: it was not mended."""
    notice, allowed = press.delivery.notice, read_policy()
    people = People(allowed, press.now)
    at = people.clock_of(fact_of(notice)).after(press.now, HOUR) or press.now + HOUR
    key = f"{notice.pk}:{press.employee.pk}:{press.now.strftime('%Y%m%d%H')}"  # twice in an hour is once
    fact = Fact(
        key,
        at,
        employee=press.employee.pk,
        person=notice.person_id,
        finding=notice.finding_id,
        deal=notice.deal_id,
    )
    keep_facts(KINDS["reminder"], [fact], allowed, people, press.now)
    return Pressed(_("I will remind you in an hour of your shift."))
