"""Pages of a list: what was asked for, the links, and nothing (204) where there is nothing."""

from dataclasses import dataclass
from typing import Any

from sandbox.call import Call
from sandbox.problems import Problem

DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class Page:
    number: int
    limit: int

    @property
    def start(self) -> int:
        return (self.number - 1) * self.limit

    def links(self, call: Call, more: bool) -> dict[str, Any]:
        """`self`, and `next` when another page may exist; the query string is echoed in its order."""
        links = {"self": {"href": call.url_of_page(self.number)}}
        if more or call.world.switches.last_page_has_next:
            links["next"] = {"href": call.url_of_page(self.number + 1)}
        if self.number > 1:
            links["first"] = {"href": call.url_of_page(1)}
            links["prev"] = {"href": call.url_of_page(self.number - 1)}
        return links


def asked(call: Call, cap: int = 250) -> Page:
    """The page a call asks for; a `limit` over the cap is clamped (or refused, by the switch)."""
    number, limit = _number(call, "page", 1), _number(call, "limit", DEFAULT_LIMIT)
    if limit > cap and call.world.switches.over_limit == "error":
        raise Problem(400, f"Limit must be less than or equal to {cap}")
    return Page(number, min(limit, cap))


def _number(call: Call, name: str, default: int) -> int:
    raw = call.query.get(name)
    if not isinstance(raw, str) or not raw.isdigit():
        return default
    return max(int(raw), 1)
