"""Steps of a stage as they are read from text, and how two of them differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.steps import (
    Branch,
    Change,
    Step,
    compare_steps,
    compare_words,
    key_of,
    read_branch,
    read_steps,
    write_steps,
)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        ("Позвонить", (Step(1, "Позвонить"),)),
        ("Позвонить\n\nНаписать", (Step(1, "Позвонить"), Step(2, "Написать"))),
        ("1. Узнать марку. 2. Получить телефон.", (Step(1, "Узнать марку."), Step(2, "Получить телефон."))),
        (
            "1. Узнать марку\r\nесли машина не наша, то закрыть\n2) Позвонить\n- перезвонить завтра",
            (
                Step(1, "Узнать марку", (Branch("машина не наша", "закрыть"),)),
                Step(2, "Позвонить", (Branch("", "перезвонить завтра"),)),
            ),
        ),
        ("1. Звонок\nКлиента ждут 3–4 дня", (Step(1, "Звонок"), Step(0, "Клиента ждут 3–4 дня"))),
        ("Держать срок 2 дня, до 15.30", (Step(1, "Держать срок 2 дня, до 15.30"),)),
        ("если молчит, то написать", (Step(1, "если молчит, то написать"),)),
    ],
)
def test_steps_are_read_from_what_people_write(text: str, steps: tuple[Step, ...]) -> None:
    assert read_steps(text) == steps


@pytest.mark.parametrize(
    ("line", "branch"),
    [
        ("если молчит, то написать", Branch("молчит", "написать")),
        ("– Если молчит то написать", Branch("молчит", "написать")),
        ("if he waits, then close", Branch("he waits", "close")),
        ("если молчит → написать", Branch("молчит", "написать")),
        ("если молчит", Branch("молчит", "")),
        ("- просто так", Branch("", "просто так")),
    ],
)
def test_a_branch_has_a_case_and_what_follows(line: str, branch: Branch) -> None:
    assert read_branch(line) == branch


def test_a_step_keeps_its_key_however_it_is_spaced() -> None:
    assert key_of("Узнать  марку.") == key_of("узнать марку") != key_of("узнать модель")


def test_steps_may_come_as_a_list() -> None:
    document = ["Позвонить", {"do": "Написать", "if": [{"case": "молчит", "then": "ждать"}]}]
    assert write_steps(document) == "1. Позвонить\n2. Написать\n   если молчит, то ждать"
    assert read_steps(write_steps(document))[1].branches == (Branch("молчит", "ждать"),)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (5, "steps"),
        ([5], r"steps\[1\]"),
        (["a", {"do": "b", "if": [{"case": "c"}]}], r"steps\[2\].if"),
        ([{"do": "b", "else": 1}], r"steps\[1\]"),
        ([{"do": "b", "if": 3}], r"steps\[1\].if"),
    ],
)
def test_a_wrong_list_names_the_place(document: object, place: str) -> None:
    with pytest.raises(ValueError, match=f"^{place}$"):
        write_steps(document)


def test_what_differs_between_steps() -> None:
    old = read_steps("1. Узнать марку\n2. Позвонить\nесли молчит, то ждать\n3. Отправить")
    new = read_steps("1. Узнать марку\n2. Позвонить\nесли молчит, то написать\n3. Встретиться\n4. Отправить")
    assert compare_steps(old, new) == [
        Change(2, Branch("молчит", "ждать"), Branch("молчит", "написать")),
        Change(3, None, "Встретиться"),
    ]
    assert compare_steps(new, new) == []


words = st.lists(st.sampled_from(["а", "б", "в", "\n", "1. г", "если д, то е"]), max_size=9).map(" ".join)


@given(old=words, new=words)
def test_words_put_together_are_the_old_and_the_new_text(old: str, new: str) -> None:
    runs = compare_words(old, new)
    assert "".join(run.text for run in runs if run.kind != "gone") == new
    assert "".join(run.text for run in runs if run.kind in ("same", "gone")).split() == old.split()
    assert all(run.kind == "same" for run in runs) == (old == new) or not runs


@given(text=st.text(max_size=300))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    steps = read_steps(text)
    assert [step.number for step in steps if step.number] == list(
        range(1, 1 + sum(bool(s.number) for s in steps))
    )
