"""`python -m sandbox serve`."""

import argparse
import gc
import importlib
import random
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.app import App
from sandbox.load import Broken, read
from sandbox.server import bind
from sandbox.switches import Switches, changed
from sandbox.world import World


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 2 when an argument or a file is refused."""
    options = _parser().parse_args(arguments)
    try:
        world = build_world(options)
        app = App(world, token=options.token, rate=options.rate)
        server = bind(app, options.host, options.port)
    except (Broken, ValueError, OSError, OverflowError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    gc.freeze()  # a collection would walk over the whole account, and every request wait for it
    counts = world.counts()
    try:
        signal.signal(signal.SIGTERM, _interrupt)
        if options.live:
            _start_live(options.scenario, world, options.seed)
        print(
            f"listening on http://{options.host}:{server.port} · account {world.account.subdomain} · "
            f"{counts['leads']} leads, {counts['tasks']} tasks, {counts['events']} events · token {app.token}",
            flush=True,
        )
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        world.stop()
    return 0


def build_world(options: argparse.Namespace) -> World:
    """The account that the arguments name. Raises `Broken` or ValueError with one sentence."""
    if options.scenario and options.load:
        raise ValueError("--scenario and --load exclude each other")
    if options.live and not options.scenario:
        raise ValueError("--live needs a --scenario")
    switches = changed(Switches(), dict(_pair(text) for text in options.switch))
    data: dict[str, Any] = {}
    if options.load:
        data = read(options.load)
    elif options.scenario:
        build = importlib.import_module("sandbox.scenarios").build
        data = build(options.scenario, options.seed, options.now or datetime.now(UTC))
    try:
        return World.from_data(data, now=options.now, seed=options.seed, switches=switches)
    except Broken as error:
        raise Broken(f"{options.load}: {error}" if options.load else str(error)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in for amoCRM.")
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="serve an account")
    serve.add_argument("--port", type=int, required=True, help="0 takes a free one")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--scenario", help="an invented company, e.g. zolotarev")
    serve.add_argument("--load", metavar="FILE", help="an account as JSON, or gzip of it")
    serve.add_argument("--seed", type=int, default=0)
    serve.add_argument("--now", type=_moment, metavar="ISO", help="stop the account's clock at this moment")
    serve.add_argument("--token", help="the long-lived token to accept; default: a generated one, printed")
    serve.add_argument("--rate", type=_rate, default=7, help="requests a second per token; 0 = no limit")
    serve.add_argument("--live", action="store_true", help="let the scenario go on living")
    serve.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE")
    return parser


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a moment such as 2026-11-21T09:00:00+03:00"
        ) from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset; write for example {text}+03:00")
    return moment.astimezone(UTC)


def _rate(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests a second (0 = no limit)")
    return int(text)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--switch {text}: write NAME=VALUE")
    return name, value


def _start_live(name: str, world: World, seed: int) -> None:
    live = importlib.import_module("sandbox.scenarios").live
    rng = random.Random(seed + 1)
    threading.Thread(target=live, args=(name, world, rng), name="live", daemon=True).start()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
