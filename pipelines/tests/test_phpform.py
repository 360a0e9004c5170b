from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.amo.phpform import decode_form


def http_build_query(node: Any, prefix: str = "") -> str:
    """PHP's encoder, as amoCRM uses it."""
    if isinstance(node, dict):
        return "&".join(
            http_build_query(value, f"{prefix}[{key}]" if prefix else key) for key, value in node.items()
        )
    return f"{quote_plus(prefix)}={quote_plus(node)}"


@pytest.mark.parametrize(
    ("body", "tree"),
    [
        (b"", {}),
        (b"a=1", {"a": "1"}),
        (b"price=", {"price": ""}),
        (b"a%5Bb%5D%5B0%5D%5Bid%5D=7", {"a": {"b": {"0": {"id": "7"}}}}),
        (b"a[]=x&a[]=y", {"a": {"0": "x", "1": "y"}}),
        ("name=Иван+%26+Ко".encode(), {"name": "Иван & Ко"}),
        (b"name=%5Bx%5D%2B", {"name": "[x]+"}),
        (b"a=1&a[b]=2", {"a": {"b": "2"}}),
    ],
)
def test_a_body_becomes_a_tree(body: bytes, tree: dict) -> None:
    assert decode_form(body) == tree


@pytest.mark.parametrize("body", [b"no equals sign", b"a" + b"[b]" * 40 + b"=1"])
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode_form(body)


keys = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=8)
texts = st.text('aЯё &=+[]%\n"😀', max_size=12)
trees = st.dictionaries(
    keys,
    st.recursive(texts, lambda child: st.dictionaries(keys, child, min_size=1, max_size=4), max_leaves=8),
    max_size=5,
)


@given(trees)
def test_what_php_writes_is_read_back(tree: dict) -> None:
    assert decode_form(http_build_query(tree).encode()) == tree
