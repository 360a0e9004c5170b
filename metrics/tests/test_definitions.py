"""docs/metrics.md says what the code does, and a metric is one file."""

from pathlib import Path
from pkgutil import iter_modules

import pytest
from django.conf import settings
from django.utils import translation

from metrics import METRICS, definitions

PAGE = Path(settings.BASE_DIR) / "docs" / "metrics.md"


def test_the_page_lists_the_metrics_that_there_are() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(METRICS)


def test_every_file_of_the_definitions_is_a_metric_of_its_name() -> None:
    files = {found.name for found in iter_modules(definitions.__path__)}
    assert files <= set(METRICS)
    assert len(files) >= 15


@pytest.mark.parametrize("code", list(METRICS))
def test_the_page_defines_a_metric_as_the_code_does(code: str) -> None:
    metric = METRICS[code]
    with translation.override("en"):
        words = [
            metric.title,
            metric.unit,
            metric.clock,
            metric.attribution,
            metric.denominator,
            ", ".join(metric.by),
        ]
        row = f"| `{code}` | {' | '.join(map(str, words))} |"
    assert row in PAGE.read_text("utf-8").splitlines()


@pytest.mark.parametrize("code", list(METRICS))
def test_every_definition_is_translated(code: str) -> None:
    metric = METRICS[code]
    for text in (metric.title, metric.clock, metric.attribution, metric.denominator):
        with translation.override("en"):
            english = str(text)
        with translation.override("ru"):
            assert str(text) != english
