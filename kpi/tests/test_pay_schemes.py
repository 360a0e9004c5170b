import copy
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from devtools.tests.factory import make_employee, make_person
from kpi import pay_schemes
from kpi.components.coefficient import Coefficient
from kpi.components.matrix import Matrix
from kpi.components.rate import Rate
from kpi.components.salary import Salary
from kpi.models import Quota, Scheme
from team.models import Role

pytestmark = pytest.mark.django_db

DEMO = Path(pay_schemes.__file__).parent / "schemes" / "zolotarev.json"
TITLE = {"ru": "Оклад", "en": "Salary"}


@pytest.fixture
def document() -> dict[str, Any]:
    return json.loads(DEMO.read_text("utf-8"))


def test_the_demo_scheme_reads_as_it_is_written(document: dict[str, Any]) -> None:
    plan = pay_schemes.read_document(document)
    salary, commission, quality, matrix = plan.components
    assert isinstance(salary, Salary) and salary.amount == 40_000
    assert isinstance(commission, Rate)
    assert [(tier.upto, tier.rate) for tier in commission.tiers] == [
        (Decimal("0.70"), Decimal("0.02")),
        (Decimal("1.00"), Decimal("0.03")),
        (None, Decimal("0.045")),
    ]
    assert isinstance(quality, Coefficient) and quality.of == ("commission",)
    assert isinstance(matrix, Matrix) and matrix.fund == 15_000
    assert plan.sales == "won_sum"
    assert plan.measures == ["won_sum", "quality", "tasks_on_time", "kept:field.missing"]


def put(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the document with one value changed; ``…`` removes it."""
    changed = copy.deepcopy(document)
    *way, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
    place: Any = changed
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("components/1/tiers/1/rate", "abc", 'components[1].tiers[1].rate: must be a number from 0 to 1, not "abc"'),
        ("components/1/tiers/1/rate", "4.5", 'components[1].tiers[1].rate: must be a number from 0 to 1, not "4.5"'),
        ("components/1/tiers/1/rate", ..., "components[1].tiers[1].rate: must be a number from 0 to 1, but is missing"),
        ("components/1/tiers/1/rate", "NaN", 'components[1].tiers[1].rate: must be a number from 0 to 1, not "NaN"'),
        ("components/1/tiers/1/rate", True, "components[1].tiers[1].rate: must be a number from 0 to 1, not true"),
        ("components/1/tiers/1/upto", "0.7",
         'components[1].tiers[1].upto: must be above 0.70, where the tier before it ends, not "0.7"'),
        ("components/1/tiers/2/upto", "2", 'components[1].tiers[2].upto: must be left out in the last tier, not "2"'),
        ("components/1/tiers", [], "components[1].tiers: must be a list of 1 or more, not []"),
        ("components/1/scale", "steep", 'components[1].scale: must be one of flat, marginal, whole, not "steep"'),
        ("components/1/measure", "profit", "components[1].measure: there is no metric 'profit'; there are "),
        ("components/1/measure", "stuck_sum?field=1",
         "components[1].measure: stuck_sum has no option field; it has no options"),
        ("components/1/measure", "kept:no.rule", "components[1].measure: there is no rule 'no.rule'"),
        ("components/1/code", "salary", 'components[1].code: must be used once, not "salary"'),
        ("components/1/code", "про цент",
         'components[1].code: must be a short name of latin letters, digits, - and _, not "про цент"'),
        ("components/1/code", "rate!",
         'components[1].code: must be a short name of latin letters, digits, - and _, not "rate!"'),
        ("people", [0], "people[0]: must be a whole number from 1, not 0"),
        ("components/0/amuont", "5",
         "components[0].amuont: is not known here; known are kind, code, title, period, amount"),
        ("components/0/kind", "gift", "components[0].kind: must be one of bonus, matrix, rate, salary, "),
        ("components/0/amount", "-1", 'components[0].amount: must be a number from 0, not "-1"'),
        ("components/0/title/ru", "", 'components[0].title.ru: must be a text, not ""'),
        ("components/0/title/en", ..., "components[0].title.en: must be a text, but is missing"),
        ("components/0", "оклад", 'components[0]: must be an object, not "оклад"'),
        ("components/2/of", ["comission"], "components[2].of: 'comission' is not the code of a component that earns"),
        ("components/2/of", ..., "components[2].of: must be a list of 1 or more, but is missing"),
        ("components/2/points", [["90", "1"], ["70", "0.8"]],
         'components[2].points[1][0]: must be above 90, the point before it, not "70"'),
        ("components/2/points", [["90"]], "components[2].points[0]: must be a list of 2 or more, not [\"90\"]"),
        ("components/3/indicators/0/weight", "0.5", "components[3].indicators: weights must add up to 1"),
        ("components/3/indicators/0/plan", "0", 'components[3].indicators[0].plan: must be a number above 0, not "0"'),
        ("components", {}, "components: must be a list of 1 or more, not {}"),
        ("effective_from", "2026-11-15",
         'effective_from: must be the first day of a month such as 2026-11-01, not "2026-11-15"'),
        ("effective_from", "soon", 'effective_from: must be the first day of a month such as 2026-11-01, not "soon"'),
        ("quota", "0", 'quota: must be a number above 0, not "0"'),
        ("people", ["5"], 'people[0]: must be a whole number from 1, not "5"'),
        ("code", ..., "code: must be a text, but is missing"),
        ("note", "x", "note: is not known here; known are code, title, effective_from, components, quota, people"),
        ("title", {"ru": "Штраф за опоздание", "en": "x"},
         "title.ru: «штраф» is not a word of a pay scheme: quality is a condition of earning"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_place_and_changes_nothing(
    document: dict[str, Any], path: str, value: Any, sentence: str
) -> None:
    with pytest.raises(ValueError) as error:
        pay_schemes.load_scheme(put(document, path, value))
    assert str(error.value).startswith(sentence)
    assert not Scheme.objects.exists()


@pytest.mark.parametrize("nonsense", [None, [], "text", 5])
def test_a_document_is_an_object(nonsense: Any) -> None:
    with pytest.raises(ValueError, match="^the document: must be an object"):
        pay_schemes.load_scheme(nonsense)


def test_the_same_document_is_the_same_version_and_a_changed_one_the_next(document: dict[str, Any]) -> None:
    first, created = pay_schemes.load_scheme(document)
    again, created_again = pay_schemes.load_scheme(document)
    assert (created, created_again, again.pk) == (True, False, first.pk)
    changed, _ = pay_schemes.load_scheme(put(document, "components/0/amount", "45000"))
    assert (changed.version, Scheme.objects.count()) == (2, 2)
    back, created_back = pay_schemes.load_scheme(document)
    assert (back.version, created_back) == (3, True), "going back is a new decision"


def test_the_version_in_force_is_the_newest_that_has_begun(document: dict[str, Any]) -> None:
    pay_schemes.load_scheme(document)
    pay_schemes.load_scheme(put(document, "effective_from", "2026-11-01"))
    corrected = put(put(document, "effective_from", "2026-11-01"), "components/0/amount", "41000")
    pay_schemes.load_scheme(corrected)
    pay_schemes.load_scheme(put(corrected, "effective_from", "2027-01-01"))
    pay_schemes.load_scheme(
        put(document, "components/0/amount", "39000")
    )  # from January again: what began later stays in force
    versions = {
        month: [scheme.version for scheme in pay_schemes.find_schemes(month)]
        for month in (
            date(2025, 12, 1),
            date(2026, 10, 1),
            date(2026, 11, 1),
            date(2026, 12, 1),
            date(2027, 2, 1),
        )
    }
    assert list(versions.values()) == [[], [5], [3], [3], [4]]


def test_a_scheme_that_names_a_person_goes_before_one_for_everybody(document: dict[str, Any]) -> None:
    make_employee(Role.HEAD, make_person(id=7))
    pay_schemes.load_scheme(put(document, "people", [7]) | {"code": "wholesale"})
    pay_schemes.load_scheme(document)
    assigned = pay_schemes.assign_schemes(pay_schemes.find_schemes(date(2026, 11, 1)), [7, 8])
    assert {person: scheme.code for person, scheme in assigned.items()} == {7: "wholesale", 8: "zolotarev"}


def test_the_command_loads_a_file_and_says_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("kpi_scheme", "load", str(DEMO))
    call_command("kpi_scheme", "load", str(DEMO))
    assert capsys.readouterr().out.splitlines() == [
        "zolotarev version 1: in force from 2026-01-01",
        "zolotarev version 1: unchanged, in force from 2026-01-01",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", "is not JSON"), ('{"code": 1}', "code: must be a text, not 1"), (None, "cannot be read")],
)
def test_the_command_refuses_a_bad_file_with_a_sentence(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    file = tmp_path / "scheme.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandError, match=sentence):
        call_command("kpi_scheme", "load", str(file))


def test_a_plan_of_a_month_is_named_by_its_manager_and_month() -> None:
    quota = Quota(manager=make_person("Анна Кузнецова"), period=date(2026, 11, 1), amount=Decimal(5))
    with translation.override("ru"):
        assert str(quota).replace("\N{NO-BREAK SPACE}", " ") == "Анна Кузнецова, ноябрь 2026"
