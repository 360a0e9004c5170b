import pytest

from sandbox.php_query import build, parse, parse_pairs, values


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a[x]=1&a[y]=2", {"a": {"x": "1", "y": "2"}}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        (
            "f[s][0][p]=1&f[s][0][q]=2&f[s][1][p]=3",
            {"f": {"s": {"0": {"p": "1", "q": "2"}, "1": {"p": "3"}}}},
        ),
        ("a%5Bx%5D=%D1%8F+1", {"a": {"x": "я 1"}}),
        ("a=1&a=2", {"a": "2"}),
        ("a=&b", {"a": "", "b": ""}),
    ],
)
def test_parse(query: str, tree: dict[str, object]) -> None:
    assert parse(parse_pairs(query)) == tree


@pytest.mark.parametrize("query", ["x=1", "x[]=1", "x[0]=1", "x[7]=1"])
def test_one_value_in_any_form(query: str) -> None:
    assert values(parse(parse_pairs(query))["x"]) == ["1"]


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        ({"a": {"b": [{"c": 1}]}}, "a%5Bb%5D%5B0%5D%5Bc%5D=1"),
        ({"a": None, "b": [], "c": {}, "d": ""}, "d="),
        ({"a": True, "b": False}, "a=1&b=0"),
        ({"a": "x y~&+"}, "a=x+y%7E%26%2B"),
    ],
)
def test_build_is_http_build_query(tree: dict[str, object], text: str) -> None:
    assert build(tree) == text
