"""Parts of «Мой месяц» that are read by themselves: what can be saved with the ladder, and what to do next."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from kpi.at_stake import find_at_stake
from kpi.models import Statement
from kpi.next_steps import find_next_actions
from pipelines.models import Person
from team.models import Employee
from web.frame import live
from web.frame.scope import refusing
from web.pay.ladder import show_ladder, show_savings
from web.pay.selection import Choice, read_choice

SHOWN = 8  # actions before «show all»
WORTHWHILE = Decimal("0.5")  # what reads as a rouble at least; the others are shown when asked for
FEW = 3  # where none is worth so much
LONGEST = 12  # digits of a sum that can be aimed at
SPACES = str.maketrans("", "", " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}₽")
month_of_reader = refusing(gettext_lazy("My month"), "my-month", gettext_lazy("Show the present month"))


@dataclass(frozen=True)
class Lazy:
    """A part that the page asks for once it is there."""

    id: str
    url: str
    css: str


def list_parts(person: Person) -> list[Lazy]:
    """What the page of the present month loads by itself, the first first."""
    query = "?" + urlencode({"manager": person.pk})
    return [
        Lazy("next", reverse("my-next") + query, "wide todo"),
        Lazy("stake", reverse("my-stake") + query, "wide stack stake"),
    ]


@require_safe
@month_of_reader
def stake(request: HttpRequest) -> HttpResponse:
    """What can still be saved, and the ladder of quality."""
    user, person, choice = _read(request)
    now = moment.now()
    found = find_at_stake(person.pk, user, now, _statement(user, person, choice))
    shown = {
        "choice": choice,
        "person": person,
        "stake": found,
        "as_of": found.as_of if found.as_of < now else None,
        "ladder": show_ladder(found, person.pk, now),
        "savings": show_savings(found, person.pk, now),
    }
    url = reverse("my-stake") + "?" + urlencode({"manager": person.pk})
    part = live.draw_part(request, "pay/_stake.html", shown, id="stake", url=url, css="wide stack stake")
    return _answer(request, part, person, _("What can still be saved"))


@require_safe
@month_of_reader
def next_actions(request: HttpRequest) -> HttpResponse:
    """What to do next; with ``target``, what it takes to be paid so much."""
    user, person, choice = _read(request)
    asked = request.GET.get("target", "").strip()
    target = read_target(asked)
    whole = request.GET.get("all") == "1"
    statement = _statement(user, person, choice)
    found = find_next_actions(person.pk, user, moment.now(), statement, target, most=None if whole else SHOWN)
    query = {"manager": person.pk} | ({"target": asked[:40]} if asked else {}) | ({"all": 1} if whole else {})
    actions = found.actions if found else []
    rows = actions if whole else [one for one in actions if one.worth >= WORTHWHILE] or actions[:FEW]
    shown = {
        "person": person,
        "found": found,
        "rows": rows,
        "more": found.count - len(rows) if found else 0,
        "now": moment.now(),
        "asked": asked[:40],
        "problem": bool(asked) and target is None,
        "all_url": f"{reverse('my-next')}?{urlencode(query | {'all': 1})}",
    }
    url = f"{reverse('my-next')}?{urlencode(query)}"
    part = live.draw_part(request, "pay/_next.html", shown, id="next", url=url, css="wide todo")
    return _answer(request, part, person, _("What next"), status=422 if shown["problem"] else 200)


def read_target(text: str) -> Decimal | None:
    """A sum of roubles as people write it, «120 000 ₽»; None for anything else."""
    digits = text.translate(SPACES)
    if not digits.isdecimal() or len(digits) > LONGEST:
        return None
    return Decimal(digits) or None


def _read(request: HttpRequest) -> tuple[Employee, Person, Choice]:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not user.sees_money:
        raise Http404
    choice = read_choice(request)
    if choice.person is None or not choice.is_present:
        raise Http404
    return user, choice.person, choice


def _statement(user: Employee, person: Person, choice: Choice) -> Statement | None:
    rows = Statement.objects.visible_to(user).filter(manager=person, period=choice.period.first)
    return rows.select_related("scheme").first()


def _answer(
    request: HttpRequest, part: live.Part, person: Person, title: str, status: int = 200
) -> HttpResponse:
    bare = bool(request.headers.get("HX-Request"))
    own = getattr(request.user, "person_id", None) == person.pk
    context = {"title": title, "person": person, "own": own}
    return live.answer_part(request, part, "pay/part_alone.html", context, bare=bare, status=status)
