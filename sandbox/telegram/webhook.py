"""The bot's web-hook: updates are posted in order of each chat until they are taken; duplicates by switch."""

import json
import threading
import time
import urllib.error
import urllib.request

from sandbox.telegram.world import Update, World

AWAITED = 60.0  # seconds for an answer
PAUSE = 0.2  # before an update is posted again, twice as long each time, to two seconds


class Ringer:
    """``twice``: every update is posted twice, which happens."""

    def __init__(self, world: World) -> None:
        self.world, self.twice = world, False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web-hook", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        pauses: dict[int, float] = {}
        while not self._stop.is_set():
            hook = self.world.hook
            if not hook:
                time.sleep(0.05)
                continue
            with self.world.lock:
                waiting = list(self.world.kept_updates())
            held: set[int] = set()
            for update in waiting:
                if update.chat in held:
                    continue
                for _ in range(2 if self.twice else 1):
                    taken = self._post(hook, update)
                if taken:
                    with self.world.lock:
                        self.world.updates = [one for one in self.world.updates if one.id != update.id]
                    pauses.pop(update.id, None)
                else:
                    held.add(update.chat)
                    pauses[update.id] = min(pauses.get(update.id, PAUSE) * 2, 2.0)
            time.sleep(max(pauses.values(), default=0.02))

    def _post(self, hook: dict[str, str], update: Update) -> bool:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": hook["secret"]}
        request = urllib.request.Request(
            hook["url"], json.dumps(update.body).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=AWAITED) as answer:
                return bool(200 <= answer.status < 300)
        except (urllib.error.URLError, OSError):
            return False
