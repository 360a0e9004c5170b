"""Whether the service of notices lives: its planner leaves a beat every ten seconds."""

from datetime import datetime, timedelta

from notices.models import Channel, ChannelState

LATE = timedelta(seconds=60)


def last_beat() -> datetime | None:
    """None before it has ever run."""
    return ChannelState.objects.filter(channel=Channel.PAGE).values_list("beat_at", flat=True).first()


def is_late(beat: datetime | None, now: datetime) -> bool:
    return beat is None or now - beat > LATE
