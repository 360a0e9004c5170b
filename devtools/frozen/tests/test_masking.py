import pytest

from devtools.frozen.masking import html_lines, json_lines, masked

TOKEN = "aB3" * 21 + "x"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f'<input name="csrf" value="{TOKEN}">', f'<input name="csrf" value="{TOKEN[::-1]}">'),
        (f"hx-headers='{{\"X-CSRFToken\": \"{TOKEN}\"}}'", f"hx-headers='{{\"X-CSRFToken\": \"{TOKEN.lower()}\"}}'"),
        ('<script nonce="a+b/c==">', '<script nonce="other">'),
        ('<div data-seen="0a1b2c3d4e5f6071">', '<div data-seen="ffffffffffffffff">'),
        ('"/static/css/base.0123456789ab.css"', '"/static/css/base.css"'),
        ("http://127.0.0.1:41234/leads/detail/7", "http://127.0.0.1:9/leads/detail/7"),
        ('<a href="/admin/qc/finding/12/change/">', '<a href="/admin/quality/finding/7/change/">'),
    ],
)  # fmt: skip
def test_what_chance_or_a_move_between_apps_decides_is_hidden(one: str, other: str) -> None:
    assert one != other and masked(one) == masked(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('<a href="/deals/41200005/">', '<a href="/deals/41200006/">'),
        ('<div data-login="/login/">', '<div data-login="/enter/">'),
        ('<a href="/admin/qc/finding/add/">', '<a href="/admin/qc/rule/add/">'),
        ("http://127.0.0.1:8000/hooks/", "http://127.0.0.1:9/hooks/"),
        ("1\u00a0000", "1 000"),
    ],
)
def test_what_a_reader_would_notice_stays(one: str, other: str) -> None:
    assert html_lines(one) != html_lines(other)


def test_only_the_look_of_the_source_is_evened_out() -> None:
    wide, narrow = "<p>\n   Deals\n  <b> 7 </b></p>\n", "<p> Deals <b>7</b></p>"
    assert html_lines(wide) == html_lines(narrow) == "<p>\nDeals\n<b>\n7\n</b>\n</p>\n"


def test_json_keeps_the_digits_and_the_order_of_rows_and_hides_ids_that_are_ours() -> None:
    assert json_lines('{"b": 1.50, "a": [2, 1]}', "/api/v1/deals/") != json_lines(
        '{"a": [2, 1], "b": 1.5}', "/api/v1/deals/"
    )
    assert json_lines('{"b": 1.5, "a": 2}', "/") == json_lines('{"a": 2, "b": 1.5}', "/")
    found, again = ('{"results": [{"id": 5}]}', '{"results": [{"id": 6}]}')
    assert json_lines(found, "/api/v1/findings/") == json_lines(again, "/api/v1/findings/")
    assert json_lines(found, "/api/v1/deals/") != json_lines(again, "/api/v1/deals/")
