"""`/webhooks`: subscriptions."""

from typing import Any
from urllib.parse import urlsplit

from werkzeug import Response

from sandbox.account_rows import Webhook
from sandbox.api import delete, get, post
from sandbox.api.writes import single
from sandbox.call import Call, hal, nothing
from sandbox.problems import Problem, not_found, validation
from sandbox.refused import Refused, missing, not_supported
from sandbox.state import plain

_CODES = """
add_lead update_lead delete_lead restore_lead status_lead responsible_lead note_lead add_contact
update_contact delete_contact restore_contact responsible_contact note_contact add_company update_company
delete_company restore_company responsible_company note_company add_customer update_customer delete_customer
responsible_customer note_customer add_task update_task delete_task responsible_task add_talk update_talk
add_chat_template_review add_unsorted update_unsorted delete_unsorted add_message add_outgoing_message
"""
CODES = frozenset(_CODES.split())
MOST = 100


def _check_address(destination: Any) -> str:
    """Loopback and bare IP addresses are taken here, unlike in amoCRM: receivers of a sandbox live next to it."""
    if destination is None:
        raise missing("destination")
    parts = urlsplit(str(destination))
    if parts.scheme not in ("http", "https") or not parts.hostname or not str(destination).isascii():
        raise Refused("InvalidUrl", "destination", "This value is not a valid URL.")
    return str(destination)


def list_webhooks(call: Call) -> Response:
    call.require_admin()
    wanted = call.filter.get("destination")
    hooks = [hook for hook in call.world.webhooks.values() if wanted is None or hook.destination == wanted]
    if not hooks:
        return nothing()
    return hal({"_total_items": len(hooks), "_embedded": {"webhooks": [plain(hook) for hook in hooks]}})


def subscribe(call: Call) -> Response:
    call.require_admin()
    item = single(call)
    try:
        destination = _check_address(item.get("destination"))
        settings = item.get("settings")
        if not isinstance(settings, list) or not settings:
            raise missing("settings")
        for number, code in enumerate(settings):
            if not isinstance(code, str) or code not in CODES:
                raise not_supported(f"settings.{number}")
    except Refused as fault:
        raise validation([("0", fault)]) from None
    known = {hook.destination for hook in call.world.webhooks.values()}
    if destination not in known and len(known) >= MOST:
        raise Problem(422, f"The number of webhooks must not exceed {MOST}")
    hook: Webhook = call.world.subscribe(destination, settings, sort=item.get("sort", 0), by=call.user_id)
    return hal(plain(hook), 201)


def unsubscribe(call: Call) -> Response:
    call.require_admin()
    destination = single(call).get("destination")
    for hook in list(call.world.webhooks.values()):
        if hook.destination == destination:
            hook.disabled = True
            del call.world.webhooks[hook.id]
            return nothing()
    raise not_found()


RULES = [get("webhooks", list_webhooks), post("webhooks", subscribe), delete("webhooks", unsubscribe)]
