import pytest

from core import moment
from devtools.management.commands import setup_demo
from sandbox import scenarios


@pytest.mark.parametrize("now", ["2026-11-26T12:00:00+00:00", "2027-03-01T06:00:00+00:00"])
def test_rotas_are_those_of_the_company_as_it_is_at_the_portal_s_moment(now: str) -> None:
    """A stopped clock or not: an anchor of another week would put everybody's days off elsewhere."""
    moment.fix(now)
    try:
        assert setup_demo._staff() == scenarios.staff("zolotarev", moment.now())
    finally:
        moment.fix(None)
