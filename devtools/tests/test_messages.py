import gettext
import json
from pathlib import Path

import pytest

from devtools import messages


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tree with one module and one template, as the real one is laid out."""
    (tmp_path / "qc").mkdir()
    (tmp_path / "qc" / "rules.py").write_text(
        'NAME = _("Open deal")\nngettext("%(n)s deal", "%(n)s deals", n)\n'
    )
    (tmp_path / "qc" / "tests").mkdir()
    (tmp_path / "qc" / "tests" / "test_rules.py").write_text('_("Only in a test")\n')
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(
        "{% load i18n %}\n  <h1>it's {% trans 'My month' %}</h1>\n"
        "\t{% blocktrans trimmed with who=name %}\n   Paid by\n {{ who }}{% endblocktrans %}\n"
        "    {% blocktrans count n=total trimmed %}{{ n }} card{% plural %}{{ n }} cards{% endblocktrans %}\n"
    )
    return tmp_path


RUSSIAN: dict[str, str | list[str]] = {
    "Open deal": "Открытая сделка",
    "My month": "Мой месяц",
    "Paid by %(who)s": "Оплатил(а) %(who)s",
    "%(n)s deal|%(n)s deals": ["%(n)s сделка", "%(n)s сделки", "%(n)s сделок"],
    "%(n)s card|%(n)s cards": ["%(n)s карточка", "%(n)s карточки", "%(n)s карточек"],
}


def catalogue(house: Path) -> str:
    return (house / messages.CATALOGUE).read_text()


def test_texts_of_code_and_templates_are_collected_and_those_of_tests_are_not(house: Path) -> None:
    assert {key[0] for key in messages.collect(house)} == {text.split("|")[0] for text in RUSSIAN}


def test_translations_go_all_the_way_to_what_django_reads(house: Path) -> None:
    messages.merge(house)
    messages.add(house, RUSSIAN)
    assert messages.problems(house) == []
    with messages.compile_catalogue(house).open("rb") as file:
        russian = gettext.GNUTranslations(file)
    assert russian.gettext("My month") == "Мой месяц"
    forms = [russian.ngettext("%(n)s deal", "%(n)s deals", n) for n in (1, 3, 5, 11, 21, 112)]
    assert forms == [f"%(n)s {word}" for word in ("сделка", "сделки", "сделок", "сделок", "сделка", "сделок")]


def test_extracting_again_changes_nothing(house: Path) -> None:
    messages.add(house, RUSSIAN)
    messages.merge(house)
    once = catalogue(house)
    messages.merge(house)
    assert catalogue(house) == once


def test_a_text_that_is_gone_waits_and_comes_back_with_its_translation(house: Path) -> None:
    messages.add(house, RUSSIAN)
    source = (house / "qc" / "rules.py").read_text()
    (house / "qc" / "rules.py").write_text("")
    messages.merge(house)
    assert '#~ msgstr "Открытая сделка"' in catalogue(house)
    (house / "qc" / "rules.py").write_text(source)
    messages.merge(house)
    assert messages.problems(house) == []


def test_prune_drops_what_is_gone(house: Path) -> None:
    messages.add(house, RUSSIAN | {"Gone": "Ушло"})
    messages.merge(house, prune=True)
    assert "Gone" not in catalogue(house)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "untranslated: 'My month'"),
        ({"My month": "Мой месяц", "Gone": "Ушло"}, "obsolete (run extract --prune): 'Gone'"),
        ({"Paid by %(who)s": "Оплатил %(name)s"}, "placeholders differ: 'Paid by %(who)s'"),
        ({"%(n)s deal|%(n)s deals": ["сделка", "%(n)s", "%(n)s"]}, "placeholders differ: '%(n)s deal'"),
    ],
)
def test_check_names_what_keeps_the_pages_from_being_whole(
    house: Path, change: dict[str, str | list[str]], sentence: str
) -> None:
    messages.merge(house)
    messages.add(house, {text: string for text, string in RUSSIAN.items() if text != "My month"} | change)
    assert sentence in messages.problems(house)


def test_check_finds_texts_that_were_never_extracted_and_fuzzy_ones(house: Path) -> None:
    assert "missing (run extract): 'My month'" in messages.problems(house)
    messages.add(house, RUSSIAN)
    path = house / messages.CATALOGUE
    path.write_text(path.read_text().replace('msgid "My month"', '#, fuzzy\nmsgid "My month"'))
    assert messages.problems(house) == ["fuzzy: 'My month'"]


@pytest.mark.parametrize(
    "bad", [{"Deal": ""}, {"Deal": ["а", "б", "в"]}, {"deal|deals": "сделка"}, {"deal|deals": ["а", "б"]}]
)
def test_a_translation_of_the_wrong_shape_is_refused_and_nothing_changes(
    house: Path, bad: dict[str, str | list[str]]
) -> None:
    messages.add(house, RUSSIAN)
    before = catalogue(house)
    with pytest.raises(ValueError, match="eal"):
        messages.add(house, {"Good": "Хорошо"} | bad)
    assert catalogue(house) == before


def test_the_command_line_says_by_its_exit_code_whether_all_is_translated(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (house / "ru.json").write_text(json.dumps(RUSSIAN))
    assert messages.main(["check"], house) == 1
    assert messages.main(["add", str(house / "ru.json")], house) == 0
    assert messages.main(["extract"], house) == 0
    assert messages.main(["check"], house) == 0
    assert messages.main(["compile"], house) == 0
    assert messages.main(["add", str(house / "none.json")], house) == 1
    assert messages.main(["nonsense"], house) == 2
    assert "No such file" in capsys.readouterr().err
