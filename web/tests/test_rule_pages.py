"""«Правила»: switching, trying a switch, graces, and what nonsense is answered with."""

import pytest
from django.urls import reverse

from audit.models import Change
from core import formats
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import JudgementRequest
from qc.models import FirstTimeGrace, NewcomerGrace, RuleMode
from qc.rules import RULES
from team.models import Role
from web.templatetags import ui
from web.tests.regulation_office import Office, card, login
from web.tests.regulation_office import friday as friday
from web.tests.regulation_office import office as office

pytestmark = pytest.mark.django_db


def test_a_rule_is_switched_and_all_deals_are_judged_again(office: Office) -> None:
    client = login()
    response = client.post("/rules/", {"rule": "task.none", "mode": "money", "weight": "5"})
    assert response.status_code == 302
    row = RuleMode.objects.get(rule="task.none")
    assert (row.mode, row.weight, row.since) == ("money", 5, NOW)
    assert [request.rules for request in JudgementRequest.objects.all()] == [["task.none"]]
    page = client.post("/rules/", {"rule": "task.none", "mode": "money", "weight": "9"}, follow=True)
    assert "The new weight counts from the next month on" in page.content.decode()


def test_newcomers_are_given_days_once(office: Office) -> None:
    client = login()
    for _ in range(2):
        assert client.post("/rules/newcomers/", {"days": "30"}).status_code == 302
    assert [row.days for row in NewcomerGrace.objects.all()] == [30]
    assert JudgementRequest.objects.count() == 1
    assert "first 30 days" in client.get("/rules/").content.decode()
    for nonsense in ("", "x", "-1", "366"):
        client.post("/rules/newcomers/", {"days": nonsense})
    assert NewcomerGrace.objects.count() == 1


def test_a_switch_is_tried_from_its_form_and_by_an_address(
    office: Office, django_assert_max_num_queries: object
) -> None:
    """What was written in the form is tried and not saved; nonsense is answered with a sentence."""
    client = login()
    RuleMode.objects.update_or_create(
        rule="deal.stuck", defaults={"mode": "warn", "weight": 3, "since": NOW - 30 * DAY}
    )
    factory.make_finding(office.long, "deal.stuck", mode="warn", since=NOW - 10 * DAY, opens_at=NOW - 5 * DAY)
    factory.keep_checks()
    address = reverse("rule-try", args=["deal.stuck"])
    assert address in client.get("/rules/").content.decode()
    with django_assert_max_num_queries(17):  # type: ignore[operator]  # a fixture
        page = client.post(address, {"rule": "deal.stuck", "mode": "money", "weight": "5", "since_on": ""})
    assert page.status_code == 200
    whole = page.context["trial"].whole
    assert (whole.found, whole.before, whole.after) == (1, 0, 1)
    [row] = [one for one in page.context["people"] if one.person == office.anna.pk]
    assert row.marks.n_after > row.marks.n_before
    assert row.marks.after is not None and row.marks.after < 100
    for label in ("Quality", *(formats.month(month.first, "en") for month, _amount in row.pay)):
        assert f'data-label="{label}"' in page.content.decode(), "a phone shows it by its name"
    assert RuleMode.objects.get(rule="deal.stuck").weight == 3, "nothing was saved"
    assert client.get(address).context["trial"].switch.mode == "money"
    assert client.get(f"{address}?mode=off&weight=5&months=12").context["trial"].whole.after == 0
    for nonsense in ("mode=loud", "months=13", "weight=101", "weight=x"):
        assert client.get(f"{address}?{nonsense}").status_code == 422
    assert client.get("/rules/no.such/try/").status_code == 404


def test_how_many_first_cases_are_free_is_said_once(office: Office) -> None:
    client = login()
    assert "The first case of a month costs as much as any other" in client.get("/rules/").content.decode()
    for _ in range(2):
        assert client.post("/rules/first-times/", {"cases": "2"}).status_code == 302
    assert [row.cases for row in FirstTimeGrace.objects.all()] == [2]
    assert Change.objects.filter(table="qc_firsttimegrace").count() == 1
    assert not JudgementRequest.objects.exists(), "nothing is judged again"
    assert "first 2 cases" in client.get("/rules/").content.decode()
    for nonsense in ("", "x", "-1", "11"):
        client.post("/rules/first-times/", {"cases": nonsense})
    assert FirstTimeGrace.objects.count() == 1
    assert "first 2 cases" in login(Role.MANAGER, office.anna).get("/rules/").content.decode(), "all may know"


def test_rules_that_are_switched_off_are_folded_apart(office: Office) -> None:
    factory.make_regulation(office.talk, version=9, deal_untouched_idle=3 * DAY, published_at=NOW)
    RuleMode.objects.update_or_create(rule="deal.untouched", defaults={"mode": "warn", "since": NOW})
    groups = login().get(card(office.talk)).context["form"].groups
    assert [one["rule"].code for one in groups if one["state"] == "works"] == ["deal.untouched"]
    RuleMode.objects.filter(rule="deal.untouched").update(mode="off")
    folded = login().get(card(office.talk)).context["form"].folded
    assert [one["rule"].code for one in folded["off"]] == ["deal.untouched"] and len(folded["spare"]) > 5


def test_a_trial_says_which_of_its_rules_is_switched_off(office: Office) -> None:
    """Otherwise it promises cases of which none will open."""
    client, written = login(), office.values(deal_untouched_idle_number="1", deal_untouched_idle_unit="days")
    for mode, says in (("off", True), ("warn", False)):
        RuleMode.objects.update_or_create(
            rule="deal.untouched", defaults={"mode": mode, "since": NOW - 99 * DAY}
        )
        text = client.post(
            f"{card(office.talk)}try/", written, headers={"HX-Request": "true"}
        ).content.decode()
        assert ("is switched off: none of this opens" in text and "/rules/#deal.untouched" in text) is says


@pytest.mark.parametrize(
    "values",
    [
        {"rule": "no.such", "mode": "money", "weight": "1"},
        {"rule": "task.none", "mode": "loud", "weight": "1"},
        {"rule": "task.none", "mode": "money", "weight": "-1"},
        {"rule": "task.none", "mode": "money", "weight": "many"},
        {"mode": "money", "weight": "1"},
        {},
    ],
)
def test_a_nonsense_switch_changes_nothing(office: Office, values: dict[str, str]) -> None:
    before = list(RuleMode.objects.order_by("rule").values())
    response = login().post("/rules/", values)
    assert response.status_code == 422
    assert b'class="error"' in response.content or b"There is no such rule." in response.content
    assert list(RuleMode.objects.order_by("rule").values()) == before


def test_rules_tell_how_many_findings_are_open(office: Office) -> None:
    factory.make_finding(office.long)
    factory.make_finding(office.short, opens_at=NOW + DAY)
    rows = {row["code"]: row["findings"] for row in login().get("/rules/").context["rows"]}
    assert (rows["deal.stuck"], rows["task.none"]) == (1, 0)


def test_every_rule_has_an_icon_that_there_is() -> None:
    assert [rule.code for rule in RULES.values() if "<svg" not in ui.icon(rule.icon)] == []
