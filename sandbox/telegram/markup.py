"""What the other side makes of HTML: known tags, closed in order, four named entities, length after parsing."""

import re
from html import unescape

TAGS = {
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "code",
    "pre",
    "blockquote",
    "a",
    "tg-spoiler",
    "span",
}
PIECE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>")
ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);?")
NAMED = {"lt", "gt", "amp", "quot"}


class BadMarkup(ValueError):
    """The text of the answer's description."""


def parse(text: str) -> str:
    """The text without tags. Raises BadMarkup."""
    open_tags: list[str] = []
    out, at = [], 0
    for found in PIECE.finditer(text):
        out.append(_plain(text, at, found.start()))
        at = found.end()
        closing, name = bool(found[1]), found[2].lower()
        offset = len(text[: found.start()].encode())
        if name not in TAGS:
            raise BadMarkup(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {offset}')
        if closing:
            if not open_tags or open_tags[-1] != name:
                expected = open_tags[-1] if open_tags else ""
                raise BadMarkup(
                    f"can't parse entities: Unmatched end tag at byte offset {offset}, expected "
                    f'"</{expected}>", found "</{name}>"'
                )
            open_tags.pop()
        else:
            open_tags.append(name)
    out.append(_plain(text, at, len(text)))
    if open_tags:
        raise BadMarkup(
            f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1]}\""
        )
    return "".join(out)


def _plain(text: str, start: int, end: int) -> str:
    piece = text[start:end]
    if "<" in piece:
        offset = len(text[: start + piece.index("<")].encode())
        raise BadMarkup(f'can\'t parse entities: Unsupported start tag "" at byte offset {offset}')

    def decode(found: re.Match[str]) -> str:
        name = found[1]
        return unescape(found[0]) if name.startswith("#") or name in NAMED else found[0]

    return ENTITY.sub(decode, piece)
