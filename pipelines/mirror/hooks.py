"""Deliveries of amoCRM: doorbells. They say which items to read again; what they say about them is not believed."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils.crypto import get_random_string

from core import locks, moment, redis
from pipelines.account.source import Source
from pipelines.amo import errors, phpform
from pipelines.amo.client import Client
from pipelines.amo.errors import printable
from pipelines.mirror import coverage, sync
from pipelines.mirror.entities import ENTITIES
from pipelines.mirror.readers import HOPELESS
from pipelines.mirror.refetch import refetch
from pipelines.models import Account, Hook

log = logging.getLogger(__name__)

BATCH = 200
LEASE = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
KEPT = timedelta(days=30)
RUNG = "hooks:rung"  # stands in Redis while somebody has been asked to answer and has not begun
RUNG_FOR = 5  # seconds, should he never begin
SETTINGS = [
    f"{action}_{thing}"
    for thing, actions in {
        "lead": ("add", "update", "delete", "restore", "status", "responsible", "note"),
        "contact": ("add", "update", "delete", "restore", "note"),
        "task": ("add", "update", "delete", "responsible"),
    }.items()
    for action in actions
]

NOTES = {"leads": "notes", "contacts": "contact_notes", "companies": "company_notes"}
Ids = dict[str, set[int]]


def ids_of(data: dict[str, Any]) -> Ids:
    """What a decoded delivery rings about: ids by entity name, in any of the shapes amoCRM uses.

    A name of an entity without ids means: see what is new there (notes have no address of their own).
    """
    found: Ids = {}
    for top, actions in data.items():
        if top == "account" or not isinstance(actions, dict):
            continue
        for action, content in actions.items():
            for item in items(content):
                for name, key in named(top, action, item):
                    ids = found.setdefault(name, set())
                    if key:
                        ids.add(key)
    return found


def items(node: Any) -> Iterator[dict[str, Any]]:
    """The items below numeric keys, however many levels of them there are."""
    if isinstance(node, dict):
        if node and all(key.isdigit() for key in node):
            for child in node.values():
                yield from items(child)
        else:
            yield node


def named(top: str, action: str, item: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    if action == "note":
        if top in NOTES:
            yield NOTES[top], None
    elif top == "leads":
        yield "deals", number(item.get("id"))
    elif top == "contacts" and item.get("type") != "company":
        yield "contacts", number(item.get("id"))
    elif top in ("task", "tasks"):
        yield "tasks", number(item.get("id"))
        if item.get("element_type") in ("2", "leads"):
            yield "deals", number(item.get("element_id"))
    elif top == "unsorted":
        for key in unsorted(item):
            yield "deals", key
    elif top in ("message", "talk"):
        yield "messages", None


def unsorted(item: dict[str, Any]) -> Iterator[int | None]:
    """The deals of an incoming lead: whole inside ``data`` when it comes, bare ids when it is accepted or declined."""
    for part in ("data", "accept_result", "decline_result"):
        holder = item.get(part)
        leads = holder.get("leads") if isinstance(holder, dict) else None
        for lead in leads.values() if isinstance(leads, dict) else ():
            yield number(lead.get("id") if isinstance(lead, dict) else lead)


def number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 19 else None


def note_delivery() -> bool:
    """Whether somebody has to be asked to answer: many rings at once need one. Say it after the delivery is kept."""
    return bool(redis.client().set(RUNG, 1, nx=True, ex=RUNG_FOR))


def begin_answers() -> None:
    """From here on a new delivery has to ask again. Say it before looking at what waits."""
    redis.client().delete(RUNG)


def waiting_hooks() -> bool:
    return Hook.objects.filter(handled_at=None).exclude(lease_until__gt=locks.lease_now()).exists()


def claim_hooks(limit: int = BATCH) -> list[Hook]:
    """The oldest waiting deliveries, ours until the lease runs out."""
    now = locks.lease_now()
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE pipelines_hook SET lease_until = %s, attempts = attempts + 1, error = ''
               WHERE id IN (SELECT id FROM pipelines_hook
                            WHERE handled_at IS NULL AND (lease_until IS NULL OR lease_until <= %s)
                            ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
               RETURNING id""",
            [now + LEASE, now, limit],
        )
        ids = [key for (key,) in cursor.fetchall()]
    return list(Hook.objects.filter(id__in=ids).order_by("id"))


def answer_hooks(source: Source) -> set[int]:
    """Read again what a batch of waiting deliveries rings about, each item once; returns the deals that have changed.

    A delivery that cannot be read keeps the reason and is done with; one that cannot be answered keeps it and waits.
    Raises AmoError when amoCRM answers nobody.
    """
    account = Account.objects.values_list("id", flat=True).first()
    batch = claim_hooks()
    rings = {hook.pk: ids for hook in batch if (ids := understood(hook, account)) is not None}
    try:
        touched = read_again(source, merged(rings.values()))
    except Exception as error:
        if len(batch) > 1 and not for_all(error):
            return answer_singly(source, batch, rings)
        postpone_hooks(batch, error)
        raise
    mark_handled(list(rings))
    return touched


def for_all(error: Exception) -> bool:
    """Whether asking again one by one would bring the same: amoCRM is out of order, or has shut its door."""
    out_of_order = isinstance(error, errors.Transient) and not isinstance(error, errors.TooHeavy)
    return out_of_order or isinstance(error, HOPELESS)


def answer_singly(source: Source, batch: list[Hook], rings: dict[int, Ids]) -> set[int]:
    """One delivery that amoCRM or we choke on must not hold up the others."""
    touched: set[int] = set()
    waiting = [hook for hook in batch if hook.pk in rings]
    while waiting:
        hook = waiting.pop(0)
        try:
            touched |= read_again(source, rings[hook.pk])
            mark_handled([hook.pk])
        except Exception as error:
            log.warning("hook %s waits: %s", hook.pk, error)
            postpone_hooks([hook], error)
            if for_all(error):
                postpone_hooks(waiting, error)
                break
    return touched


def understood(hook: Hook, account: int | None) -> Ids | None:
    """What it rings about; None after it was put aside as nonsense or as another account's."""
    try:
        data = phpform.decode_form(bytes(hook.body))
        sender = data.get("account", {}).get("id") if isinstance(data.get("account"), dict) else None
        if sender is not None and number(sender) != account:
            raise ValueError(f"it is about the account {sender}")
        return ids_of(data)
    except ValueError as error:
        mark_handled([hook.pk], f"cannot be read: {error}")
        return None


def merged(rings: Any) -> Ids:
    found: Ids = {}
    for ids in rings:
        for name, keys in ids.items():
            found.setdefault(name, set()).update(keys)
    return found


def read_again(source: Source, ids: Ids) -> set[int]:
    touched = set(refetch(source, {name: keys for name, keys in ids.items() if keys}).deals)
    for name in coverage.loaded_entities() & {name for name, keys in ids.items() if not keys}:
        run = sync.pull_entity(source, ENTITIES[name])
        touched |= run.deals if run else set()
    return touched


def forget_bodies() -> None:
    """Handled deliveries are kept for a month, for whoever asks what came when."""
    Hook.objects.filter(handled_at__lt=moment.now() - KEPT).delete()


def mark_handled(ids: list[int], error: str = "") -> None:
    done = {"handled_at": moment.now(), "lease_until": None, "body": b"", "error": printable(error)}
    Hook.objects.filter(id__in=ids).update(**done)


def postpone_hooks(batch: list[Hook], error: Exception) -> None:
    for hook in batch:
        rest = min(LONGEST_REST, timedelta(seconds=15 * 2 ** min(hook.attempts, 10)))
        Hook.objects.filter(pk=hook.pk, handled_at=None).update(
            error=printable(str(error)) or type(error).__name__, lease_until=locks.lease_until(rest)
        )


def replay_hooks() -> int:
    """Let those that failed and rest be answered at once; returns how many. What an answering worker holds is left."""
    resting = Hook.objects.filter(handled_at=None, lease_until__gt=locks.lease_now()).exclude(error="")
    return resting.update(lease_until=None)


def ensure_subscription(client: Client, account: Account, portal_url: str) -> str:
    """Ask amoCRM to ring here, again when it has given up; returns the address, which is the only secret.

    Raises AmoError: RequestRefused where amoCRM does not like the address (it must be a public name).
    """
    if not account.hook_secret:
        account.hook_secret = get_random_string(43)
        account.save(update_fields=["hook_secret"])
    address = f"{portal_url}/hooks/amocrm/{account.hook_secret}/"
    if not subscribed(client, address):
        client.put_in_place("/api/v4/webhooks", {"destination": address, "settings": SETTINGS})
        account.hooks_since = moment.now()
        account.save(update_fields=["hooks_since"])
    return address


def subscribed(client: Client, address: str) -> bool:
    """Whether amoCRM rings here for everything we want to know; it disables a hook that failed too often."""
    answer = client.get("/api/v4/webhooks", [("filter[destination]", address)]) or {}
    return any(
        hook.get("destination") == address
        and not hook.get("disabled")
        and set(SETTINGS) <= set(hook.get("settings", ()))
        for hook in answer.get("_embedded", {}).get("webhooks", ())
    )
