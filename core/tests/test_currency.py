"""Money is told in the account's currency, as the reader's language writes it."""

from decimal import Decimal

import pytest

from core import account, formats
from core.account import DEFAULT


@pytest.mark.parametrize(
    ("code", "locale", "plain", "with_cents", "short", "below_zero"),
    [
        ("RUB", "ru", "350 000 ₽", "1 234,50 ₽", "6,9 млн ₽", "−5 ₽"),
        ("RUB", "en", "350,000 ₽", "1,234.50 ₽", "6.9M ₽", "−5 ₽"),
        ("KZT", "ru", "350 000 ₸", "1 234,50 ₸", "6,9 млн ₸", "−5 ₸"),
        ("KZT", "en", "350,000 ₸", "1,234.50 ₸", "6.9M ₸", "−5 ₸"),
        ("EUR", "ru", "350 000 €", "1 234,50 €", "6,9 млн €", "−5 €"),
        ("EUR", "en", "€350,000", "€1,234.50", "€6.9M", "−€5"),
        ("UZS", "ru", "350 000 UZS", "1 234,50 UZS", "6,9 млн UZS", "−5 UZS"),
        ("JPY", "en", "¥350,000", "¥1,235", "¥6.9M", "−¥5"),
    ],
)
def test_money_is_told_in_the_accounts_currency(
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    locale: str,
    plain: str,
    with_cents: str,
    short: str,
    below_zero: str,
) -> None:
    monkeypatch.setattr(account, "_last", DEFAULT._replace(currency=code))
    told = (
        formats.money(350_000, locale),
        formats.money(Decimal("1234.50"), locale, kopecks=True),
        formats.money_short(6_918_700, locale),
        formats.money(-5, locale),
    )
    assert tuple(text.replace("\xa0", " ") for text in told) == (plain, with_cents, short, below_zero)
