"""What happened to a deal, in words: events, tasks and touches on one time line. Never what was said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from core.db import run_statements
from core.zone import account_zone, portal_zone
from pipelines.models import Deal, Event, Task, Touch
from timeline.attribution import was_open

LATEST = 200  # entries that a card shows
NAMES = """
    select 'stage', id, null::bigint, name, '' from pipelines_stage where id = any(%(stages)s::text[])
    union all select 'field', '', id, name, type from pipelines_customfield where id = any(%(fields)s::bigint[])
    union all select 'person', '', id, name, '' from pipelines_person where id = any(%(people)s::bigint[])
    union all select 'kind', '', id, name, '' from pipelines_tasktype where id = any(%(kinds)s::bigint[])
"""

ICONS = {
    Event.Kind.CREATED: "circle-plus",
    Event.Kind.STAGE: "move-right",
    Event.Kind.OWNER: "user-round-check",
    Event.Kind.PRICE: "banknote",
    Event.Kind.FIELD: "pencil-line",
    Event.Kind.DELETED: "trash-2",
    Event.Kind.RESTORED: "undo-2",
    Event.Kind.MERGED: "merge",
    Event.Kind.COMPLETED: "circle-check",
    Event.Kind.DEADLINE: "calendar-clock",
    Touch.Kind.CALL_IN: "phone-incoming",
    Touch.Kind.CALL_OUT: "phone-outgoing",
    Touch.Kind.MESSAGE_IN: "message-circle",
    Touch.Kind.MESSAGE_OUT: "send",
    Touch.Kind.NOTE: "sticky-note",
}


@dataclass(frozen=True)
class Entry:
    """One thing that happened; ``who`` is None when a robot did it or nobody is known."""

    at: datetime
    icon: str
    what: str
    detail: str
    who: str | None


def entries(deal: Deal, tasks: Iterable[Task], people_only: bool = False) -> list[Entry]:
    """The latest first, at most ``LATEST``; three queries."""
    tasks = list(tasks)
    of_deal = Q(entity="deal", entity_id=deal.pk) | Q(
        entity="task", entity_id__in=[task.pk for task in tasks]
    )
    events = list(Event.objects.filter(of_deal).order_by("-at", "-id")[:LATEST])
    touches = list(Touch.objects.filter(_of_touches(deal)).order_by("-at", "-id")[:LATEST])
    teller = Teller(events, touches, tasks)
    told = [
        *(teller.event(event) for event in events),
        *(teller.touch(touch) for touch in touches),
        *(teller.task(task) for task in tasks),
    ]
    if people_only:
        told = [entry for entry in told if entry.who]
    return sorted(told, key=lambda entry: entry.at, reverse=True)[:LATEST]


def _of_touches(deal: Deal) -> Q:
    """Those on the deal, and what was said to the client on his own card while it was open: judgement counts both."""
    own = Q(deal=deal)
    if deal.contact_id is None:
        return own
    aside = Q(was_open("at", deal.pk), deal=None, contact=deal.contact_id, at__gte=deal.created_at)
    return own | aside & ~Q(kind=Touch.Kind.NOTE)


class Teller:
    """Puts names to the ids that rows of one card mention, and words to their kinds."""

    def __init__(self, events: list[Event], touches: list[Touch], tasks: list[Task]) -> None:
        values = [
            (event.kind, value)
            for event in events
            for value in (event.before, event.after)
            if value is not None
        ]
        stages = {value for kind, value in values if kind == Event.Kind.STAGE}
        fields = {value["field"] for kind, value in values if kind == Event.Kind.FIELD}
        people = {value for kind, value in values if kind == Event.Kind.OWNER}
        people |= (
            {event.author_id for event in events}
            | {touch.manager_id for touch in touches}
            | {task.created_by for task in tasks}
        )
        wanted = {
            "stages": [one for one in stages if isinstance(one, str)],  # events hold what amoCRM wrote
            "fields": [one for one in fields if isinstance(one, int)],
            "people": [one for one in people if isinstance(one, int) and one],
            "kinds": list({task.kind_id for task in tasks} - {None}),
        }
        [rows] = run_statements((NAMES, wanted)) if any(wanted.values()) else [[]]
        self.stages: dict[Any, str] = {}
        self.fields: dict[Any, tuple[str, str]] = {}  # name, type
        self.people: dict[Any, str] = {}
        self.kinds: dict[Any, str] = {}
        for what, stage, key, name, type_of_field in rows:
            if what == "field":
                self.fields[key] = name, type_of_field
            elif what == "stage":
                self.stages[stage] = name
            else:
                (self.people if what == "person" else self.kinds)[key] = name
        self.locale = get_language() or "en"

    def event(self, event: Event) -> Entry:
        what, detail = str(event.get_kind_display()), ""
        match event.kind:
            case Event.Kind.STAGE:
                detail = self._change(self.stages.get(event.before), self.stages.get(event.after))
            case Event.Kind.OWNER:
                detail = self._change(self.people.get(event.before), self.people.get(event.after))
            case Event.Kind.PRICE:
                detail = self._change(self._money(event.before), self._money(event.after))
            case Event.Kind.DEADLINE:
                detail = self._change(self._due(event.before), self._due(event.after))
            case Event.Kind.FIELD:
                field = (event.after or event.before or {}).get("field")
                what = self.fields[field][0] if field in self.fields else what
                detail = self._change(self._value(event.before), self._value(event.after))
        return Entry(
            event.at, ICONS[Event.Kind(event.kind)], _capital(what), detail, self.people.get(event.author_id)
        )

    def touch(self, touch: Touch) -> Entry:
        length = formats.duration(touch.seconds, self.locale) if touch.seconds else ""
        told = str(touch.get_result_display()) if touch.result else ""
        aside = "" if touch.deal_id else _("on the client’s card")
        length = ", ".join(filter(None, (length, told, aside)))
        what = _capital(str(touch.get_kind_display()))
        return Entry(touch.at, ICONS[Touch.Kind(touch.kind)], what, length, self.people.get(touch.manager_id))

    def task(self, task: Task) -> Entry:
        detail = _("due %(when)s") % {"when": self._stamp(task.due_at)}
        kind = self.kinds.get(task.kind_id)
        if told := ". ".join(filter(None, (kind, task.text))):
            detail = f"{told} ({detail})"
        return Entry(task.created_at, "list-todo", _("Task set"), detail, self.people.get(task.created_by))

    def _change(self, before: str | None, after: str | None) -> str:
        if before and after:
            return f"{before} → {after}"
        return after or (_("was: %(value)s") % {"value": before} if before else "")

    def _money(self, value: Any) -> str | None:
        return None if value is None else formats.money(value, self.locale)

    def _due(self, value: str | None) -> str | None:
        return None if value is None else self._stamp(datetime.fromisoformat(value))

    def _value(self, value: dict[str, Any] | None) -> str | None:
        shown = None if value is None else value.get("value")
        if isinstance(shown, list):
            return ", ".join(str(one) for one in shown) or None
        if value and isinstance(shown, str) and shown.isdecimal() and self._is_date(value.get("field")):
            date = self.fields[value["field"]][1] != "date_time"
            local = datetime.fromtimestamp(int(shown), account_zone() if date else portal_zone())
            return formats.day(local, self.locale, year=True)
        return None if shown in (None, "") else str(shown)

    def _is_date(self, field: Any) -> bool:
        """amoCRM's events tell the value of a date field as seconds in a text."""
        return field in self.fields and self.fields[field][1] in {"date", "date_time", "birthday"}

    def _stamp(self, value: datetime) -> str:
        local = timezone.localtime(value)
        return f"{formats.day(local, self.locale)} {formats.clock(local, self.locale)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
