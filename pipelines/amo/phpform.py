"""PHP's ``http_build_query``, read back: the bodies of amoCRM's hooks."""

from typing import Any
from urllib.parse import parse_qsl

DEEPEST = 12  # levels; amoCRM's own bodies have seven


def decode_form(body: bytes) -> dict[str, Any]:
    """``a[b][0]=x`` as nested dictionaries with string keys. ValueError when it is no such form.

    An empty pair of brackets gets the next free number. A key given both a value and children keeps what came last.
    Bytes that are no UTF-8 spoil the text they stand in, not the form.
    """
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(
        body.decode(errors="replace"),
        keep_blank_values=True,
        strict_parsing=bool(body),
        max_num_fields=20_000,
    ):
        head, _, rest = name.partition("[")
        path = [head, *(rest.removesuffix("]").split("][") if rest else ())]
        if len(path) > DEEPEST:
            raise ValueError(f"a key of {len(path)} levels")
        node = tree
        for key in path[:-1]:
            child = node.get(key or str(len(node)))
            if not isinstance(child, dict):
                child = node[key or str(len(node))] = {}
            node = child
        node[path[-1] or str(len(node))] = value
    return tree
