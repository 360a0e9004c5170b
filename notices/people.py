"""Whom an audience is at this moment, and how each of them can be reached."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from core.zone import local_day, portal_zone
from notices.kinds.registry import ADMIN, DIRECTOR, HEAD, PERSON, Fact
from notices.models import Address, Channel, ChannelState, Preference, Subscription
from notices.mutes import read_alert_mutes
from notices.planning import Recipient
from notices.policy import Allowed
from team.clock import AnyClock, Clocks
from team.holders import holders
from team.models import Employee, HeadAssignment, Role
from team.schedules import load_clocks


class People:
    """Everybody who works here, read once for a tick. People are resolved when a step is climbed, not before."""

    def __init__(self, allowed: Allowed, now: datetime, clocks: Clocks | None = None) -> None:
        self.allowed, self.now, self.day = allowed, now, local_day(now)
        if clocks is not None:
            self.clocks = clocks

    @cached_property
    def clocks(self) -> Clocks:
        return load_clocks()

    @cached_property
    def staff(self) -> dict[int, Employee]:
        """Who is here today, by id."""
        rows = Employee.objects.filter(is_active=True)
        return {one.pk: one for one in rows if not one.has_left}

    @cached_property
    def _addresses(self) -> dict[int, dict[str, Address]]:
        found: dict[int, dict[str, Address]] = defaultdict(dict)
        for row in Address.objects.filter(
            employee__isnull=False, stopped_at=None, confirmed_at__isnull=False
        ).order_by("id"):
            assert row.employee_id is not None
            found[row.employee_id][row.channel] = row
        return found

    @cached_property
    def working(self) -> tuple[str, ...]:
        """Channels that are allowed and not out of order."""
        stopped = set(ChannelState.objects.exclude(stopped_at=None).values_list("channel", flat=True))
        return tuple(channel for channel in self.allowed.channels if channel not in stopped)

    @cached_property
    def _preferences(self) -> dict[int, Preference]:
        return {row.employee_id: row for row in Preference.objects.all()}

    @cached_property
    def _heads(self) -> dict[int, int | None]:
        rows = HeadAssignment.objects.on(self.day).values_list("employee", "head")
        return dict(rows)

    @cached_property
    def _holders(self) -> dict[int, int]:
        """Today's employee of each amoCRM user."""
        return {
            one.person: one.employee
            for one in holders()
            if (one.since is None or one.since <= self.day) and (one.until is None or self.day < one.until)
        }

    @cached_property
    def _mutes(self) -> frozenset[tuple[int, str]]:
        return read_alert_mutes(self.now)

    @cached_property
    def _subscriptions(self) -> dict[str, list[Subscription]]:
        found: dict[str, list[Subscription]] = defaultdict(list)
        rows = Subscription.objects.filter(
            address__stopped_at=None, address__confirmed_at__isnull=False
        ).select_related("address")
        for row in rows:
            found[row.kind].append(row)
        return found

    def holder_of(self, fact: Fact) -> Employee | None:
        """The employee whom a fact is about."""
        employee = fact.employee or self._holders.get(fact.person or 0)
        return self.staff.get(employee or 0)

    def clock_of(self, fact: Fact) -> AnyClock:
        """By whose working time the chain of a fact runs."""
        one = self.holder_of(fact)
        person = fact.person if one is None or one.person_id is None else one.person_id
        return self.clocks.owner(person)

    def told_by(self, audience: str, fact: Fact) -> list[Recipient]:
        """Whom a step reaches now; nobody where there is none, and it does not rise by itself. Whoever has muted just
        this is left out."""
        found = self._audience(audience, fact)
        if about := fact.values.get("about"):
            found = [one for one in found if (one.pk, about) not in self._mutes]
        return [self.recipient(one) for one in found]

    def _audience(self, audience: str, fact: Fact) -> Iterable[Employee]:
        about = self.holder_of(fact)
        everybody = self.staff.values()
        if audience == PERSON:
            if about is not None:
                return [about]
            return (
                [] if fact.person or fact.employee else [one for one in everybody if one.role == Role.MANAGER]
            )
        if audience == HEAD:
            if about is None and not fact.person:
                return [one for one in everybody if one.role == Role.HEAD]
            head = self.staff.get(self._heads.get(about.pk) or 0) if about is not None else None
            return [] if head is None else [head]
        role = {DIRECTOR: Role.DIRECTOR, ADMIN: Role.ADMIN}[audience]
        return [one for one in everybody if one.role == role]

    def recipient(self, one: Employee) -> Recipient:
        wishes = self._preferences.get(one.pk)
        muted = frozenset(wishes.muted if wishes else ()) - self.allowed.must
        quiet = None
        if wishes and wishes.quiet_from is not None and wishes.quiet_until is not None:
            quiet = (wishes.quiet_from, wishes.quiet_until)
        return Recipient(
            f"e:{one.pk}",
            one.pk,
            clock=self.clocks.owner(one.person_id),
            channels=tuple(self.channels_of(one)),
            muted=muted,
            quiet=quiet,
            zone=portal_zone(),
        )

    def channels_of(self, one: Employee) -> list[str]:
        """Channels that ring and reach him, in his order."""
        wishes = self._preferences.get(one.pk)
        order = wishes.channels if wishes and wishes.channels else list(self.allowed.channels)
        return [
            channel
            for channel in order
            if channel in self.working and self.address_of(one, channel) is not None
        ]

    def address_of(self, one: Employee, channel: str) -> Address | None:
        """Where a channel reaches him; a mailbox is the one in his own row."""
        known = self._addresses[one.pk].get(channel)
        if channel != Channel.EMAIL:
            return known
        if not one.email:
            return None
        if known is None or known.value != one.email:
            first = {"linked_at": self.now, "confirmed_at": self.now}
            known, _ = Address.objects.get_or_create(
                channel=Channel.EMAIL,
                value=one.email,
                thread=None,
                defaults={"employee": one, "chat": Address.Chat.MAIL, **first},
            )
            if known.employee_id != one.pk:
                return None
            self._addresses[one.pk][channel] = known
        return known if known.stopped_at is None else None

    def chats(self, kind: str, fact: Fact) -> list[Recipient]:
        """Group chats that have subscribed to a kind, about these people."""
        found = {}
        about = self.holder_of(fact)
        led = fact.values.get("head")  # of what is about a department as a whole
        head = self._heads.get(about.pk) if about is not None else None
        for row in self._subscriptions.get(kind, ()):
            if row.head_id is None or row.head_id == (led or head):
                found[row.address_id] = Recipient(
                    f"a:{row.address_id}",
                    None,
                    row.address_id,
                    clock=self.clocks.client,
                    channels=(row.address.channel,) if row.address.channel in self.allowed.channels else (),
                )
        return list(found.values())
