"""What the reader wishes: where notices reach him, which of them ring, and when there shall be quiet."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core import moment
from notices import linking, links
from notices.kinds import KINDS, reaches
from notices.models import Address, Channel, ChannelState, Preference, Subscription
from notices.mutes import NOTHING_RINGS
from notices.policy import Allowed, is_set_up, read_policy
from team.models import Employee, Role

LONGEST = 10  # digits of an id
EVERYBODY = "everybody"  # what a form says: one that says nothing must not widen what a chat hears
ORDERS = {
    "telegram": gettext_lazy("Telegram first, e-mail when that fails"),
    "email": gettext_lazy("e-mail first, Telegram when that fails"),
    "none": gettext_lazy("nothing rings: the bell of the portal only"),
}
SUBSCRIBED = [code for code, one in KINDS.items() if one.for_chats]


class WishForm(forms.Form):
    order = forms.ChoiceField(label=gettext_lazy("What rings"), choices=list(ORDERS.items()))
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet from"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("Quiet until"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )

    def __init__(self, allowed: Allowed, of: Employee, kept: Preference | None, data: Any = None) -> None:
        first = (kept.channels or ["telegram"])[0] if kept else "telegram"
        initial: dict[str, Any] = {"order": first}
        if kept is not None:
            initial |= {"quiet_from": kept.quiet_from, "quiet_until": kept.quiet_until}
        super().__init__(data, initial=initial)
        self.kinds = [
            code
            for code, one in KINDS.items()
            if allowed.terms[code].on
            and allowed.terms[code].loud
            and code not in allowed.must
            and reaches(one, of.role, sells=of.person_id is not None)
        ]
        for code in self.kinds:
            self.fields[f"rings_{code}"] = forms.BooleanField(
                label=_(KINDS[code].title), required=False, initial=code not in (kept.muted if kept else [])
            )

    @property
    def rings(self) -> list[Any]:
        return [self[f"rings_{code}"] for code in self.kinds]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if bool(values.get("quiet_from")) != bool(values.get("quiet_until")):
            raise forms.ValidationError(_("Give both ends of the quiet hours, or neither."))
        return values


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    allowed = read_policy()
    kept_by: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    kept = Preference.objects.filter(pk=kept_by.pk).first()
    form = WishForm(allowed, kept_by, kept, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        other = {"telegram": ["telegram", "email"], "email": ["email", "telegram"], "none": NOTHING_RINGS}
        Preference.objects.update_or_create(
            employee=kept_by,
            defaults={
                "channels": other[values["order"]],
                "muted": [code for code in form.kinds if not values[f"rings_{code}"]],
                "quiet_from": values["quiet_from"],
                "quiet_until": values["quiet_until"],
            },
        )
        messages.success(request, _("Saved."))
        return redirect("notice-settings")
    return _show(request, form, status=422 if request.method == "POST" else 200)


def _show(request: HttpRequest, form: WishForm, *, status: int = 200) -> HttpResponse:
    mine = Address.objects.filter(channel=Channel.TELEGRAM, employee=request.user.pk).order_by("-linked_at")
    chats = (
        Address.objects.filter(chat=Address.Chat.GROUP)
        .select_related("linked_by")
        .prefetch_related("subscriptions__head")
    )
    if not request.user.administers:
        chats = chats.filter(linked_by=request.user.pk)
    state = ChannelState.objects.filter(channel=Channel.TELEGRAM).first()
    heads = list(_heads().order_by("last_name", "pk"))
    context = {
        "form": form,
        "mine": list(mine),
        "chats": [_subscribed(chat, heads) for chat in chats],
        "chat_kinds": [(code, _(KINDS[code].title)) for code in SUBSCRIBED],
        "may_link_chats": request.user.directs,
        "telegram": is_set_up(Channel.TELEGRAM),
        "email": is_set_up(Channel.EMAIL),
        "state": state,
        "link": request.session.pop("notice_link", None),
    }
    return render(request, "notices/settings.html", context, status=status)


def _heads() -> Any:
    return Employee.objects.filter(role=Role.HEAD, is_active=True)


def _leads(chat: Address) -> Employee | None:
    """The head who has linked a chat: it hears of his people alone."""
    owner = chat.linked_by
    return owner if owner is not None and owner.role == Role.HEAD else None


def _subscribed(chat: Address, heads: Sequence[Employee]) -> dict[str, Any]:
    """What a group chat gets, and about whose people (None: of several, so that the form asks).

    Whoever leads nobody any more stands among the ``heads`` while the chat is about his people: a form that names only
    others would make it everybody's.
    """
    rows = list(chat.subscriptions.all())
    about = {row.head_id: row.head for row in rows}
    former = [one for one in about.values() if one is not None and one not in heads]
    return {
        "chat": chat,
        "kinds": {row.kind for row in rows},
        "heads": [*heads, *former],
        "whose": None if len(about) > 1 else next(iter(about), None) or EVERYBODY,
        "of_head": _leads(chat),
    }


@require_POST
def link(request: HttpRequest) -> HttpResponse:
    """A new link to the bot, shown once."""
    group = request.POST.get("group") == "1"
    state = ChannelState.objects.exclude(name="").filter(channel=Channel.TELEGRAM).first()
    if group and not request.user.directs:
        messages.error(request, _("Only whoever directs may link a group chat."))
    elif state is None or not is_set_up(Channel.TELEGRAM):
        messages.error(request, _("The bot has not said its name yet. Try again in a minute."))
    else:
        code = linking.create_code(request.user, moment.now(), group=group)  # type: ignore[arg-type]  # signed in
        address = links.of_bot(state.name, code, group=group)
        request.session["notice_link"] = {"address": address, "group": group, "code": code}
    return redirect("notice-settings")


def _mine(request: HttpRequest, pk: int) -> Address:
    """The reader's own chat, or a group that he has linked; of groups an admin's are all."""
    found = get_object_or_404(Address, pk=pk, channel=Channel.TELEGRAM)
    is_own = found.employee_id == request.user.pk
    of_group = found.chat == Address.Chat.GROUP and (
        found.linked_by_id == request.user.pk or request.user.administers
    )
    if not (is_own or of_group):
        raise Http404
    return found


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    linking.confirm(_mine(request, pk), moment.now())
    messages.success(request, _("Notices come to this chat from now on."))
    return redirect("notice-settings")


@require_POST
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    linking.unlink(_mine(request, pk))
    messages.success(request, _("Nothing goes to that chat any more."))
    return redirect("notice-settings")


@require_POST
def subscribe(request: HttpRequest, pk: int) -> HttpResponse:
    """What a group chat gets, about everybody or the people of one head; a chat that a head has linked: of his own."""
    chat = _mine(request, pk)
    if chat.chat != Address.Chat.GROUP or not request.user.directs:
        raise Http404
    asked = [code for code in SUBSCRIBED if request.POST.get(code)]
    head, whose = _leads(chat), request.POST.get("whose")
    if head is None and whose != EVERYBODY:
        if whose and whose.isdecimal() and len(whose) < LONGEST:
            known = Q(pk__in=_heads()) | Q(pk__in=chat.subscriptions.values("head"))
            head = Employee.objects.filter(known, pk=int(whose)).first()
        if head is None:
            messages.error(request, _("There is no such head of a department."))
            return redirect("notice-settings")
    chat.subscriptions.exclude(kind__in=asked, head=head).delete()
    Subscription.objects.bulk_create(
        [Subscription(address=chat, kind=code, head=head) for code in asked], ignore_conflicts=True
    )
    messages.success(request, _("Saved."))
    return redirect("notice-settings")
