"""Where a limit ends: «longer than» begins after it, on every page and in every figure alike."""

from datetime import timedelta
from itertools import product

import pytest

from devtools.tests.factory import DAY, NOW, make_deal, make_finding, make_person, make_pipeline, make_stage
from pipelines.models import Deal
from qc import stalled
from qc.models import Finding
from web.deals.ageing import Ageing

INSTANT = timedelta(microseconds=1)


@pytest.mark.django_db
def test_a_stay_of_exactly_the_norm_is_not_stuck() -> None:
    deal = make_deal(make_stage(make_pipeline()), make_person(), NOW - 10 * DAY)
    make_finding(deal, rule="deal.stuck", mode="warn", opens_at=NOW, since=NOW - 10 * DAY)
    for moment, is_open in ((NOW - INSTANT, False), (NOW, False), (NOW + INSTANT, True)):
        assert Finding.objects.open(moment).exists() is is_open
        assert Finding.objects.upcoming(moment).exists() is not is_open
        assert Deal.objects.filter(stalled.stuck(moment)).exists() is is_open
        assert (Ageing(NOW - 10 * DAY, moment, NOW).tone == "bad") is is_open


@pytest.mark.django_db
def test_open_findings_are_as_many_as_there_are_with_an_end_and_without_one() -> None:
    deal = make_deal(make_stage(make_pipeline()), make_person(), NOW - 10 * DAY)
    ends = (None, NOW - DAY, NOW, NOW + INSTANT, NOW + DAY)
    for number, (opens, closes, mode) in enumerate(product((-DAY, INSTANT), ends, ("money", "shadow"))):
        since = NOW - 3 * DAY + number * INSTANT
        if closes is None or closes > NOW + opens:
            make_finding(deal, mode=mode, opens_at=NOW + opens, closes_at=closes, since=since)
    found = Finding.objects.open(NOW)
    assert found.count_open() == found.count() == len(found) == 6
    assert found.filter(mode="money").count_open() == 3
