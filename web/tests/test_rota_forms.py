"""Rotas, calendars and what of an employee holds from a day, as an administrator edits them."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from core import moment
from devtools.tests import factory
from devtools.tests.factory import NOW
from pipelines.models import JudgementRequest
from team.models import AmoUser, CompanyHours, Employee, HolidayCalendar, Role, Rota, RotaAssignment
from team.schedules import count_shifts, load_clocks
from web.tests.clients import signed_in
from web.tests.test_admin import DATED, ROTA, address

pytestmark = pytest.mark.django_db
WEEK = ROTA | {
    "name": "5/2",
    "pattern": "1111100",
    "anchor": "2026-11-16",
    "starts": "09:00",
    "ends": "18:00",
}
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture(autouse=True)
def friday() -> Iterator[None]:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def admin() -> Client:
    return signed_in(factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True, language="en"))


@pytest.fixture
def anna() -> Employee:
    return factory.make_employee(Role.MANAGER, factory.make_person("Анна"), rota=a_week(), language="en")


def a_week(**values: object) -> Rota:
    hours = {"starts": time(9), "ends": time(18), "anchor": date(2026, 11, 16)}
    return Rota.objects.create(**{"name": "5/2", "pattern": "1111100", **hours} | values)


def page(admin: Client, model: type, values: dict[str, object], *args: object) -> str:
    """What is answered; "" when it was taken."""
    response = admin.post(address(model, "change" if args else "add", *args), values)
    return "" if response.status_code == 302 else response.content.decode()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"breaks": "lunch"}, "“lunch” is not hours such as 09:00–13:00, 14:00–18:00."),
        ({"breaks": "13:00-25:00x"}, "“13:00-25:00x” is not hours"),
        ({"breaks": "13:70-14:00"}, "“13:70-14:00” is not hours"),
        ({"breaks": "09:00–18:00"}, "The breaks leave nothing of a shift."),
        ({"breaks": "13:00–14:00, 13:30–15:00"}, "hours overlap, or do not follow each other within one day"),
        (
            {"special": "Friday 09:00–17:00"},
            "is not a day of the pattern with its hours, such as 5: 09:00–17:00.",
        ),
        ({"special": "5:"}, "is not a day of the pattern with its hours"),
        ({"special": "0: 09:00–17:00"}, "is not a day of the pattern with its hours"),
        ({"special": "5: 09:00–17:00\n05: 09:00–16:00"}, "Day 5 stands here twice."),
        ({"special": "6: 09:00–17:00"}, "Day 6 is a day off in this pattern."),
        ({"special": "8: 09:00–17:00"}, "The pattern has 7 days, there is no day 8."),
    ],
)
def test_nonsense_hours_are_answered_with_a_sentence(
    admin: Client,
    changes: dict[str, str],
    says: str,
) -> None:
    assert says in page(admin, Rota, WEEK | changes)
    assert not Rota.objects.exists()


def test_a_rota_with_lunch_and_a_shorter_friday(admin: Client) -> None:
    assert page(admin, Rota, WEEK | {"breaks": "13:00-14:00", "special": "5: 9:00 – 17:00"}) == ""
    rota = Rota.objects.get()
    assert (rota.breaks, rota.special) == ([["13:00", "14:00"]], {"5": [["09:00", "17:00"]]})
    text = admin.get(address(Rota, "change", rota.pk)).content.decode()
    assert "13:00–14:00" in text and "5: 09:00–17:00" in text
    assert page(admin, Rota, WEEK | {"breaks": "13:00–14:00", "special": ""}, rota.pk) == ""
    assert Rota.objects.get().special == {}, "nobody works by it, so no day is asked for"


def test_a_rota_in_use_changes_from_a_day_and_leaves_the_days_before(admin: Client, anna: Employee) -> None:
    rota = anna.rota
    CompanyHours.objects.create(rota=rota)
    later = factory.make_employee(Role.MANAGER, factory.make_person("Вера"))
    RotaAssignment.objects.create(employee=later, rota=rota, since="2027-01-11")
    four = WEEK | {"pattern": "1111000"}
    assert "say from which day the change holds, or that it was a mistake" in page(admin, Rota, four, rota.pk)
    before = count_shifts([anna.person_id], *NOVEMBER, today=NOW.date())[anna.person_id].days
    assert page(admin, Rota, four | {"holds_from": "2026-11-20"}, rota.pk) == ""
    after = count_shifts([anna.person_id], *NOVEMBER, today=NOW.date())[anna.person_id].days
    assert [day for day in before if day.day < 20] == [day for day in after if day.day < 20]
    assert [day.day for day in after if day.day >= 20] == [23, 24, 25, 26, 30]
    assert sorted(Rota.objects.values_list("name", "pattern")) == [
        ("5/2", "1111000"),
        ("5/2 (→ 20.11.2026)", "1111100"),
    ]
    rows = RotaAssignment.objects.ascending().values_list("employee__person__name", "since", "rota__pattern")
    day = date(2026, 11, 20)
    assert set(rows) == {
        ("Анна", None, "1111100"),
        ("Анна", day, "1111000"),
        (None, None, "1111100"),
        (None, day, "1111000"),
        ("Вера", date(2027, 1, 11), "1111000"),
    }


def test_a_mistake_is_corrected_in_the_past_too_and_a_name_needs_no_day(
    admin: Client, anna: Employee
) -> None:
    rota = anna.rota
    assert page(admin, Rota, WEEK | {"name": "Office"}, rota.pk) == ""
    assert page(admin, Rota, WEEK | {"pattern": "1111000", "past_too": "on"}, rota.pk) == ""
    assert Rota.objects.get().pattern == "1111000"
    both = {"pattern": "1111110", "past_too": "on", "holds_from": "2026-11-20"}
    assert "say from which day" in page(admin, Rota, WEEK | both, rota.pk)


def rows(prefix: str, *given: dict[str, object], kept: int = 0) -> dict[str, object]:
    values = DATED | {f"{prefix}-TOTAL_FORMS": len(given), f"{prefix}-INITIAL_FORMS": kept}
    return values | {f"{prefix}-{n}-{name}": one for n, row in enumerate(given) for name, one in row.items()}


def person(employee: Employee) -> dict[str, object]:
    facts = {"username": employee.username, "role": employee.role, "language": "en", "is_active": "on"}
    return facts | {"person": employee.person_id}


def test_an_employee_goes_over_to_another_rota_from_a_day(admin: Client, anna: Employee) -> None:
    other = a_week(name="2/2", pattern="1100")
    first = anna.rota_assignments.get()
    given = rows(
        "rota_assignments",
        {"id": first.pk, "employee": anna.pk, "rota": first.rota_id, "since": ""},
        {"employee": anna.pk, "rota": other.pk, "since": "2026-11-20"},
        kept=1,
    )
    assert page(admin, Employee, person(anna) | given, anna.pk) == ""
    assert JudgementRequest.objects.exists(), "everything is judged again"
    assert Employee.objects.get(pk=anna.pk).rota == other
    moment.fix("2026-11-19T12:00+00:00")
    assert Employee.objects.get(pk=anna.pk).rota == first.rota


def test_two_rotas_of_one_day_are_refused(admin: Client, anna: Employee) -> None:
    anna.rota_assignments.all().delete()
    twice = [{"employee": anna.pk, "rota": a_week().pk, "since": "2026-11-20"} for _ in range(2)]
    given = person(anna) | rows("rota_assignments", *twice)
    assert "Two of these begin on the same day." in page(admin, Employee, given, anna.pk)


def test_a_second_amocrm_user_is_given_and_one_of_another_only_from_a_day(
    admin: Client, anna: Employee
) -> None:
    second, boris = (
        factory.make_person("Анна 2"),
        factory.make_employee(Role.MANAGER, factory.make_person("Борис")),
    )
    assert page(admin, Employee, person(anna) | rows("amo_users", {"person": second.pk}), anna.pk) == ""
    assert Employee.objects.get(pk=anna.pk).sees == {anna.person_id, second.pk}
    taken = page(admin, Employee, person(boris) | rows("amo_users", {"person": anna.person_id}), boris.pk)
    assert "Анна is the main amoCRM user of" in taken
    again = page(admin, Employee, person(boris) | rows("amo_users", {"person": second.pk}), boris.pk)
    assert "Something else holds from this day already." in again
    assert AmoUser.objects.count() == 1


def test_company_hours_from_a_day(admin: Client) -> None:
    rota = a_week()
    for since in ("", "2026-12-01"):
        assert page(admin, CompanyHours, {"rota": rota.pk, "since": since}) == ""
        assert "Something else holds from this day already." in page(
            admin, CompanyHours, {"rota": rota.pk, "since": since}
        )
    assert "This field is required." in page(admin, CompanyHours, {"since": "2027-01-01"})


def calendar(**given: object) -> dict[str, object]:
    return {"name": "Казахстан", "country": "KZ", "eve_minutes": "60", **rows("days"), **given}


def test_a_calendar_of_kazakhstan_with_a_day_of_the_company(admin: Client, anna: Employee) -> None:
    monday = datetime(2026, 3, 23, tzinfo=ZoneInfo("Europe/Moscow"))
    assert load_clocks().owner(anna.person_id).worked(monday, monday + timedelta(days=1)) == timedelta(
        hours=9
    )
    own = {"day": "2026-11-26", "kind": "rest", "minutes": "0"}
    assert page(admin, HolidayCalendar, calendar() | rows("days", own)) == ""
    kazakhstan = HolidayCalendar.objects.get()
    given = WEEK | {"calendar": kazakhstan.pk, "past_too": "on"}
    assert page(admin, Rota, given, anna.rota.pk) == ""
    assert load_clocks().owner(anna.person_id).worked(monday, monday + timedelta(days=1)) == timedelta()
    assert (
        date(2026, 11, 26)
        not in count_shifts([anna.person_id], *NOVEMBER, today=NOW.date())[anna.person_id].days
    )
    text = admin.get(address(HolidayCalendar, "change", kazakhstan.pk)).content.decode()
    assert "KZ" in text and 'name="country"' not in text, "another country would change the past"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"country": "XX"}, "Select a valid choice"),
        ({"eve_minutes": "1441"}, "Ensure this value is less than or equal to 1440."),
        (
            rows("days", *[{"day": "2026-11-26", "kind": "rest", "minutes": "0"}] * 2),
            "Please correct the duplicate",
        ),
    ],
)
def test_a_nonsense_calendar_is_refused(admin: Client, values: dict[str, object], says: str) -> None:
    assert says in page(admin, HolidayCalendar, calendar(**values))
