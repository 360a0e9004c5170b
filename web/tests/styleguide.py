"""Invented data for the style guide: every component once, in realistic Russian."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator

from core import charts, formats

MANAGERS = (
    ("Анна Кузнецова", 96, 1842000, 1.12, 48200, "good", "В норме"),
    ("Дмитрий Соколов", 88, 1510500, 0.97, 39650, "good", "В норме"),
    ("Мария Ёлкина", 74, 1126000, 0.81, 24100, "warn", "Внимание"),
    ("Игорь Петров", 61, 784300, 0.58, 12700, "bad", "Риск"),
    ("Светлана Орлова", 91, 1655900, 1.04, 44020, "good", "В норме"),
)
PAID = (
    298,
    335,
    231,
    549,
    380,
    424,
    258,
    225,
    214,
    189,
    384,
    460,
    327,
    588,
    569,
    209,
    291,
    444,
    452,
    362,
    319,
)
NAV = (
    (
        "",
        (
            ("layout-dashboard", "Обзор", "", True),
            ("shield-check", "Контроль качества", 12, False),
            ("trophy", "KPI и премии", "", False),
            ("users", "Менеджеры", "", False),
            ("square-kanban", "Воронки", "", False),
        ),
    ),
    ("Система", (("refresh-cw", "Синхронизация", "", False), ("settings", "Настройки", "", False))),
)


class Filters(forms.Form):
    department = forms.ChoiceField(label="Отдел", choices=[("", "Все отделы"), ("1", "Окна")], required=False)
    person = forms.ChoiceField(
        label="Менеджер", choices=[("", "Все менеджеры"), ("1", "Анна Кузнецова")], required=False
    )
    search = forms.CharField(label="Сделка", required=False)


class Appeal(forms.Form):
    reason = forms.ChoiceField(
        label="Причина", choices=[("owner", "Сделка была не моя"), ("rule", "Правило ошиблось")]
    )
    text = forms.CharField(
        label="Что не так",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Коротко: кто, когда, что увидели.",
    )
    due = forms.DateField(label="Ответить до", error_messages={"invalid": "Введите дату в виде 30.11.2026."})
    notify = forms.BooleanField(label="Сообщить в Telegram", required=False)


class Reader:
    is_authenticated = True
    get_role_display = "Директор"

    def __str__(self) -> str:
        return "Ольга Воронцова"


def sample() -> dict[str, Any]:
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(len(PAID))]
    paid = [value * 1000 for value in PAID]
    stages = ["Заявка", "Замер", "КП", "Договор", "Оплата"]
    return {
        "user": Reader(),
        "nav": [
            {
                "title": title,
                "items": [
                    {"icon": icon, "label": label, "badge": badge, "active": active, "url": "#page"}
                    for icon, label, badge, active in items
                ],
            }
            for title, items in NAV
        ],
        "freshness": {"as_of": datetime.now(UTC) - timedelta(minutes=2), "state": "ok"},
        "judging": {"left": 1_240, "more": False},
        "periods": [("День", "#page", False), ("Неделя", "#page", False), ("Месяц", "#page", True)],
        "filters": Filters({"department": "1", "person": ""}),
        "form": Appeal({"reason": "rule", "text": "Задача была поставлена на встрече", "due": "завтра"}),
        "managers": [
            dict(zip(("name", "quality", "sum", "plan", "bonus", "tone", "status"), row, strict=True))
            | {"icon": ""}
            for row in MANAGERS
        ],
        "page": Paginator(range(248), 5).page(4),
        "stages": stages,
        "stuck": [
            (
                name,
                [
                    ((column * 3 + row * 5) % 11 / 11, (column * 7 + row * 3) % 29)
                    for column in range(len(stages))
                ],
            )
            for row, (name, *_) in enumerate(MANAGERS)
        ],
        "payments": charts.bars_and_line(
            days,
            charts.Series(
                "Оплаты",
                paid,
                texts=[
                    f"{formats.day(day, 'ru')}: {formats.money(value, 'ru')}"
                    for day, value in zip(days, paid, strict=True)
                ],
            ),
            charts.Series("План", [420_000] * len(days), color="muted"),
        ),
        "tiers": [(500000, "3,5 %"), (900000, "4,5 %"), (1200000, "5,5 %")],
        "deal": [
            {
                "name": "Заявка",
                "seconds": 3600,
                "tone": "good",
                "text": "1 ч",
                "title": "Анна Кузнецова, 12.11 09:10",
            },
            {"name": "Замер", "seconds": 100000, "tone": "good", "text": "1 д 3 ч"},
            {
                "name": "КП отправлено",
                "seconds": 210000,
                "tone": "warn",
                "text": "2 д 10 ч",
                "inferred": True,
            },
            {"name": "Договор", "seconds": 400000, "tone": "bad", "text": "4 д 15 ч", "gap": True},
        ],
    }
