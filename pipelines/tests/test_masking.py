import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mirror.masking import mask_contacts


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Перезвонить +7 (999) 123-45-67 до обеда", "Перезвонить … до обеда"),
        ("8 999 123 45 67", "…"),
        ("тел. 8.999.123.45.67, Иван", "тел. …, Иван"),
        ("выслать на ivan@mail.ru и в @ivan_77", "выслать на … и в …"),
        ("https://wa.me/79991234567", "…"),
        ("Счёт на 1 200 000 ₽ до 12.05.2026 10:30", "Счёт на 1 200 000 ₽ до 12.05.2026 10:30"),
        ("сделка 48004, BMW X5\nдва дня", "сделка 48004, BMW X5 два дня"),
        (None, ""),
        (7, ""),
    ],
)
def test_contacts_never_leave_amocrm(text: object, kept: str) -> None:
    assert mask_contacts(text) == kept


@given(st.text(max_size=60), st.integers(10**9, 10**11), st.sampled_from(["", " ", "-"]))
def test_a_number_of_ten_digits_is_masked_whatever_stands_around(around: str, number: int, mark: str) -> None:
    phone = mark.join(str(number))
    assert phone not in mask_contacts(f"{around} тел {phone} {around}")
