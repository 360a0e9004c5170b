"""Texts that people write, as they are kept and compared."""

import re

LINE_END = re.compile(r"[^\S\r\n]*(?:\r\n|\r|\n)")


def unify_lines(text: str) -> str:
    """One kind of line end, no blanks before it nor at the end: what a browser changes without anybody's doing.

    Two texts that look alike compare equal then, and an audit log does not say that somebody has changed one.
    """
    return LINE_END.sub("\n", text).rstrip()
