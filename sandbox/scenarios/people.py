"""Who works at ZolotarevAuto, on which rota, and with what habits."""

from datetime import date, timedelta
from typing import NamedTuple

from .company import GROUPS
from .weeks import REFORM

SHIFTS = "111000"
OFFICE = "1111100"
_SHIFT_A, _SHIFT_B, _MONDAY = date(2024, 1, 1), date(2024, 1, 4), date(2024, 1, 1)
NEVER_LEFT = 10_000


class Habits(NamedTuple):
    """Probabilities unless said otherwise."""

    plans: float  # sets the next task
    fills: float  # fills a required field
    on_time: float  # does a task by its deadline
    late_hours: float  # mean lateness of the rest
    skill: float  # factor on the conversion of «Целевой клиент»
    keeps: float  # leaves a dead deal open
    forgets: float  # lets a deal without a task lie for good
    writes: float  # leaves a result or a note
    tidy: float  # closes the tasks of the stage a deal has left
    buries: float  # lets an ordered deal lie on «Готов к выдаче»


class Employee(NamedTuple):
    """Weeks count from the first Monday of the story; directions are pipelines besides «Продажи»."""

    user_id: int
    name: str
    email: str
    role: str
    group: str
    pattern: str
    anchor: date
    hours: tuple[int, int]
    hired_week: int
    left_week: int
    directions: tuple[str, ...]
    habits: Habits
    learned: Habits | None = None
    evening: bool = False  # moves today's tasks to tomorrow after the shift

    def habits_in(self, week: float) -> Habits:
        """A learner goes from his first habits to the later ones in the eight weeks after the reform."""
        if self.learned is None or week <= REFORM:
            return self.habits
        share = min(1.0, (week - REFORM) / 7)
        return Habits(*(a + (b - a) * share for a, b in zip(self.habits, self.learned, strict=True)))


#                 plans fills on_t  late skill keeps forgets writes tidy buries
_STAR = Habits(0.985, 0.97, 0.98, 3, 1.45, 0.02, 0.20, 0.85, 0.99, 0.05)
_FAST = Habits(0.95, 0.40, 0.97, 4, 1.20, 0.05, 0.50, 0.20, 0.97, 0.10)
_HOARDER = Habits(0.96, 0.85, 0.97, 8, 0.80, 0.42, 0.50, 0.50, 0.96, 0.20)
_MOVER = Habits(0.96, 0.85, 0.94, 6, 0.90, 0.06, 0.55, 0.55, 0.96, 0.12)
_STEADY = Habits(0.97, 0.92, 0.97, 5, 1.05, 0.06, 0.50, 0.65, 0.98, 0.09)
_WHOLESALER = Habits(0.95, 0.90, 0.97, 6, 1.00, 0.08, 0.50, 0.55, 0.97, 0.13)
_LOST = Habits(0.24, 0.10, 0.02, 60, 0.60, 0.32, 0.60, 0.06, 0.15, 0.35)
_TAUGHT = Habits(0.96, 0.90, 0.96, 5, 1.00, 0.05, 0.30, 0.60, 0.98, 0.05)
_UNCONTROLLED = Habits(0.40, 0.40, 0.65, 24, 0.80, 0.20, 0.95, 0.15, 0.75, 0.20)
_LEAVING = Habits(0.93, 0.75, 0.96, 6, 0.80, 0.20, 0.70, 0.25, 0.95, 0.20)
_CAREFUL = Habits(0.98, 0.95, 0.97, 3, 1.00, 0.02, 0.20, 0.70, 0.98, 0.02)

_DAY, _OFFICE_DAY = (10, 20), (10, 19)
STAFF = (
    Employee(7900101, "Сергей Воронцов", "vorontsov", "head", "Отдел продаж", OFFICE, _MONDAY, _OFFICE_DAY,
             -230, NEVER_LEFT, (), _CAREFUL),
    Employee(7900102, "Ольга Тихонова", "tikhonova", "qualifier", "Квалификация", OFFICE, _MONDAY, _OFFICE_DAY,
             -61, NEVER_LEFT, ("avito",), _CAREFUL),
    Employee(7900111, "Марина Ковалёва", "kovaleva", "manager", "Смена А", SHIFTS, _SHIFT_A, _DAY,
             -148, NEVER_LEFT, ("wholesale",), _STAR),
    Employee(7900112, "Роман Дягилев", "dyagilev", "manager", "Смена А", SHIFTS, _SHIFT_A, _DAY,
             -5, NEVER_LEFT, ("warranty",), _LOST, _TAUGHT),
    Employee(7900113, "Тимур Ахметов", "akhmetov", "manager", "Смена А", SHIFTS, _SHIFT_A, _DAY,
             -70, NEVER_LEFT, ("buyout", "parts"), _FAST),
    Employee(7900114, "Кирилл Бережной", "berezhnoy", "manager", "Смена А", SHIFTS, _SHIFT_A, _DAY,
             -40, REFORM, (), _LEAVING),
    Employee(7900115, "Павел Гусев", "gusev", "manager", "Смена А", SHIFTS, _SHIFT_A, _DAY,
             20, NEVER_LEFT, (), _UNCONTROLLED),
    Employee(7900121, "Анна Лебедева", "lebedeva", "manager", "Смена Б", SHIFTS, _SHIFT_B, _DAY,
             -117, NEVER_LEFT, (), _HOARDER),
    Employee(7900122, "Дмитрий Савельев", "savelyev", "manager", "Смена Б", SHIFTS, _SHIFT_B, _DAY,
             -88, NEVER_LEFT, ("buyout", "parts"), _MOVER, None, True),
    Employee(7900123, "Елена Маркова", "markova", "manager", "Смена Б", SHIFTS, _SHIFT_B, _DAY,
             -104, NEVER_LEFT, ("warranty",), _STEADY),
    Employee(7900124, "Олег Синицын", "sinitsyn", "manager", "Смена Б", SHIFTS, _SHIFT_B, _DAY,
             -52, NEVER_LEFT, ("wholesale",), _WHOLESALER),
)  # fmt: skip
HEAD, QUALIFIER = STAFF[0], STAFF[1]
STAR, NOVICE, FORMER, NEWCOMER = STAFF[2], STAFF[3], STAFF[5], STAFF[6]
MASS_CLOSERS = (STAFF[8], STAFF[10])
MANAGERS = tuple(person for person in STAFF if person.role == "manager")

_GROUP_IDS = {name: group_id for group_id, name in GROUPS}


def group_id(person: Employee) -> int:
    return _GROUP_IDS[person.group]


def users() -> list[dict]:
    """The read shape of `/users`; the former employee is still listed, switched off."""
    every = dict.fromkeys(("view", "edit", "add", "delete", "export"), "A")
    return [
        {
            "id": p.user_id, "name": p.name, "email": f"{p.email}@zolotarev.example", "lang": "ru",
            "rights": {
                "leads": dict(every), "contacts": dict(every), "companies": dict(every),
                "tasks": {"edit": "A", "delete": "A"}, "mail_access": False, "catalog_access": True,
                "files_access": True, "status_rights": None, "catalog_rights": None, "custom_fields_rights": None,
                "oper_day_reports_view_access": False, "oper_day_user_tracking": False,
                "is_admin": p.role == "head", "is_free": False, "is_active": p.left_week == NEVER_LEFT,
                "group_id": group_id(p), "role_id": None,
            },
            "_embedded": {"groups": [{"id": group_id(p), "name": p.group}], "roles": []},
        }
        for p in STAFF
    ]  # fmt: skip


def rota(begin: date) -> list[dict]:
    """Plain facts for whoever sets up the portal: dates are ISO, hours are Moscow time."""
    return [
        {
            "user_id": p.user_id, "name": p.name, "email": f"{p.email}@zolotarev.example", "role": p.role,
            "group": p.group, "pattern": p.pattern, "anchor": p.anchor.isoformat(),
            "starts": f"{p.hours[0]:02d}:00", "ends": f"{p.hours[1]:02d}:00", "time_zone": "Europe/Moscow",
            "hired_on": (begin + timedelta(weeks=p.hired_week)).isoformat(),
            "left_on": None if p.left_week == NEVER_LEFT else (begin + timedelta(weeks=p.left_week)).isoformat(),
        }
        for p in STAFF
    ]  # fmt: skip
