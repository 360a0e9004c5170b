"""The statements of a month for many managers."""

from collections.abc import Iterator

from bench import company
from bench.company import MONTH
from bench.data import NOW
from bench.measure import cost, typical
from bench.report import Line, below
from bench.setting import Setting
from kpi import statements
from pipelines.models import Person


def month(setting: Setting) -> Iterator[Line]:
    company.hold(setting.wide)
    spent = typical([cost(lambda: statements.refresh_month(MONTH, NOW)) for _ in range(setting.rounds(3))])
    people = Person.objects.count()
    note = f" (processor {spent.cpu:.3g} s; {setting.wide.deals:,} deals)"
    yield below(f"statements of a month, {people:,} managers", spent.wall, 10, "s", also=note)
