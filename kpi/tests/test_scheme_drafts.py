"""Drafts of pay schemes: what is kept, and two publishers at once."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from core import moment
from core.periods import parse_month
from core.zone import portal_zone
from devtools.tests.factory import make_employee
from kpi import pay_schemes
from kpi.models import Scheme, SchemeDraft
from kpi.scheme_drafts import begin_draft, keep_draft, publish_draft
from kpi.tests.test_replay import scheme
from team.models import Employee, Role

SALARY = {"kind": "salary", "amount": "1"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("title", "says"),
    [("\0", "holds a sign"), ("a\0b", "holds a sign"), ("x" * 60_000, "too long")],
)
def test_what_no_page_would_send_is_refused(title: str, says: str) -> None:
    draft = SchemeDraft(code="t", editor=make_employee(Role.FINANCE))
    with translation.override("en"), pytest.raises(ValueError, match=says):
        keep_draft(draft, {"title": title})
    assert keep_draft(draft, {"title": "\\u0000"}).document["title"] == "\\u0000", "what somebody typed so"
    assert keep_draft(draft, {"title": "ы" * 50_000}).document["title"], "a letter is a letter"


@pytest.mark.django_db
@pytest.mark.parametrize("month", ["2025-01", "2026-10", "2027-02", "2199-12"])
def test_it_comes_into_force_with_a_month_that_is_offered(month: str) -> None:
    """In November 2026: with November, December or January; nobody is paid anew for a month that is over and open."""
    moment.fix("2026-11-20T09:00:00+00:00")
    editor = make_employee(Role.FINANCE)
    draft = keep_draft(SchemeDraft(code="t", editor=editor), scheme(SALARY))
    with translation.override("en"), pytest.raises(ValueError, match="the present month or one of"):
        publish_draft(draft, editor, parse_month(month, portal_zone()).first)
    assert (Scheme.objects.count(), SchemeDraft.objects.count()) == (0, 1)
    assert publish_draft(draft, editor, parse_month("2027-01", portal_zone()).first)[1]
    moment.fix(None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("begun", [0, 1])
def test_of_two_drafts_published_at_once_one_is_refused(begun: int) -> None:
    """The other was begun from a version that is no longer the newest, or before there was any."""
    for _ in range(begun):
        pay_schemes.load_scheme(scheme(SALARY))
    moment.fix("2026-11-20T09:00:00+00:00")
    drafts = []
    for number in (2, 3):
        editor = make_employee(Role.FINANCE)
        draft = begin_draft("t", editor) or SchemeDraft(code="t", editor=editor)
        drafts.append(keep_draft(draft, scheme({**SALARY, "amount": str(number)})))
    barrier, told, first = Barrier(2), list[Any](), parse_month("2026-12", portal_zone()).first

    def publish(draft: SchemeDraft, editor: Employee) -> None:
        barrier.wait()
        try:
            told.append(publish_draft(draft, editor, first)[0].version)
        except ValueError:
            told.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=publish, args=[draft, draft.editor]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told, key=str) == [begun + 1, "refused"]
    assert Scheme.objects.count() == begun + 1
    moment.fix(None)
