"""An answer of the Bot API as a decision: by code and parameters first, by text second (texts have changed before)."""

import re
from collections.abc import Mapping
from typing import Any

from notices.outcomes import AddressStopped, ChannelStopped, Moved, NotNow, NotSent, Refused, Unknown

TOKEN = re.compile(r"(bot)?\d{5,}:[A-Za-z0-9_-]{20,}")
LONGEST_PAUSE = 24 * 3600.0
# A closed list: another 403 or 400 is a failure of one message, not the end of an address.
GONE = (
    "bot was blocked by the user",
    "user is deactivated",
    "bot can't initiate conversation with a user",
    "bot was kicked from the",
    "bot is not a member of the",
    "the group chat was deleted",
    "bot can't send messages to the bot",
    "bots can't send messages to bots",
    "chat not found",
    "have no rights to send a message",
    "not enough rights to send text messages",
)


class BadMarkup(Refused):
    """The text's tags are not understood: to be sent once more, without any."""


class NoTopic(Refused):
    """The topic is closed or gone: to be sent once more, outside of it."""


class NotFoundToEdit(Refused):
    """The message is gone or too old to be changed."""


class Unchanged(NotSent):
    """The message says so already: what was wanted."""


class Forgotten(NotSent):
    """A press of a button that is too old to be answered."""


class Conflict(NotSent):
    """Somebody else listens for this bot, or a web-hook does."""


def mask(text: str) -> str:
    """The text without a bot's token."""
    return TOKEN.sub("bot…", text)


def read_error(status: int, body: Mapping[str, Any] | None, method: str) -> NotSent:
    """What an answer that is not «ok» asks for. ``body`` is None where it was no JSON of the API."""
    if body is None:
        if status == 413:
            return Refused("413: the file is too large")
        if status in (401, 404):  # the front's own words for a token that is not valid
            return ChannelStopped(f"{status}: the token is not valid")
        return Unknown(f"{status} without an answer of the API")
    code = int(body.get("error_code") or status)
    said = mask(str(body.get("description") or ""))[:300]
    more = body.get("parameters") or {}
    lower, why = said.lower(), f"{code}: {said}"
    if isinstance(more.get("migrate_to_chat_id"), int):
        return Moved(why, more["migrate_to_chat_id"])
    if code == 429:
        after = more.get("retry_after")
        return NotNow(why, min(float(after), LONGEST_PAUSE) if isinstance(after, int | float) else 5.0)
    if code >= 500:
        return Unknown(why)
    if code == 401 or (code == 404 and lower in ("not found", "")):
        return ChannelStopped(why)
    if code == 409:
        return Conflict(why)
    for words, decision in (
        ("can't parse entities", BadMarkup),
        ("message is not modified", Unchanged),
        ("message to edit not found", NotFoundToEdit),
        ("message can't be edited", NotFoundToEdit),
        ("message_id_invalid", NotFoundToEdit),
        ("message thread not found", NoTopic),
        ("topic_closed", NoTopic),
        ("topic_deleted", NoTopic),
        ("query is too old", Forgotten),
        ("query id is invalid", Forgotten),
    ):
        if words in lower:
            return decision(why)
    if code in (400, 403) and any(words in lower for words in GONE):
        return AddressStopped(why)
    return Refused(why)
