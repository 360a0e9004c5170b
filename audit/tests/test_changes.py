"""What the triggers write, and that nobody rewrites it."""

import pytest
from django.apps import apps
from django.db import InternalError, ProgrammingError, connection, transaction

from audit.models import Change
from audit.origin import begin_origin, tell_origin
from audit.registry import KEPT
from audit.triggers import install_triggers
from devtools.tests import factory
from kpi.models import Quota
from pipelines.models import Account
from qc.models import RuleMode
from team.models import Employee, Role

pytestmark = pytest.mark.django_db
HERE = {"via": "web", "user": 7, "user_name": "Анна", "address": "203.0.113.7", "url": "POST /rules/"}

# Our tables whose changes are not kept, and why.
MIRROR = "what amoCRM says"
MACHINERY = "how far the portal's own work has come"
DERIVED = "follows from what is kept"
TELLS = "says itself who and when"
NOT_KEPT = {
    **dict.fromkeys(
        ("Pipeline", "Stage", "Person", "CustomField", "LossReason", "TaskType", "Deal", "Task", "Contact", "Event",
         "Touch"), MIRROR,
    ),
    **dict.fromkeys(("Cursor", "Hook", "Sweep", "QuarantinedRow", "JudgementRequest", "FullRun"), MACHINERY),
    **dict.fromkeys(("OpenSession", "KeptReport", "LinkCode", "BotUpdate", "ChannelState"), MACHINERY),
    **dict.fromkeys(("Stay", "Finding", "DealChecks", "RuleHalt", "MeasuredEffect", "AppealSettlement"), DERIVED),
    **dict.fromkeys(("Notice", "Step", "Delivery", "Report", "KeptProposals", "KeptWeek", "WeekFact"), DERIVED),
    **dict.fromkeys(("Alert", "PackedLives", "LifeChange"), DERIVED),
    **dict.fromkeys(("Decision", "DecisionDeal"), "is an intention: it judges, pays and shows nobody anything"),
    **dict.fromkeys(("Signature", "StepTick", "AppealStep", "Sample", "SampledDeal", "Hidden"), TELLS),
    "AlertMute": "is for whoever mutes, and says until when",
    "RegulationDraft": "judges nobody before it is published",
    "Payout": "says itself who, when and from which file",
    "SchemeDraft": "pays nobody before it is published",
    "RecoveryCode": "whose making is kept with its device",
    "Change": "is what is kept",
}  # fmt: skip


def last() -> Change:
    return Change.objects.order_by("-id").first()


def test_every_table_of_ours_is_kept_or_there_is_a_reason_why_not() -> None:
    """Changes of a new model are kept by ``@keep_changes`` above it, or it stands above with its reason."""
    ours = {
        model
        for model in apps.get_models()
        if model.__module__.partition(".")[0]
        in {"access", "audit", "pipelines", "team", "qc", "kpi", "notices", "jobs", "web"}
        and not model._meta.proxy
    }
    silent = {model.__name__ for model in ours if model._meta.db_table not in KEPT} - NOT_KEPT.keys()
    assert silent == set()
    watched = {model.__name__ for model in ours if model._meta.db_table in KEPT}
    assert watched.isdisjoint(NOT_KEPT), "the mirror writes thousands of rows, which no trigger may slow down"


def test_a_change_says_who_when_before_after_and_from_where() -> None:
    quota = Quota.objects.create(manager=factory.make_person(), period="2026-11-01", amount=100)
    with tell_origin(lambda: HERE):
        Quota.objects.filter(pk=quota.pk).update(amount="200.50")
    change = last()
    assert (change.table, change.row, change.act) == ("kpi_quota", str(quota.pk), "changed")
    assert (change.before["amount"], change.after["amount"]) == (100.00, 200.50)
    assert change.differing == ["amount"]
    assert (change.user, change.user_name, change.address, change.url, change.via) == (
        7, "Анна", "203.0.113.7", "POST /rules/", "web",
    )  # fmt: skip
    with tell_origin(lambda: HERE | {"user": 8}):
        quota.delete()
    assert (last().act, last().user, last().after) == ("removed", 8, None)


def test_each_way_of_writing_is_noticed() -> None:
    before = Change.objects.order_by("-id").values_list("pk", flat=True).first() or 0
    with tell_origin(lambda: HERE):
        RuleMode.objects.bulk_create([RuleMode(rule=f"r{number}", since=factory.NOW) for number in range(3)])
        RuleMode.objects.filter(rule="r0").update(weight=5)
        RuleMode(rule="r1", weight=7, since=factory.NOW).save()
        RuleMode.objects.bulk_update([RuleMode(rule="r2", weight=9)], ["weight"])
        RuleMode.objects.filter(rule__in=["r0", "r1", "r2"]).delete()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO qc_rulemode VALUES ('raw', 'off', 1, now(), '{}')")
    found = Change.objects.filter(table="qc_rulemode", pk__gt=before).order_by("id")
    assert list(found.values_list("act", flat=True)) == [
        *["added"] * 3, *["changed"] * 3, *["removed"] * 3, "added",
    ]  # fmt: skip
    assert set(found.filter(user=7).values_list("row", flat=True)) == {"r0", "r1", "r2"}


def test_what_changes_nothing_leaves_nothing() -> None:
    employee = factory.make_employee(Role.ADMIN)
    before = Change.objects.count()
    employee.save()
    Employee.objects.filter(pk=employee.pk).update(last_login=factory.NOW)
    assert Change.objects.count() == before


def test_secrets_are_masked_and_their_change_is_seen() -> None:
    Account.objects.create(id=1, base_url="https://a.amocrm.ru", credentials=b"first", hook_secret="bell")
    Account.objects.filter(pk=1).update(credentials=b"second")
    employee = factory.make_employee(Role.ADMIN, password="very secret indeed")
    employee.set_password("another secret indeed")
    employee.save()
    text = str([(one.before, one.after) for one in Change.objects.all()])
    for secret in ("bell", b"first".hex(), b"second".hex(), "pbkdf2", "md5$"):
        assert secret not in text
    assert last().differing == ["password"]
    change = Change.objects.filter(table="pipelines_account", act="changed").get()
    assert change.differing == ["credentials"]
    assert change.after["hook_secret"] == change.before["hook_secret"] == "•••"


def test_the_origin_ends_with_its_work_and_people_are_asked_for_when_they_write() -> None:
    person = factory.make_person()
    end = begin_origin(lambda: {"via": "task", "name": "jobs.pay.refresh"})
    Quota.objects.create(manager=person, period="2026-10-01", amount=1)
    assert (last().via, last().name) == ("task", "jobs.pay.refresh")
    end()
    Quota.objects.create(manager=person, period="2026-11-01", amount=1)
    assert last().via == "command"


def test_past_the_portal_is_told_as_such() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('salesops.origin', '', true)")
        cursor.connection.execute("INSERT INTO qc_rulemode VALUES ('raw', 'off', 1, now(), '{}')")
    assert (last().via, last().user) == ("direct", None)


@pytest.mark.parametrize(
    "sql",
    ["UPDATE audit_change SET user_name = 'nobody'", "DELETE FROM audit_change", "TRUNCATE audit_change"],
)
def test_nobody_edits_it(sql: str) -> None:
    """``conftest`` switches the guard against TRUNCATE off, which empties the tables between tests."""
    Quota.objects.create(manager=factory.make_person(), period="2026-11-01", amount=1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_change ENABLE TRIGGER audit_guard_all")
    with (
        pytest.raises((ProgrammingError, InternalError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert last().table == "kpi_quota"


def test_a_statement_that_is_computed_anew_is_no_change_and_a_closed_month_is() -> None:
    from kpi.models import Scheme, Statement, StatementLine

    person = factory.make_person()
    scheme = Scheme.objects.create(code="a", version=1, title="A", document={}, effective_from="2026-01-01")
    row = Statement.objects.create(
        manager=person, period="2026-11-01", scheme=scheme, computed_at=factory.NOW
    )
    before = Change.objects.count()
    Statement.objects.update(total=5)
    StatementLine.objects.create(statement=row, position=0, code="rate", amount=5)
    StatementLine.objects.all().delete()
    assert Change.objects.count() == before
    Statement.objects.update(status="closed")
    assert (last().before["status"], last().after["status"]) == ("live", "closed")
    assert "inputs" not in last().after
    StatementLine.objects.create(statement=row, position=1, code="correction", amount=-5, reason="late")
    assert last().table == "kpi_statementline"


def test_triggers_are_put_up_once_and_taken_down_with_their_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def standing() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit\\_%' AND tgname NOT LIKE 'audit\\_guard%'"
            )
            return int(cursor.fetchone()[0])

    assert standing() == 3 * len(KEPT)
    install_triggers()
    assert standing() == 3 * len(KEPT)
    monkeypatch.delitem(KEPT, "kpi_quota")
    install_triggers()
    assert standing() == 3 * len(KEPT)
    Quota.objects.create(manager=factory.make_person(), period="2026-11-01", amount=1)
    assert last() is None or last().table != "kpi_quota"
