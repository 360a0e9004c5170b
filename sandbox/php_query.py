"""PHP's way of writing nested arrays into query strings and forms: `a[b][0]=1`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus

Pairs = list[tuple[str, str]]
_KEY = re.compile(r"\[([^\]]*)\]")


def parse_pairs(query: str) -> Pairs:
    return parse_qsl(query, keep_blank_values=True)


def parse(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nest the pairs as PHP does: the last value of a name wins, `[]` appends under the next number."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        keys = [head, *_KEY.findall(name)] if bracket else [name]
        node = root
        for position, key in enumerate(keys):
            if key == "" and position:
                key = str(len(node))
            if position == len(keys) - 1:
                node[key] = value
            else:
                child = node.get(key)
                if not isinstance(child, dict):
                    child = node[key] = {}
                node = child
    return root


def values(node: Any) -> list[str]:
    """The scalars of `x=1`, `x[]=1` or `x[0]=1`."""
    if node is None:
        return []
    if isinstance(node, dict):
        return [value for value in node.values() if isinstance(value, str)]
    return [node]


def build(tree: Mapping[str, Any]) -> str:
    """`http_build_query`: nulls and empty arrays vanish, booleans are 1 and 0, spaces are pluses."""
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in flatten(tree))


def flatten(tree: Mapping[Any, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from flatten(value, name)
        elif isinstance(value, (list, tuple)):
            yield from flatten(dict(enumerate(value)), name)
        elif value is True or value is False:
            yield name, str(int(value))
        elif value is not None:
            yield name, str(value)


def _quote(text: str) -> str:
    return quote_plus(text, safe="").replace("~", "%7E")
