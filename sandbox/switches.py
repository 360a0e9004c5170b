"""What public material leaves open about amoCRM, as switches: each default is the likeliest reading."""

from typing import Annotated, Any, Final, Literal

import msgspec

NO_NEXT: Final = "50-without-next"


class Switches(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    last_page_has_next: bool = False
    incoming_in_leads: bool = False
    """Leads of the incoming status also stand in the plain list."""
    filter_without_flag: bool = True
    """Filters work although the account's `is_api_filter_enabled` is off."""
    over_limit: Literal["clamp", "error"] = "clamp"
    events_order: Literal["desc", "asc"] = "desc"
    events_page_cap: Annotated[int, msgspec.Meta(ge=1, le=250)] | Literal["50-without-next"] = 100
    """The documentation says 100, the sister product's 250; a client must also bear pages of 50 without `next`."""
    events_retention_days: int = 365
    """0 keeps events for ever."""
    task_hook_dates: Literal["strings", "unix"] = "strings"
    task_hook_nested: bool = False
    """One more "0" level, as in the documentation's own sample."""
    account_position: Literal["first", "last"] = "first"
    task_bumps_lead: bool = False
    note_bumps_lead: bool = False
    trashed_lead: Literal["204", "deleted"] = "204"
    """`GET /leads/{id}` of a lead in the trash: nothing, or the row with `is_deleted: true`."""
    price_type: Literal["int", "float"] = "int"
    latency: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.0
    """Seconds that every answer of the API takes at least."""
    rate_window: float = 0.85
    """Seconds over which the limits are counted; under one it forgives a paced client the jitter of a busy machine."""
    account_rate: int = 50
    """Requests a second for all tokens together; 0 = no limit."""
    ban_after: int = 0
    """So many answers 429 within a minute bring 403 on every call; 0 = never."""
    ban_seconds: float = 60.0
    hook_time_scale: float = 1.0
    """Real seconds per second of the hooks' retry ladder."""
    hook_timeout: float = 2.0
    hook_disable_after: int = 100
    """More invalid answers than this within two hours switch a hook off."""


def changed(switches: Switches, values: dict[str, Any]) -> Switches:
    """A copy with these values (words from a command line included); ValueError names what is wrong."""
    known = msgspec.structs.asdict(switches)
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"unknown switch {name!r}; there are: {', '.join(known)}")
        if isinstance(value, str) and isinstance(known[name], bool):
            value = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}.get(
                value, value
            )
        if name == "events_page_cap" and isinstance(value, str) and value.isdigit():
            value = int(value)  # a union is not guessed from a word
        known[name] = value
    try:
        return msgspec.convert(known, Switches, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"switch {error}") from None
