import pytest

from core.texts import unify_lines


@pytest.mark.parametrize(
    "text",
    [
        "Позвонить\nЗаписать",
        "Позвонить\r\nЗаписать",
        "Позвонить\rЗаписать",
        "Позвонить  \r\nЗаписать\r\n",
        "Позвонить\nЗаписать\n\n",
    ],
)
def test_texts_that_look_alike_are_one(text: str) -> None:
    assert unify_lines(text) == "Позвонить\nЗаписать"


def test_empty_lines_and_indents_inside_stay() -> None:
    assert unify_lines("  a\r\n\r\n\tb") == "  a\n\n\tb"
