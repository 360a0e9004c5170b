"""Serving an account over HTTP/1.1 with connections that stay open."""

import io
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import CUT, HANG, App
from sandbox.problems import PHRASES
from sandbox.world import World

IDLE_SECONDS = 75


class Handler(WSGIRequestHandler):
    """Werkzeug's own handler closes every connection; this one reads the body whole and keeps it open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS

    def version_string(self) -> str:
        return "nginx"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Silent: the control plane counts requests."""

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        if not environ.get("wsgi.input_terminated"):
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = io.BytesIO(self.rfile.read(length))
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [status, headers]

        body = b"".join(self.server.app(environ, start_response))
        if environ.get(HANG):
            self.close_connection = True
            return
        status, headers = started
        code, _, reason = status.partition(" ")
        self.send_response(int(code), PHRASES.get(int(code), reason))
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
        if environ.get(CUT):
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


@dataclass
class Handle:
    """A running server. `token` is the long-lived token it accepts."""

    url: str
    token: str
    world: World
    app: App
    _server: BaseWSGIServer
    _thread: threading.Thread

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)
        self._server.server_close()
        self.world.stop()

    def wait_for_hooks(self, timeout: float = 5.0) -> None:
        """Return when no hook is queued or under way. TimeoutError otherwise."""
        end = time.monotonic() + timeout
        while self.world.sender.pending():
            if time.monotonic() > end:
                raise TimeoutError("hooks are still waiting")
            time.sleep(0.005)


def bind(app: App, host: str, port: int) -> BaseWSGIServer:
    """A server that listens already; `port` 0 takes a free one. Raises OSError for a port that is taken."""
    with socket.create_server((host, port), backlog=128) as listener:
        server = make_server(host, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())
    app.tokens.api_domain = f"{host}:{server.port}"
    server.daemon_threads = True  # type: ignore[attr-defined]  # a threaded server
    server.block_on_close = False  # type: ignore[attr-defined]  # a threaded server
    return server


def serve_in_thread(
    world: World, port: int = 0, token: str | None = None, rate: int = 0, host: str = "127.0.0.1"
) -> Handle:
    """Serve `world` in the background. `rate` 0 = no limit, `token` None = a generated one."""
    app = App(world, token=token, rate=rate)
    server = bind(app, host, port)
    thread = threading.Thread(target=server.serve_forever, name="sandbox", daemon=True, args=(0.05,))
    thread.start()
    return Handle(f"http://{host}:{server.port}", app.token, world, app, server, thread)
