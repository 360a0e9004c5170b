import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.tests.conftest import ADMIN, BORIS, Api, T

REVOKED = {
    "hint": "Token has been revoked",
    "title": "Некорректный запрос",
    "type": "https://developers.amocrm.ru/v3/errors/OAuthProblemJson",
    "status": 401,
    "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
}


def keys(api: Api, **body: Any) -> dict[str, Any]:
    client = api.app.integration
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uri": client.redirect_uri,
        **body,
    }


def exchange(api: Api, **body: Any) -> tuple[int, Any]:
    return api.call("POST", "/oauth2/access_token", keys(api, **body))


def first_pair(api: Api, **who: Any) -> dict[str, Any]:
    code = api.control("integration/code", who)[1]["code"]
    status, pair = exchange(api, grant_type="authorization_code", code=code)
    assert status == 200
    return dict(pair)


def bearer(pair: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_a_code_is_good_for_one_pair(api: Api) -> None:
    code = api.control("integration/code", {})[1]["code"]
    status, pair = exchange(api, grant_type="authorization_code", code=code)
    assert (status, pair["token_type"], pair["expires_in"]) == (200, "Bearer", 86400)
    assert api.get("account", **bearer(pair))[0] == 200
    status, body = exchange(api, grant_type="authorization_code", code=code)
    assert (status, body["hint"]) == (401, "Authorization code has been revoked")


def test_a_code_dies_after_twenty_minutes(api: Api) -> None:
    code = api.control("integration/code", {})[1]["code"]
    api.control("clock", {"advance": 20 * 60})
    status, body = exchange(api, grant_type="authorization_code", code=code)
    assert (status, body["hint"]) == (401, "Authorization code has expired")


def test_every_refresh_gives_a_new_pair_and_kills_the_old_refresh_token(api: Api) -> None:
    old = first_pair(api)
    status, new = exchange(api, grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert status == 200
    assert new["refresh_token"] != old["refresh_token"]
    assert api.get("account", **bearer(new))[0] == 200
    assert api.get("account", **bearer(old))[0] == 200
    assert exchange(api, grant_type="refresh_token", refresh_token=old["refresh_token"]) == (401, REVOKED)
    assert exchange(api, grant_type="refresh_token", refresh_token=new["refresh_token"])[0] == 200


def test_of_many_refreshes_at_once_one_wins(api: Api) -> None:
    old = first_pair(api)

    def refresh(_: int) -> int:
        return exchange(api, grant_type="refresh_token", refresh_token=old["refresh_token"])[0]

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(refresh, range(8))) == [200] + [401] * 7


def test_an_access_token_lives_a_day_and_a_refresh_token_three_months(api: Api) -> None:
    pair = first_pair(api)
    api.control("clock", {"advance": 86399})
    assert api.get("account", **bearer(pair))[0] == 200
    api.control("clock", {"advance": 1})
    assert api.get("account", **bearer(pair))[0] == 401
    status, pair = exchange(api, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert status == 200
    api.control("clock", {"advance": 90 * 86400})
    status, body = exchange(api, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert (status, body["hint"]) == (401, "Token has expired")


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"client_secret": "wrong"}, None),
        ({"client_id": "wrong"}, None),
        ({"redirect_uri": "https://elsewhere.example/"}, "Invalid redirect URI"),
        ({"grant_type": "password"}, "Check the `grant_type` parameter"),
        ({"refresh_token": "never seen"}, "Cannot decrypt the refresh token"),
    ],
)
def test_a_bad_grant_is_401_with_a_reason(api: Api, change: dict[str, str], hint: str | None) -> None:
    pair = first_pair(api)
    body = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], **change}
    response = api.raw("POST", "/oauth2/access_token", keys(api, **body))
    assert (response.status_code, response.content_type) == (401, "application/problem+json")
    found = json.loads(response.data)
    assert found.get("hint") == hint
    assert found["title"] == ("Некорректный запрос" if hint else "Некорректный клиент")
    assert exchange(api, grant_type="refresh_token", refresh_token=pair["refresh_token"])[0] == 200


def test_a_form_is_taken_too(api: Api) -> None:
    code = api.control("integration/code", {})[1]["code"]
    body = keys(api, grant_type="authorization_code", code=code)
    assert api.client.post("/oauth2/access_token", data=body).status_code == 200


def test_the_access_token_is_a_jwt_with_the_known_claims(api: Api) -> None:
    token = first_pair(api)["access_token"]
    head, claims, signature = token.split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "RS256"
    assert signature
    assert (decoded["exp"], decoded["iat"], decoded["sub"]) == (T + 86400, T, str(ADMIN))
    assert decoded["aud"] == api.app.integration.client_id
    assert decoded["account_id"] == 16700680
    assert {"base_domain", "api_domain", "scopes", "version", "jti", "nbf"} <= set(decoded)


def test_consent_sends_the_admin_back_with_a_code(api: Api) -> None:
    client_id = api.app.integration.client_id
    response = api.raw("GET", f"/oauth?client_id={client_id}&state=s1&mode=popup")
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert (response.status_code, query["state"], query["referer"]) == (302, ["s1"], ["localhost"])
    assert exchange(api, grant_type="authorization_code", code=query["code"][0])[0] == 200
    api.control("integration/consent", {"agree": False})
    response = api.raw("GET", f"/oauth?client_id={client_id}")
    assert "error=access_denied" in response.headers["Location"]


def test_the_subdomain_is_told_to_the_holder_of_a_refresh_token(api: Api) -> None:
    pair = first_pair(api)
    path = "/oauth2/account/current/subdomain"
    status, body = api.get(path, X_Refresh_Token=pair["refresh_token"])
    assert (status, body["subdomain"], body["domain"]) == (200, "demo", "demo.amocrm.ru")
    assert api.get(path, X_Refresh_Token="x")[0] == 401
    assert api.get("/oauth2/account/subdomain")[0] == 200


def test_a_token_of_an_ordinary_user_sees_what_he_sees(api: Api) -> None:
    pair = first_pair(api, user_id=BORIS)
    _, body = api.get("leads", **bearer(pair))
    assert [row["id"] for row in body["_embedded"]["leads"]] == [2]
    assert api.get("users", **bearer(pair))[0] == 403
    assert api.get("account", **bearer(pair))[1]["current_user_id"] == BORIS


def test_an_admins_token_outlives_the_admin(api: Api) -> None:
    pair = first_pair(api)
    api.control("users/remove", {"user_id": ADMIN})
    assert api.get("users", **bearer(pair))[0] == 200


def test_disabling_the_integration_kills_every_token_and_rings_the_deauth_hook(api: Api) -> None:
    came: list[str] = []
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.path)
            self.send_response(200)
            self.end_headers()
            done.set()

        def log_message(self, *_: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.handle_request, daemon=True).start()
    pair = first_pair(api)
    api.control("integration", {"deauth_url": f"http://127.0.0.1:{server.server_port}/off"})
    api.control("integration/disable", {})
    assert done.wait(3)
    server.server_close()
    query = parse_qs(urlsplit(came[0]).query)
    assert query["account_id"] == ["16700680"]
    assert len(query["signature"][0]) == 64
    assert api.get("account")[0] == 401
    assert exchange(api, grant_type="refresh_token", refresh_token=pair["refresh_token"])[0] == 401


def test_a_long_lived_token_can_be_revoked(api: Api) -> None:
    assert api.get("account")[0] == 200
    api.control("tokens/revoke", {})
    assert api.get("account")[0] == 401
