"""What the admin allows, as a value: which channels, which kinds, how loud, how early, how far up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from core import moment
from notices.kinds import KINDS, Kind, Rung, Terms
from notices.models import Channel, Policy

LONGEST = 60 * 24 * 30  # minutes


@dataclass(frozen=True)
class Allowed:
    """``channels`` that ring and are set up here; ``terms`` by kind; ``must``: kinds nobody may mute."""

    channels: tuple[str, ...]
    per_shift: int
    started_at: datetime
    terms: Mapping[str, Terms] = field(default_factory=dict)
    must: frozenset[str] = frozenset()


def is_set_up(channel: str) -> bool:
    """Whether the installation has what the channel needs."""
    needs = {Channel.TELEGRAM: settings.TELEGRAM_BOT_TOKEN, Channel.EMAIL: settings.EMAIL_URL}
    return bool(needs.get(Channel(channel)))


def ringing() -> list[str]:
    return [channel for channel in (Channel.TELEGRAM, Channel.EMAIL) if is_set_up(channel)]


def row() -> Policy:
    """The one row; made at the first question, and nothing that was before is ever told."""
    found = Policy.objects.filter(pk=1).first()
    if found is None:
        found, _ = Policy.objects.get_or_create(
            pk=1,
            defaults={"started_at": moment.now(), "channels": [Channel.TELEGRAM.value, Channel.EMAIL.value]},
        )
    return found


def read_policy() -> Allowed:
    kept = row()
    said: Mapping[str, Any] = kept.kinds
    return Allowed(
        tuple(channel for channel in ringing() if channel in kept.channels),
        kept.per_shift,
        kept.started_at or moment.now(),
        {code: read_terms(one, said.get(code, {})) for code, one in KINDS.items()},
        frozenset(code for code, words in said.items() if words.get("must")),
    )


def read_terms(one: Kind, said: Mapping[str, Any]) -> Terms:
    """A kind's terms with what the admin said put over them; what makes no sense counts as not said."""
    after = said.get("after") or {}
    rungs = []
    for rung in one.rungs:
        minutes = after.get(rung.audience, rung.after / timedelta(minutes=1))
        if minutes is None:
            continue  # this rung is never climbed
        rungs.append(Rung(rung.audience, timedelta(minutes=min(max(float(minutes), 0), LONGEST))))
    ahead = timedelta(minutes=float(said["ahead"])) if said.get("ahead") and one.ahead else one.ahead
    return Terms(
        bool(said.get("on", True)),
        bool(said.get("loud", one.loud)),
        ahead,
        tuple(sorted(rungs, key=lambda rung: rung.after)),
    )
