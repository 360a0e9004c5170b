"""Lists that an account may have and this one leaves empty, so that a client that walks through all of them gets on."""

from werkzeug import Response

from sandbox.api import API, get
from sandbox.call import Call, nothing
from sandbox.problems import Problem

CUSTOMERS = f"{API}customers"
LISTS = (
    "catalogs",
    "widgets",
    "website_buttons",
    "chats/templates",
    "customers",
    "customers/<int:row_id>",
    "customers/statuses",
    "customers/segments",
    "customers/transactions",
    "leads/<int:row_id>/subscriptions",
)


def require_customers(call: Call) -> None:
    """402 for everything under `/customers` where the tariff has none."""
    path = call.request.path
    if path.startswith(CUSTOMERS) and call.world.account.customers_mode == "unavailable":
        raise Problem(402, "Функция недоступна на тарифе аккаунта (код ошибки 425)")


def show_nothing(call: Call, row_id: int = 0) -> Response:
    return nothing()


RULES = [get(path, show_nothing) for path in LISTS]
