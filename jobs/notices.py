"""The service of notices: it plans, sends and listens, each in threads of its own, for as long as it is let.

Any number of such processes may run: planning and listening are done by one at a time, sending by all.
"""

import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from core import locks, moment
from notices import claiming, editing, failing, listening, noting, sending
from notices.models import Channel, ChannelState
from notices.outcomes import ChannelStopped, NotSent
from notices.telegram.client import POLL, UPDATES, Bot
from notices.telegram.errors import Conflict
from team.schedules import load_clocks

log = logging.getLogger(__name__)

SENDERS = 3
EVERY, SLOWLY, CLOCKS = (
    1.0,
    10.0,
    60.0,
)  # seconds between rounds of planning, of the slow sources, and of rotas
IDLE = 0.25  # seconds a sender sleeps when nothing is due
AGAIN = 15.0  # seconds after somebody else was found to listen


def make_bot() -> Bot | None:
    token = settings.TELEGRAM_BOT_TOKEN
    return Bot(settings.TELEGRAM_API_URL, token) if token else None


class Service:
    def __init__(self, bot: Bot | None) -> None:
        self.bot = bot
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clocks = (0.0, None)
        self._slow = 0.0
        self._mine = threading.local()  # what each sender knows of its round

    def start(self) -> None:
        parts: list[tuple[str, Callable[[], float]]] = [("plan", self.plan)]
        parts += [(f"send-{number}", self.send) for number in range(SENDERS)]
        if self.bot is not None:
            parts += [("listen", self.listen), ("handle", self.handle)]
        for name, part in parts:
            thread = threading.Thread(target=self._run, args=(part,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self, part: Callable[[], float]) -> None:
        while not self._stop.is_set():
            try:
                pause = part()
            except (DatabaseError, InterfaceError) as error:
                log.warning("notices wait for the database: %s", error)
                close_old_connections()
                connection.close()
                pause = 1.0
            except Exception:
                log.exception("the service of notices stumbled")
                pause = 2.0
            if pause:
                self._stop.wait(pause)
        connection.close()

    def plan(self) -> float:
        """One round; at once where much has happened."""
        with locks.hold_alone("notices.plan") as mine:
            if not mine:
                return EVERY
            now, tick = moment.now(), time.monotonic()
            made, clocks = self._clocks
            if clocks is None or tick - made > CLOCKS:
                clocks = load_clocks()
                self._clocks = (tick, clocks)  # type: ignore[assignment]  # None before the first
            slow = tick - self._slow >= SLOWLY
            noting.note_facts(now, swift=not slow, clocks=clocks)
            noting.follow_facts(now)
            noting.climb_steps(now, clocks=clocks)
            claiming.give_up_dead_claims()
            if slow:
                self._slow = tick
                failing.rescue_waiting(now)
                ChannelState.objects.update_or_create(channel=Channel.PAGE, defaults={"beat_at": now})
        return max(EVERY - (time.monotonic() - tick), 0.05)

    def send(self) -> float:
        tick = time.monotonic()
        looked_at, about = getattr(self._mine, "round", (0.0, None))
        if about is None or about.stale or tick - looked_at > EVERY:
            about = sending.look_around(moment.now(), self.bot)
            self._mine.round = (tick, about)
        sent = sending.send_next(self.bot, about=about)
        if not sent and self.bot is not None:
            sent = editing.edit_next(self.bot)
        return 0.0 if sent else IDLE

    def listen(self) -> float:
        """One question for news, which stays open while there are none."""
        assert self.bot is not None
        with locks.hold_alone("notices.listen") as mine:
            if not mine:
                return AGAIN
            try:
                if self._unknown_name():
                    listening.remember_name(self.bot)
                    self._choose_way()
                if settings.TELEGRAM_HOOK_SECRET:
                    return AGAIN
                listening.hear(self.bot, moment.now(), POLL)
            except Conflict as error:
                log.error("somebody else listens for this bot: %s", error)
                return AGAIN
            except ChannelStopped as error:
                failing.stop_channel(Channel.TELEGRAM, str(error), moment.now())
                return AGAIN
            except NotSent as error:
                log.warning("the bot hears nothing: %s", error)
                return 2.0
        return 0.0

    def _unknown_name(self) -> bool:
        return (
            not ChannelState.objects.filter(channel=Channel.TELEGRAM, stopped_at=None)
            .exclude(name="")
            .exists()
        )

    def _choose_way(self) -> None:
        """By web-hook where a secret is set, else by asking. Raises NotSent."""
        assert self.bot is not None
        if secret := settings.TELEGRAM_HOOK_SECRET:
            url = f"{settings.PORTAL_URL}/hooks/telegram/"
            self.bot.call(
                "setWebhook", {"url": url, "secret_token": secret, "allowed_updates": list(UPDATES)}
            )
        else:
            self.bot.call("deleteWebhook")

    def handle(self) -> float:
        assert self.bot is not None
        return 0.0 if listening.handle_waiting(self.bot, moment.now()) else IDLE
