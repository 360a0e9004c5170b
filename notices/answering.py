"""What people answer to a notice, wherever they do: in a chat or behind the bell."""

from datetime import datetime

from django.db.models import F

from notices.models import Channel, Delivery, Notice
from team.models import Employee


def note_answer(notice: Notice, answer: str, employee: Employee, now: datetime) -> None:
    """Keep the answer and have the messages say it. The same answer again changes nothing."""
    if notice.answer == answer and notice.answered_by_id == employee.pk:
        return
    notice.answer, notice.answered_by, notice.answered_at = answer, employee, now
    notice.save(update_fields=["answer", "answered_by", "answered_at"])
    show_again(notice)


def show_again(notice: Notice) -> None:
    """What was said about it is to be edited: something has changed."""
    sent = Delivery.objects.filter(notice=notice, channel=Channel.TELEGRAM, state=Delivery.State.SENT)
    leads = {lead or row for row, lead in sent.values_list("id", "lead")}
    Delivery.objects.filter(pk__in=leads).update(wanted=F("wanted") + 1)


def may_answer(delivery: Delivery, employee: Employee) -> bool:
    """Whether the message was for him. In a group anybody can press; only who is meant is heard."""
    if delivery.employee_id == employee.pk:
        return True
    # A report's decisions are taken in the group in which they stand, by whoever directs.
    return delivery.employee_id is None and bool(delivery.notice.values.get("report")) and employee.directs
