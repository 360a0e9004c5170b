"""What an answer may cost, where it may be kept, and from where it was asked for."""

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.test import RequestFactory, override_settings
from psycopg.errors import QueryCanceled

from devtools.tests import factory
from notices.models import Silence
from qc.models import ControlOff, PlannedSwitch, Sample
from team.models import Role
from web.frame import statement_limit
from web.frame.origin import client_address, network_of
from web.tests.clients import signed_in

PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "", PROXY),
        (0, "203.0.113.7", PROXY),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.1.1.1, 203.0.113.7", "203.0.113.7"),
        (1, " 2001:db8::7 ", "2001:db8::7"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "", PROXY),
        (1, "nonsense", PROXY),
        (1, "203.0.113.7,", PROXY),
        (2, "203.0.113.7", PROXY),
        (2, "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (1, "1.1.1.1," * 5000, PROXY),
    ],
)
def test_only_what_our_own_proxies_said_is_believed(proxies: int, header: str, address: str) -> None:
    headers = {"HTTP_X_FORWARDED_FOR": header} if header else {}
    with override_settings(PROXIES=proxies):
        assert client_address(RequestFactory().get("/", REMOTE_ADDR=PROXY, **headers)) == address


def test_a_household_is_one_place() -> None:
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("unknown") == "unknown"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/my/", "/deals/", "/api/v1/statements/", "/desk/pulse/", "/login/", "/nothing/"]
)
def test_no_answer_is_kept_on_the_way(path: str) -> None:
    client = signed_in(factory.make_employee(Role.DIRECTOR))
    assert "no-store" in client.get(path).headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/freshness/", "application/json"), ("/my/", "text/html")]
)
def test_what_takes_the_database_too_long_is_said(path: str, kind: str, monkeypatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise OperationalError from QueryCanceled()

    monkeypatch.setattr("web.api.views.freshness.read_freshness", slow)
    monkeypatch.setattr("web.pay.views.read_choice", slow)
    client = signed_in(factory.make_employee(Role.DIRECTOR))
    page = client.get(path)
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert page.headers["Content-Type"].startswith(kind)


@pytest.mark.django_db
def test_other_faults_of_the_database_stay_faults() -> None:
    assert statement_limit.Middleware(lambda _: None).process_exception(None, OperationalError()) is None


@pytest.mark.django_db
def test_a_statement_of_a_page_ends_at_the_limit() -> None:
    with override_settings(STATEMENT_LIMIT=1):
        statement_limit._bound(connection)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("1s",)
        with pytest.raises(OperationalError) as caught:
            cursor.execute("SELECT pg_sleep(5)")
    assert isinstance(caught.value.__cause__, QueryCanceled)
    connection.close()


@pytest.mark.django_db
@pytest.mark.parametrize("said", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_at_the_end_of_the_calendar_is_refused_with_a_sentence(said: str) -> None:
    client = signed_in(factory.make_employee(Role.DIRECTOR))
    for name in ("since", "until"):
        assert client.get("/deals/", {name: said}).status_code == 422
        assert client.get("/api/v1/deals/", {name: said}).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2201-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/rules/control/", {"action": "off", "reason": "x", "until_on": "{day}"}),
        ("/rules/control/", {"action": "off", "reason": "x", "since_on": "{day}"}),
        ("/rules/", {"rule": "task.none", "mode": "money", "weight": "5", "since_on": "{day}"}),
        ("/notices/silences/", {"about": "rule:task.none", "until": "{day}", "reason": "x"}),
        ("/decisions/hide/", {"key": "k", "until": "{day}", "reason": "x"}),
        ("/review/samples/", {"since": "{day}", "until": "{day}", "size": "5"}),
        ("/then-and-now/?date={day}", {}),
        ("/alerts/?week={day}", {}),
        ("/losses/?day={day}", {}),
    ],
)
def test_a_day_beyond_all_years_in_use_is_answered(path: str, form: dict[str, str], day: str) -> None:
    client = signed_in(factory.make_employee(Role.ADMIN))
    sent = {name: value.format(day=day) for name, value in form.items()}
    answer = client.post(path, sent) if form else client.get(path.format(day=day))
    assert answer.status_code in (200, 302, 422)
    assert not ControlOff.objects.exists() and not Silence.objects.exists()
    assert not PlannedSwitch.objects.exists() and not Sample.objects.exists()
