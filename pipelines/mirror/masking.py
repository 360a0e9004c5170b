"""What people write into tasks, without the client's telephones and addresses: those stay in amoCRM."""

import re
from typing import Any

MASK = "…"
# ten digits or more, however they are cut up, or seven after a plus; a sum of money has fewer, a date other marks
NUMBERS = re.compile(
    r"(?!\d{4}-\d\d-\d\d)(?:\+\d(?:[\s().–-]{0,3}\d){6,}|\d(?:[\s()–-]{0,3}\d){9,}|\d{1,3}(?:\.\d{2,3}){3,})"
)
ADDRESSES = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|(?<!\w)@\w{3,}", re.IGNORECASE)


def mask_contacts(text: Any) -> str:
    """One line, with «…» for every telephone number, e-mail, link and nickname. Anything but a text is empty.

    Half a character, or a sign that PostgreSQL refuses, is left out: a task is worth more than its words.
    """
    if not isinstance(text, str):
        return ""
    whole = text.replace("\0", "").encode("utf-8", "ignore").decode()
    return " ".join(NUMBERS.sub(MASK, ADDRESSES.sub(MASK, whole)).split())
