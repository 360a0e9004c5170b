"""One request to the API: its account, its parsed query and body, and for whom it acts."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from werkzeug import Request, Response

from sandbox import php_query
from sandbox.account_rows import User
from sandbox.auth import Grant
from sandbox.problems import Problem, forbidden

if TYPE_CHECKING:
    from sandbox.world import World

Rule = Callable[[Any], bool]


class Call:
    def __init__(self, world: "World", request: Request) -> None:
        self.world = world
        self.request = request
        self.grant = Grant(0, is_admin=False)
        self.actor: User | None = None

    # ---- who

    @property
    def user_id(self) -> int:
        return self.actor.id if self.actor else self.grant.user_id

    @property
    def is_admin(self) -> bool:
        return self.actor.is_admin if self.actor else self.grant.is_admin

    def require_admin(self) -> None:
        if not self.is_admin:
            raise forbidden()

    def may_see(self, kind: str) -> Rule | None:
        """The rule that rows of a kind must obey to be listed for this reader; None = everything."""
        if self.is_admin:
            return None
        user = self.actor or self.world.users.get(self.user_id)
        rights = user.rights.get(kind) if user else None
        view = rights.get("view", "A") if isinstance(rights, dict) else "A"
        if view == "A" or user is None:
            return None
        if view == "G":
            return lambda row: row.group_id == user.group_id
        if view in ("M", "L"):
            return lambda row: row.responsible_user_id == user.id
        return lambda row: False

    # ---- what

    @cached_property
    def pairs(self) -> php_query.Pairs:
        return php_query.parse_pairs(self.request.query_string.decode("utf-8", "replace"))

    @cached_property
    def query(self) -> dict[str, Any]:
        return php_query.parse(self.pairs)

    @cached_property
    def filter(self) -> dict[str, Any]:
        """The `filter` part of the query; empty where the account may not filter."""
        found = self.query.get("filter")
        allowed = self.world.account.is_api_filter_enabled or self.world.switches.filter_without_flag
        return found if isinstance(found, dict) and allowed else {}

    @cached_property
    def shown(self) -> frozenset[str]:
        """The words of `with`."""
        words = [word for value in php_query.values(self.query.get("with")) for word in value.split(",")]
        return frozenset(word.strip() for word in words)

    @cached_property
    def sought(self) -> str:
        """What names a list apart from its page: calls that agree in it read the same list."""
        pairs = [pair for pair in self.pairs if pair[0] not in ("page", "limit", "with")]
        return f"{self.request.path}?{urlencode(pairs)}#{'' if self.is_admin else self.user_id}"

    def body(self) -> Any:
        """The JSON body. A body that is not JSON ends the request with 400."""
        try:
            return msgspec.json.decode(self.request.get_data())
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Problem(400, "Malformed JSON") from None

    # ---- addresses

    @cached_property
    def root(self) -> str:
        return self.request.host_url.rstrip("/")

    @cached_property
    def page_pairs(self) -> php_query.Pairs:
        names = {name for name, _ in self.pairs}
        missing = [(name, value) for name, value in (("page", "1"), ("limit", "50")) if name not in names]
        return self.pairs + missing

    def url_of_page(self, number: int) -> str:
        pairs = [(name, str(number) if name == "page" else value) for name, value in self.page_pairs]
        return f"{self.root}{self.request.path}?{urlencode(pairs)}"

    @cached_property
    def echo(self) -> str:
        """The list's own query string, which amoCRM repeats in the links of its items."""
        return f"?{urlencode(self.page_pairs)}" if self.page_pairs else ""

    def self_link(self, path: str, echo: bool = False) -> dict[str, Any]:
        return {"self": {"href": f"{self.root}/api/v4/{path}{self.echo if echo else ''}"}}


def hal(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status=status, content_type="application/hal+json")


def nothing() -> Response:
    """204 with an empty body."""
    response = Response(status=204, content_type="application/hal+json")
    return response
