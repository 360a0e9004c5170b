"""Days are the portal's: after midnight in Moscow the day of UTC is yesterday, and on the first its month as well."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings

from core import zone

# Not core, where a clock is written of a moment that is local already; amoCRM's stand-in knows no portal.
ROOMS = (
    "audit", "pipelines", "timeline", "team", "access", "qc", "kpi", "metrics", "notices", "jobs", "web", "salesops",
    "devtools",
)  # fmt: skip
DAY_OF_UTC = re.compile(r"\bnow(\(\))?\.(date|weekday)\(\)")


def test_nobody_takes_the_day_of_utc_for_today() -> None:
    files = [path for room in ROOMS for path in (Path(settings.BASE_DIR) / room).rglob("*.py")]
    assert len(files) > 500
    told = [path for path in files if DAY_OF_UTC.search(path.read_text())]
    assert not told


@pytest.mark.django_db
def test_a_day_begins_at_midnight_of_the_portal() -> None:
    assert zone.local_day(datetime(2026, 11, 30, 20, 59, tzinfo=UTC)) == date(2026, 11, 30)
    assert zone.local_day(datetime(2026, 11, 30, 21, 0, tzinfo=UTC)) == date(2026, 12, 1)
