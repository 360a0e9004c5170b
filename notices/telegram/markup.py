"""Text for Telegram: HTML in which values are cut before tags go round them, since rendered markup cannot be cut."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

TEXT, CAPTION, RAW = 4096, 1024, 32_000  # code points after parsing; the last one bytes before
DATA = 64  # bytes of a button's data
TAG = re.compile(r"<[^>]*>")


def escape(value: object) -> str:
    """A value as text between tags or in an attribute. Zero bytes and lone surrogates go."""
    text = str(value).replace("\0", "").encode("utf-8", "ignore").decode()
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def cut(value: str, longest: int) -> str:
    """At most so many signs; what was cut ends in «…»."""
    return value if len(value) <= longest else value[: max(longest - 1, 0)].rstrip() + "…"


def plain(html: str) -> str:
    """The same without tags."""
    return unescape(TAG.sub("", html))


def length(html: str) -> int:
    """As the other side counts: code points after the tags are gone."""
    return len(plain(html))


def fit(lines: Sequence[str], more: str, longest: int = TEXT) -> str:
    """As many whole lines as there is room for; ``more`` stands for the others."""
    kept, used, raw = list[str](), 0, 0
    for line in lines:
        room = length(line) + 1
        if used + room > longest - len(more) - 1 or raw + len(line.encode()) > RAW:
            kept.append(more)
            break
        kept.append(line)
        used, raw = used + room, raw + len(line.encode()) + 1
    return "\n".join(kept)


@dataclass(frozen=True)
class Button:
    """Below a message: with ``url`` a link, else ``data`` comes back with a press. ValueError if that is too long."""

    text: str
    data: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        if len(self.data.encode()) > DATA:
            raise ValueError(f"The button's data {self.data!r} is over {DATA} bytes.")

    def as_json(self) -> dict[str, str]:
        return {"text": self.text} | ({"url": self.url} if self.url else {"callback_data": self.data})


def keyboard(rows: Sequence[Sequence[Button]]) -> dict[str, object]:
    return {"inline_keyboard": [[one.as_json() for one in row] for row in rows if row]}
