"""Facts of the ZolotarevAuto account in the API v4 read shape: pipelines, loss reasons, task types."""

from typing import NamedTuple

ACCOUNT_ID = 32450017
WON, LOST = 142, 143
ROBOT = 0

GROUPS = ((0, "Отдел продаж"), (401001, "Смена А"), (401002, "Смена Б"), (401003, "Квалификация"))

CALL, MEETING, FIND_OUT, OFFER = 1, 2, 2450102, 2450103
TASK_TYPES = (
    (CALL, "Связаться", "FOLLOW_UP"),
    (MEETING, "Встреча", "MEETING"),
    (2450101, "Получить контакт", None),
    (FIND_OUT, "Выяснить потребность", None),
    (OFFER, "Отправить расчёт", None),
    (2450104, "Проверить оплату", None),
    (2450105, "Выдать заказ", None),
    (2450106, "Вернуться к клиенту", None),
    (2450107, "Осмотреть деталь", None),
    (2450108, "Ответить в чате", None),
)

LOSS_REASONS = {
    "silent": (18100001, "Не выходит на связь"),
    "off_target": (18100002, "Нецелевое обращение"),
    "dear": (18100003, "Дорого"),
    "rival": (18100004, "Купил у конкурента"),
    "no_part": (18100005, "Нет детали в наличии"),
    "changed_mind": (18100006, "Передумал ремонтировать"),
    "other": (18100007, "Другое"),
}


class AutoTask(NamedTuple):
    """What the robot sets on entering a stage: `hours` is the term within company hours."""

    kind: int
    text: str
    hours: float
    after_reform: bool = False


class Stage(NamedTuple):
    key: str
    pipeline: int
    status: int
    name: str
    color: str
    task: AutoTask | None


_UNSORTED = "Неразобранное"
_TALK = "Связаться с клиентом"
_PLAN: tuple[tuple[str, str, str, str, tuple[tuple[str, str, str, AutoTask | None], ...]], ...] = (
    (
        "sales",
        "Продажи",
        "Успешно реализовано",
        "Закрыто и не реализовано",
        (
            ("taken", "Взяли в работу", "#fffeb2", AutoTask(CALL, _TALK, 0.5)),
            ("target", "Целевой клиент", "#ffeab2", AutoTask(2450101, "Получить контакт клиента", 2)),
            (
                "contact",
                "Контакт установлен",
                "#ffdc7f",
                AutoTask(2450102, "Узнать, какие продукты и услуги интересны", 4),
            ),
            (
                "qualified",
                "Квалификация проведена",
                "#d6eaff",
                AutoTask(2450103, "Отправить расчёт и узнать решение", 5),
            ),
            ("waiting", "База ожидания", "#ccc8f9", AutoTask(2450106, "Вернуться к клиенту", 168)),
            ("payment", "Передано на оплату", "#ebffb1", AutoTask(2450104, "Проверить оплату", 6)),
            (
                "ready",
                "Готов к выдаче",
                "#87f2c0",
                AutoTask(2450105, "Сообщить о готовности, выдать заказ", 8, True),
            ),
        ),
    ),
    (
        "avito",
        "Авито",
        "Успешно реализовано",
        "Закрыто и не реализовано",
        (
            ("chat", "Новый чат", "#fffd7f", AutoTask(2450108, "Ответить в чате", 0.25)),
            ("need", "Потребность выяснена", "#c1e0ff", None),
        ),
    ),
    (
        "warranty",
        "Гарантийные случаи",
        "Гарантия исполнена",
        "В гарантии отказано",
        (
            ("received", "Обращение принято", "#ffdbdb", AutoTask(CALL, "Выяснить, что случилось", 1)),
            (
                "booked",
                "Диагностика назначена",
                "#ffc8c8",
                AutoTask(MEETING, "Принять автомобиль на диагностику", 48),
            ),
            (
                "examined",
                "Диагностика проведена",
                "#f9deff",
                AutoTask(CALL, "Согласовать решение с производством", 24),
            ),
            ("agreed", "Решение согласовано", "#f3beff", AutoTask(2450105, "Заменить деталь", 48)),
        ),
    ),
    (
        "buyout",
        "Выкуп деталей",
        "Деталь выкуплена",
        "Выкуп не состоялся",
        (
            ("offered", "Предложение получено", "#fff000", AutoTask(CALL, "Запросить фото детали", 2)),
            ("photos", "Фото получены", "#ffce5a", AutoTask(2450107, "Оценить деталь по фото", 24)),
            ("priced", "Оценка проведена", "#deff81", AutoTask(CALL, "Назвать цену выкупа", 8)),
            ("accepted", "Цена согласована", "#98cbff", AutoTask(2450107, "Принять деталь на складе", 72)),
        ),
    ),
    (
        "parts",
        "Квалификация деталей",
        "Отправлена на склад",
        "Утилизирована",
        (
            ("arrived", "Деталь поступила", "#e6e8ea", AutoTask(2450107, "Осмотреть деталь", 24)),
            (
                "checked",
                "Дефектовка проведена",
                "#d6eaff",
                AutoTask(2450107, "Решить: восстановить или разобрать", 24),
            ),
            (
                "restoring",
                "На восстановлении",
                "#eb93ff",
                AutoTask(2450107, "Принять после восстановления", 96),
            ),
        ),
    ),
    (
        "wholesale",
        "Опт",
        "Успешно реализовано",
        "Закрыто и не реализовано",
        (
            ("request", "Запрос получен", "#fffeb2", AutoTask(CALL, "Связаться с партнёром", 2)),
            ("terms", "Условия согласованы", "#ffdc7f", AutoTask(2450103, "Отправить счёт", 20)),
            ("invoice", "Счёт выставлен", "#ebffb1", AutoTask(2450104, "Проверить оплату счёта", 72)),
            ("shipping", "Отгрузка назначена", "#87f2c0", AutoTask(2450105, "Отгрузить заказ", 48)),
        ),
    ),
    (
        "couriers",
        "Курьеры",
        "Инструкция отправлена",
        "Номер не распознан",
        (("called", "Звонок принят", "#c1e0ff", None),),
    ),
)

STAGES: dict[str, Stage] = {}
PIPELINES: dict[str, int] = {}
for _n, (_pipe, _name, _won, _lost, _steps) in enumerate(_PLAN, 1):
    PIPELINES[_pipe] = 8100000 + _n
    _rows: list[tuple[str, int, str, str, AutoTask | None]] = [
        ("unsorted", 70100000 + _n * 100, _UNSORTED, "#c1c1c1", None),
        *((step[0], 70100000 + _n * 100 + i, *step[1:]) for i, step in enumerate(_steps, 1)),
        ("won", WON, _won, "#CCFF66", None),
        ("lost", LOST, _lost, "#D5D8DB", None),
    ]
    for _key, *_rest in _rows:
        STAGES[f"{_pipe}.{_key}"] = Stage(f"{_pipe}.{_key}", PIPELINES[_pipe], *_rest)  # type: ignore[arg-type]  # in its order


def account(created_at: int, current_user: int) -> dict:
    return {
        "id": ACCOUNT_ID, "name": "ZolotarevAuto", "subdomain": "zolotarev", "created_at": created_at,
        "created_by": ROBOT, "updated_at": created_at, "updated_by": ROBOT, "current_user_id": current_user,
        "country": "RU", "currency": "RUB", "currency_symbol": "₽", "customers_mode": "unavailable",
        "is_unsorted_on": True, "mobile_feature_version": 0, "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False, "is_technical_account": False, "contact_name_display_order": 1,
        "_embedded": {
            "amojo_rights": {"can_direct": True, "can_create_groups": True},
            "users_groups": [{"id": i, "name": name, "uuid": None} for i, name in GROUPS],
            "task_types": [{"id": i, "name": name, "color": None, "icon_id": None, "code": code}
                           for i, name, code in TASK_TYPES],
            "datetime_settings": {
                "date_pattern": "d.m.Y H:i", "short_date_pattern": "d.m.Y", "short_time_pattern": "H:i",
                "date_formant": "d.m.Y", "time_format": "H:i:s", "timezone": "Europe/Moscow",
                "timezone_offset": "+03:00",
            },
        },
    }  # fmt: skip


def pipelines() -> list[dict]:
    rows = []
    for number, (key, name, *_rest) in enumerate(_PLAN, 1):
        statuses = [
            {
                "id": stage.status, "name": stage.name,
                "sort": {WON: 10000, LOST: 11000}.get(stage.status, 10 + 10 * place),
                "is_editable": stage.status not in (WON, LOST) and place > 0, "pipeline_id": stage.pipeline,
                "color": stage.color, "type": 1 if place == 0 else 0, "account_id": ACCOUNT_ID,
            }
            for place, stage in enumerate(s for s in STAGES.values() if s.pipeline == PIPELINES[key])
        ]  # fmt: skip
        rows.append({
            "id": PIPELINES[key], "name": name, "sort": number, "is_main": number == 1,
            "is_unsorted_on": True,
            "is_archive": False, "account_id": ACCOUNT_ID, "_embedded": {"statuses": statuses},
        })  # fmt: skip
    return rows


def loss_reasons(created_at: int) -> list[dict]:
    return [{"id": i, "name": name, "sort": 10 * n, "created_at": created_at, "updated_at": created_at}
            for n, (i, name) in enumerate(LOSS_REASONS.values(), 1)]  # fmt: skip
