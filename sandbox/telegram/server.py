"""Serving the stand-in: `python -m sandbox.telegram serve --port P --token T`, or in a thread for tests."""

import argparse
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

from sandbox.server import Handler
from sandbox.telegram.app import App
from sandbox.telegram.world import World

TOKEN = "123456789:AAdemo-token-of-the-stand-in-000000"


@dataclass
class Handle:
    url: str
    token: str
    world: World
    app: App
    _server: BaseWSGIServer
    _thread: threading.Thread

    def stop(self) -> None:
        self.app.ringer.stop()
        with self.world.news:
            self.world.news.notify_all()
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()


def bind(app: App, host: str, port: int) -> BaseWSGIServer:
    with socket.create_server((host, port), backlog=128) as listener:
        server = make_server(host, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())
    server.daemon_threads = True  # type: ignore[attr-defined]  # a threaded server
    server.block_on_close = False  # type: ignore[attr-defined]  # a threaded server
    return server


def serve_in_thread(token: str = TOKEN, port: int = 0, **options: Any) -> Handle:
    world = World(token, **options)
    app = App(world)
    server = bind(app, "127.0.0.1", port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="telegram", daemon=True)
    thread.start()
    return Handle(f"http://127.0.0.1:{server.port}", token, world, app, server, thread)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.telegram", description="A stand-in for Telegram."
    )
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve")
    serve.add_argument("--port", type=int, required=True, help="0 takes a free one")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--token", default=TOKEN)
    serve.add_argument("--open", action="store_true", help="anybody may be written to")
    options = parser.parse_args()
    app = App(World(options.token, open_=options.open))
    try:
        server = bind(app, options.host, options.port)
    except OSError as error:
        print(f"telegram: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        print(f"listening on http://{options.host}:{server.port}", flush=True)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
