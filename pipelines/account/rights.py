"""What the account's token may and may not see: asked of amoCRM itself, since it leaves out in silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipelines.amo import errors
from pipelines.amo.client import ACCOUNT, Client

Tone = Literal["good", "warn", "bad"]
LISTS: tuple[tuple[str, Promise], ...] = (
    ("/api/v4/leads", gettext_lazy("Deals")),
    ("/api/v4/contacts", gettext_lazy("Contacts")),
    ("/api/v4/tasks", gettext_lazy("Tasks")),
    ("/api/v4/leads/notes", gettext_lazy("Notes and calls of deals")),
    ("/api/v4/events", gettext_lazy("Events")),
)


@dataclass(frozen=True)
class Sight:
    what: str | Promise
    tone: Tone
    text: str


@dataclass(frozen=True)
class ListedPipeline:
    """A pipeline that can be chosen."""

    id: int
    name: str
    stages: int
    is_archived: bool


def read_rights(client: Client) -> list[Sight]:
    """Raises AmoError when amoCRM does not answer at all."""
    account = client.get(ACCOUNT) or {}
    found = [user_rights(client, account.get("current_user_id"))]
    found += [check_list(client, path, label) for path, label in LISTS]
    return [*found, check_webhooks(client)]


def user_rights(client: Client, user: Any) -> Sight:
    label = _("Rights")
    try:
        item = client.get(f"/api/v4/users/{user}") or {}
    except (errors.Forbidden, errors.NotFound):
        return Sight(
            label,
            "bad",
            _(
                "The token may not read the list of users: it belongs to an ordinary user, whose deals alone it may "
                "see. Make it as an administrator."
            ),
        )
    own, name = item.get("rights") or {}, item.get("name") or f"#{user}"
    if own.get("is_admin"):
        return Sight(label, "good", _("«%(name)s» is an administrator: everything is seen.") % {"name": name})
    view = (own.get("leads") or {}).get("view")
    if view == "A":
        return Sight(
            label, "good", _("«%(name)s» sees all deals, though not an administrator.") % {"name": name}
        )
    return Sight(
        label,
        "bad",
        _(
            "«%(name)s» does not see all deals: amoCRM leaves the others out without a word. Make the token as an "
            "administrator."
        )
        % {"name": name},
    )


def check_list(client: Client, path: str, label: str | Promise) -> Sight:
    try:
        answer = client.get(path, [("limit", 1)])
    except (errors.Forbidden, errors.NotFound, errors.PaymentRequired) as error:
        return Sight(label, "bad", _("not open to this token: %(error)s") % {"error": error})
    if answer is None:
        return Sight(label, "warn", _("may be read, and nothing is there yet"))
    return Sight(label, "good", _("may be read"))


def check_webhooks(client: Client) -> Sight:
    label = _("Hooks")
    try:
        client.get("/api/v4/webhooks")
    except (errors.Forbidden, errors.NotFound, errors.PaymentRequired):
        return Sight(
            label,
            "warn",
            _(
                "The token may not set up hooks (they need an administrator and the Advanced tariff): changes are "
                "asked for every minute."
            ),
        )
    return Sight(label, "good", _("may be set up: changes arrive within seconds"))


def list_pipelines(client: Client) -> list[ListedPipeline]:
    """The account's pipelines in its order. Raises AmoError."""
    return sorted(_funnels(client), key=lambda funnel: funnel.is_archived)


def _funnels(client: Client) -> Iterator[ListedPipeline]:
    answer = client.get("/api/v4/leads/pipelines") or {}
    for item in (answer.get("_embedded") or {}).get("pipelines") or ():
        stages = (item.get("_embedded") or {}).get("statuses") or ()
        yield ListedPipeline(item["id"], item["name"], len(stages), bool(item.get("is_archive")))
