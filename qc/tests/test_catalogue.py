"""The catalogue of rules: a file of the folder is a rule at once, and one that makes no sense is refused."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from qc import rules
from qc.rules import RULES, registry


def test_the_catalogue_finds_every_file_of_its_folder() -> None:
    folder = Path(rules.__file__).parent
    written = {
        code
        for path in folder.glob("*.py")
        for code in re.findall(
            r'^(?:@rule\(\n    |CODE = )"([a-z_.]+)"', path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert set(RULES) == written >= {"deal.stuck", "task.none", "task.overdue", "field.missing", "owner.gone"}
    for rule in RULES.values():
        assert rule.why.endswith(".") and rule.fix.endswith(".") and "  " not in rule.why + rule.fix


def test_a_file_of_the_folder_is_a_rule_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deal_odd.py").write_text(
        "from qc.rules.registry import REMARK, rule\n"
        "@rule('deal.odd', 'Odd', REMARK, clock='calendar', icon='dice', weight=1, sentence='Odd', check='none')\n"
        "def odd(deal, terms):\n"
        '    """Because it is odd.\n\n    Fix: even it.\n    """\n'
        "    return iter(())\n"
    )
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    before = dict(RULES)
    try:
        rules.discover()
        assert RULES["deal.odd"].fix == "Even it." and RULES["deal.odd"].mode == "off"
    finally:
        RULES.clear()
        RULES.update(before)
        sys.modules.pop("qc.rules.deal_odd", None)


STUCK = RULES["deal.stuck"].checks


ABOUT: dict[str, Any] = {"clock": "calendar", "icon": "dice", "weight": 1, "sentence": "x", "check": "none"}


@pytest.mark.parametrize(
    ("code", "severity", "more", "function", "says"),
    [
        ("deal.stuck", registry.REMARK, {}, STUCK, "The rule code deal.stuck is taken"),
        ("x.y", "severe", {}, STUCK, "unknown severity"),
        ("x.y", registry.REMARK, {"clock": "moon"}, STUCK, "unknown clock"),
        ("x.y", registry.REMARK, {"unit": "planet"}, STUCK, "unknown unit"),
        ("x.y", registry.REMARK, {"sentence": "%(mood)s"}, STUCK, "unknown placeholder mood"),
        ("x.y", registry.QUESTION, {"occasion": "deal"}, STUCK, "cannot count in quality"),
        ("x.y", registry.REMARK, {"unit": "stage", "occasion": "deal"}, STUCK, "cannot count in quality"),
        ("x.y", registry.REMARK, {}, lambda deal, terms: iter(()), "must say why"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    code: str, severity: str, more: dict[str, Any], function: Any, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        registry.rule(code, "Again", severity, **ABOUT | more)(function)
    assert "x.y" not in RULES
