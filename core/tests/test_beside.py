import pytest
from django.db import DataError, connection

from core.beside import ask_beside


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])


def fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1 / 0")


@pytest.mark.django_db(transaction=True)
def test_two_questions_have_two_connections() -> None:
    answer = ask_beside(backend)
    assert answer() != backend()


@pytest.mark.django_db
def test_within_a_transaction_there_is_one() -> None:
    assert ask_beside(backend)() == backend()


@pytest.mark.django_db(transaction=True)
def test_what_asking_raises_is_raised_by_who_waits() -> None:
    answer = ask_beside(fail)
    with pytest.raises(DataError):
        answer()
