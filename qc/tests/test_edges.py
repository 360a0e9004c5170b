"""Where a limit ends: «longer than» begins after it, on every page and in every figure alike."""

from datetime import timedelta

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
