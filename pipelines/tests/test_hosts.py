import pytest

from pipelines.amo import hosts


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("example.amocrm.ru", "https://example.amocrm.ru"),
        (" https://Example.amocrm.ru/leads/list/?skip=1 ", "https://example.amocrm.ru"),
        ("http://a-1.amocrm.com", "https://a-1.amocrm.com"),
        ("https://x.kommo.com:443", "https://x.kommo.com"),
        ("apiary.amocrm.ru", "https://apiary.amocrm.ru"),
    ],
)
def test_an_account_is_found_in_whatever_is_pasted(said: str, address: str) -> None:
    assert hosts.account_address(said) == address


@pytest.mark.parametrize(
    "said",
    [
        "", "amocrm.ru", "www.amocrm.ru", "api-a.amocrm.ru", "example.amocrm.ru.evil.example", "evil.example",
        "https://example.amocrm.ru@evil.example", "https://user@example.amocrm.ru", "example.amocrm.ru:8443",
        "https://evilamocrm.ru", "a.b.amocrm.ru", "-x.amocrm.ru", "http://[::1", "http://x.amocrm.ru:99999",
        "127.0.0.1:8765", "localhost", "ёлка.amocrm.ru", "javascript://x.amocrm.ru/%0aalert(1)//\nx",
        "x.amocrm.ru\\@evil.example",
        "https://evil.example/.amocrm.ru", "https://evil.example#.amocrm.ru",
    ],
)  # fmt: skip
def test_no_other_host_is_taken_for_amocrm(said: str) -> None:
    try:
        address = hosts.account_address(said)
    except ValueError:
        return
    assert address in ("https://x.amocrm.ru",), "only the host is taken over, and it is an account's"


@pytest.mark.parametrize(
    ("said", "address"),
    [("127.0.0.1:8765", "http://127.0.0.1:8765"), ("http://localhost/", "http://localhost")],
)
def test_a_sandbox_is_taken_where_one_is_expected(said: str, address: str) -> None:
    assert hosts.account_address(said, sandbox=True) == address
    with pytest.raises(ValueError):
        hosts.account_address(said)


def test_the_page_of_consent_and_the_directory_are_those_of_the_zone() -> None:
    assert hosts.consent_page("https://x.kommo.com") == "https://www.kommo.com/oauth"
    assert hosts.consent_page("http://127.0.0.1:1") == "http://127.0.0.1:1/oauth"
    assert hosts.directory("https://x.amocrm.ru", "api-a.amocrm.ru") == "https://api-a.amocrm.ru"
    for nonsense in (None, 7, "evil.example", "api-a.amocrm.ru.evil.example"):
        assert hosts.directory("https://x.amocrm.ru", nonsense) == "https://www.amocrm.ru"
