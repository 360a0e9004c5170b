"""The open addresses: consent, the token endpoint, and where the account lives now."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from werkzeug import Request, Response
from werkzeug.utils import redirect

from sandbox import problems
from sandbox.auth import OAuthError

if TYPE_CHECKING:
    from sandbox.app import App


def consent(app: "App", request: Request) -> Response:
    """The admin agrees at once (or refuses, when the control plane says so) and is sent back to the integration."""
    client = app.integration
    if request.args.get("client_id") != client.client_id:
        return problems.not_found().response()
    answer: dict[str, Any] = {}
    if app.consent:
        code = app.tokens.new_code(app.world.admin_id, is_admin=True)
        answer = {"code": code, "referer": request.host, "platform": 1}
    else:
        answer = {"error": "access_denied"}
    if "state" in request.args:
        answer["state"] = request.args["state"]
    joint = "&" if "?" in client.redirect_uri else "?"
    return redirect(f"{client.redirect_uri}{joint}{urlencode(answer)}")


def exchange(app: "App", request: Request) -> Response:
    """`POST /oauth2/access_token`, JSON or form."""
    if request.mimetype == "application/x-www-form-urlencoded":
        body: Any = request.form.to_dict()
    else:
        try:
            body = msgspec.json.decode(request.get_data())
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
    if not isinstance(body, dict):
        return problems.oauth("Check the request body")
    try:
        pair = app.tokens.exchange(body, request.host)
    except OAuthError as error:
        return problems.oauth(error.hint)
    return Response(msgspec.json.encode(pair), content_type="application/json")


def _account(app: "App") -> Response:
    account = app.world.account
    body = {
        "id": account.id,
        "subdomain": account.subdomain,
        "domain": app.integration.domain or f"{account.subdomain}.amocrm.ru",
        "top_level_domain": "ru",
    }
    return Response(msgspec.json.encode(body), content_type="application/json")


def current_subdomain(app: "App", request: Request) -> Response:
    """By the refresh token, which is not used up by it."""
    known = app.tokens.refresh.get(request.headers.get("X-Refresh-Token", ""))
    if known is None or known[1] <= app.world.clock.timestamp():
        return problems.unauthorized().response()
    return _account(app)


def subdomain(app: "App", request: Request) -> Response:
    """The old form, by the access token."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if app.tokens.grant_of(token) is None:
        return problems.unauthorized().response()
    return _account(app)


ROUTES = {
    ("GET", "/oauth"): consent,
    ("POST", "/oauth2/access_token"): exchange,
    ("GET", "/oauth2/account/current/subdomain"): current_subdomain,
    ("GET", "/oauth2/account/subdomain"): subdomain,
}
