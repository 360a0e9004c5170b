"""Numbers, money and time as people read them, in Russian and English.

Every function takes plain values and a locale code and returns text with non-breaking spaces, so that a
figure never parts from its unit. `None` is «not known», never zero: it gives a dash. Nothing here asks what
time it is or which zone the reader is in: moments arrive in the zone they are shown in. Money is in the account's
currency, as this process knows it (`core.account`).
"""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale, dates, numbers

from core import account

Figure = int | float | Decimal

DASH = "—"
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
SIGNS = {"RUB": "₽", "KZT": "₸", "UAH": "₴", "GEL": "₾", "AMD": "֏", "AZN": "₼", "TRY": "₺", "BYN": "Br"}

_UNITS = {
    "ru": {"day": "д", "hour": "ч", "minute": "мин", "second": "с", "empty": "0 мин"},
    "en": {"day": "d", "hour": "h", "minute": "min", "second": "s", "empty": "0 min"},
}
_THOUSANDS = {
    "ru": ((10**9, "млрд"), (10**6, "млн"), (10**3, "тыс.")),
    "en": ((10**9, "B"), (10**6, "M"), (10**3, "K")),
}


def rounded(value: Figure, places: int = 0) -> Decimal:
    """`value` to `places` decimals, halves away from zero as people round; floats by their printed digits."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@lru_cache(10_000, typed=True)  # a table shows the same few figures hundreds of times
def number(value: Figure | None, locale: str, places: int = 0) -> str:
    """«6 918 700», «12,40»: exactly `places` decimals."""
    if value is None:
        return DASH
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return _minus(numbers.format_decimal(rounded(value, places), pattern, locale=locale))


def money(value: Figure | None, locale: str, kopecks: bool = False) -> str:
    """In the account's currency: «6 918 700 ₽», «6 918 700 ₸», «€6,918,700»; with kopecks «6 918 700,50 ₽»."""
    if value is None:
        return DASH
    code = currency()
    places = numbers.get_currency_precision(code) if kopecks else 0
    return _of_currency(number(value, locale, places), locale, code)


def money_short(value: Figure | None, locale: str) -> str:
    """For a card or an axis, in the account's currency: «6,9 млн ₽», «48 тыс. ₽», «950 ₽», «€6.9M».

    One decimal of millions and above («10,8 млн ₽»), of thousands only below ten; what rounds up to the next size takes
    its name.
    """
    if value is None:
        return DASH
    exact = Decimal(str(value))
    for size, name in _THOUSANDS[_language(locale)]:
        if abs(rounded(exact)) >= size or rounded(abs(exact) / size * 1000) >= 1000:
            scaled = exact / size
            places = 1 if size > 1000 or abs(rounded(scaled, 1)) < 10 else 0
            text = number(scaled, locale, places).removesuffix(",0").removesuffix(".0")
            short = f"{text}{NBSP if _language(locale) == 'ru' else ''}{name}"
            return _of_currency(short, locale, currency())
    return money(value, locale)


@lru_cache(10_000, typed=True)
def percent(ratio: Figure | None, locale: str, places: int = 0) -> str:
    """A ratio as a percentage: 0.124 → «12 %», with one place «12,4 %»; in English «12.4%»."""
    if ratio is None:
        return DASH
    text = number(Decimal(str(ratio)) * 100, locale, places)
    return text + (NBSP if _language(locale) == "ru" else "") + "%"


def signed(text: str) -> str:
    """«+12,4 %» for a text that is not negative and not zero."""
    significant = any(character in "123456789" for character in text)
    return text if text.startswith(MINUS) or not significant else "+" + text


def duration(length: timedelta | Figure | None, locale: str, parts: int = 2) -> str:
    """A length (timedelta or seconds) in its `parts` largest units: «2 д 4 ч», «7 мин», «40 с».

    Rounded down, as a clock shows it; seconds stand only alone, below a minute. A day has 24 hours: give
    working time by `hours()` where a day is a shift.
    """
    if length is None:
        return DASH
    units = _UNITS[_language(locale)]
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    sign, seconds = (MINUS if seconds < 0 else ""), abs(seconds)
    if 0 < seconds < 60:
        return f"{sign}{seconds}{NBSP}{units['second']}"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    counts = ((days, "day"), (hours, "hour"), (minutes, "minute"))
    largest = next((place for place, (count, _) in enumerate(counts) if count), 0)
    shown = [f"{count}{NBSP}{units[name]}" for count, name in counts[largest : largest + parts] if count]
    return sign + " ".join(shown).replace(" ", NBSP) if shown else units["empty"].replace(" ", NBSP)


def hours(length: timedelta | None, locale: str) -> str:
    """Working time in hours and minutes, never in days: «26 ч 30 мин»."""
    if length is None:
        return DASH
    units = _UNITS[_language(locale)]
    minutes = int(length.total_seconds()) // 60
    whole, rest = divmod(abs(minutes), 60)
    shown = [f"{whole}{NBSP}{units['hour']}"] if whole else []
    shown += [f"{rest}{NBSP}{units['minute']}"] if rest or not whole else []
    return (MINUS if minutes < 0 else "") + NBSP.join(shown)


def ago(moment: datetime | None, now: datetime, locale: str) -> str:
    """How far from `now`: «2 минуты назад», «через 3 дня»; below a minute «только что», «сейчас»."""
    if moment is None:
        return DASH
    distance = moment - now
    if abs(distance) < timedelta(minutes=1):
        past, ahead = {"ru": ("только что", "сейчас"), "en": ("just now", "now")}[_language(locale)]
        return (past if distance <= timedelta(0) else ahead).replace(" ", NBSP)
    text = dates.format_timedelta(distance, add_direction=True, threshold=1.5, locale=locale)
    return text.replace(" ", NBSP)


def day(value: date | None, locale: str, year: bool = False) -> str:
    """«21 нояб.», with the year «21 нояб. 2026 г.»; English «Nov 21», «Nov 21, 2026»."""
    if value is None:
        return DASH
    return _day(value.date() if isinstance(value, datetime) else value, locale, year)


@lru_cache(10_000)  # a list tells the same days again and again
def _day(value: date, locale: str, year: bool) -> str:
    text = dates.format_skeleton("yMMMd" if year else "MMMd", value, locale=locale)
    return NBSP.join(text.split())


def clock(value: datetime | None, locale: str) -> str:
    """«18:05»."""
    return DASH if value is None else f"{value:%H:%M}"


def stamp(value: datetime | None, now: datetime, locale: str) -> str:
    """A moment in a list: «18:05» today, «21 нояб. 18:05» this year, with the year otherwise."""
    if value is None:
        return DASH
    if value.date() == now.date():
        return clock(value, locale)
    return day(value, locale, year=value.year != now.year) + " " + clock(value, locale)


def month(value: date | None, locale: str) -> str:
    """A month as a title inside a sentence: «ноябрь 2026», «November 2026»."""
    if value is None:
        return DASH
    return dates.format_date(value, "LLLL y", locale=locale).replace(" ", NBSP)


def initials(name: str) -> str:
    """«Анна Кузнецова» → «АК»; one word gives its first letter, nothing gives «?»."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def currency() -> str:
    """The account's, by its ISO code."""
    return account.known().currency


@lru_cache(1_000)
def _sign(code: str, locale: str) -> tuple[str, bool]:
    """How a currency is written, and whether it stands before the figure there."""
    told = numbers.get_currency_symbol(code, locale)
    if told == code:  # the language has no sign of its own for it
        return SIGNS.get(code, code), False
    return told, Locale.parse(locale, sep="-").currency_formats["standard"].pattern.startswith("¤")


def _of_currency(text: str, locale: str, code: str) -> str:
    sign, is_before = _sign(code, locale)
    if not is_before:
        return text + NBSP + sign
    return MINUS + sign + text[1:] if text.startswith(MINUS) else sign + text


def _language(locale: str) -> str:
    return "ru" if locale.startswith("ru") else "en"


def _minus(text: str) -> str:
    return MINUS + text[1:] if text.startswith("-") else text
