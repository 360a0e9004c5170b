import signal
import threading
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from jobs.notices import Service, make_bot


class Command(BaseCommand):
    help = "Tells people what has happened: plans, sends and listens until it is stopped."
    # Pages are not its business, and take as long to load as all the rest.
    requires_system_checks = (Tags.security,)

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        bot = make_bot()
        service = Service(bot)
        service.start()
        while not stop.wait(1.0):
            pass
        service.stop()
        if bot is not None:
            bot.close()
