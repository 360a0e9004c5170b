"""The PDF of a frozen report: the same bytes from two processes, with other seeds of hashes, on other days."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.zone import portal_zone
from devtools.tests.factory import NOW
from devtools.tests.processes import environment_of_test
from notices.reports.issuing import issue_report
from notices.reports.spans import parse_span
from notices.tests.test_reports import Firm, firm  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
WRITE = """
import sys, time
begun, late = time.time, float(sys.argv[2])
time.time = lambda: begun() + late  # as fonts that are cut, and whatever else asks, would know the day
import django
django.setup()
from datetime import datetime
from pathlib import Path
from django.utils import translation
from notices.models import Report
from notices.reports.document import digest_of, read_document
from web.reports.pdf import write_pdf
from web.reports.views import paper
body, as_of = Path(sys.argv[1]).read_bytes(), datetime.fromisoformat(sys.argv[3])
report = Report(number=7, label="2026-W47", as_of=as_of, body=body, digest=digest_of(body))
translation.activate("ru")
sys.stdout.buffer.write(write_pdf(paper(report, read_document(body), live=False), report, "ru"))
"""


@pytest.mark.django_db
def test_two_processes_on_two_days_write_the_same_bytes(firm: Firm, tmp_path: Path) -> None:
    report = issue_report(parse_span("2026-W47", portal_zone()), NOW)
    kept = tmp_path / "report.json"
    kept.write_bytes(bytes(report.body))
    written = []
    for seed, days, zone in (("1", 0, "UTC"), ("77", 400, "Asia/Vladivostok")):
        environment = environment_of_test(
            PYTHONHASHSEED=seed, TZ=zone, DJANGO_SETTINGS_MODULE="salesops.settings"
        )
        arguments = [str(kept), str(days * 86_400), NOW.isoformat()]
        done = subprocess.run(
            [sys.executable, "-c", WRITE, *arguments], cwd=ROOT, env=environment, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        written.append(done.stdout)
    assert written[0].startswith(b"%PDF") and len(written[0]) > 10_000
    assert written[0] == written[1]
