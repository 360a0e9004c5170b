"""Invented clients: names, cars, towns, and what is broken and what mending it costs."""

import random
from typing import NamedTuple

_MEN_TEXT = """
    Алексей Андрей Антон Артём Борис Вадим Виктор Виталий Владислав Георгий Денис Евгений Егор Иван
    Игорь Илья Константин Леонид Максим Никита Николай Руслан Станислав Степан Фёдор Юрий Ярослав
"""
_WOMEN_TEXT = """
    Алина Виктория Галина Дарья Екатерина Ирина Ксения Людмила Надежда Наталья Полина Светлана Юлия
"""
_SURNAMES_TEXT = """
    Абрамов Афанасьев Баранов Белоусов Блинов Быков Вишняков Воронин Герасимов Голубев Горшков Громов
    Давыдов Демидов Ефремов Жданов Журавлёв Зимин Зуев Игнатов Кабанов Калинин Карташов Климов
    Колесников Корнилов Крылов Кудряшов Лаптев Логинов Лыткин Мальцев Медведев Мухин Назаров Нестеров
    Орехов Панфилов Пестов Поляков Пахомов Родионов Рябов Самсонов Селезнёв Сорокин Субботин Суханов
    Терентьев Третьяков Уваров Федотов Филатов Хохлов Черепанов Чистяков Шубин Щербаков Юдин Якушев
"""
_MEN, _WOMEN, _SURNAMES = (tuple(text.split()) for text in (_MEN_TEXT, _WOMEN_TEXT, _SURNAMES_TEXT))
CITIES = (
    ("Москва", 40), ("Подольск", 8), ("Химки", 8), ("Санкт-Петербург", 9), ("Казань", 4), ("Екатеринбург", 4),
    ("Тула", 4), ("Калуга", 3), ("Рязань", 3), ("Нижний Новгород", 4), ("Самара", 3), ("Краснодар", 4),
    ("Воронеж", 3), ("Тверь", 3),
)  # fmt: skip
_CITY_NAMES, _CITY_WEIGHTS = zip(*CITIES, strict=True)
CARS = {
    "Mercedes-Benz": ("GL X164", "GLS X166", "S W221", "S W222", "ML W164", "E W212", "R W251"),
    "BMW": ("X5 E70", "X5 F15", "X6 F16", "7 F01", "7 G11"),
    "Audi": ("Q7 4L", "Q7 4M", "A8 D3", "A8 D4", "A6 C6 allroad"),
    "Land Rover": ("Range Rover L322", "Range Rover L405", "Discovery 3", "Discovery 4", "Range Rover Sport"),
    "Porsche": ("Cayenne 955", "Cayenne 958", "Panamera 970"),
    "Volkswagen": ("Touareg GP", "Touareg NF", "Phaeton"),
    "Lexus": ("LX 570", "GX 470", "LS 460"),
    "Jeep": ("Grand Cherokee WK2",),
}
# Service: roubles from and to, how often asked for.
SERVICES = {
    "Пневмобаллон": (6000, 13000, 24),
    "Пневмостойка": (11000, 24000, 25),
    "Компрессор": (8000, 21000, 16),
    "Блок клапанов": (6000, 11000, 8),
    "Восстановление стойки": (8000, 17000, 12),
    "Установка": (4000, 9000, 0),
    "Ремонт оси под ключ": (28000, 60000, 9),
    "Полный ремонт подвески": (75000, 150000, 6),
}
_NEEDS = tuple(SERVICES)
_NEED_WEIGHTS = tuple(weight for *_range, weight in SERVICES.values())
WORKSHOPS = (
    "Пневмоцентр", "Автолига", "Мотор-Сервис", "Подвеска-Плюс", "Премиум Гараж", "СТО на Южной", "Авторазбор 63",
    "Евро Авто", "Немецкий дом", "Шасси", "Гараж 77", "Атмосфера", "Воздух-Авто", "Тех-Лайн",
)  # fmt: skip


class Need(NamedTuple):
    brand: str
    model: str
    services: tuple[str, ...]
    city: str
    price: int

    @property
    def title(self) -> str:
        return f"{self.services[0]} {self.brand} {self.model}"


def person(rng: random.Random) -> tuple[str, str]:
    """First name and surname; half of the people in chats leave only the first one."""
    surname = rng.choice(_SURNAMES) if rng.random() < 0.55 else ""
    if rng.random() < 0.8:
        return rng.choice(_MEN), surname
    return rng.choice(_WOMEN), surname and surname + "а"


def phone(rng: random.Random) -> str:
    """The code 000 belongs to no operator: nobody can be rung up by mistake."""
    return f"+7000{rng.randrange(10**7):07d}"


def need(rng: random.Random) -> Need:
    brand = rng.choice(tuple(CARS))
    first = rng.choices(_NEEDS, _NEED_WEIGHTS)[0]
    services = (first, "Установка") if rng.random() < 0.3 and SERVICES[first][1] < 28000 else (first,)
    price = sum(rng.randrange(*SERVICES[s][:2], 100) for s in services)
    return Need(brand, rng.choice(CARS[brand]), services, rng.choices(_CITY_NAMES, _CITY_WEIGHTS)[0], price)
