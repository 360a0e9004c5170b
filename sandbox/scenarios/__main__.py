"""`python -m sandbox.scenarios staff|summary NAME [--now ISO] [--seed N]`: facts about a demo company."""

import argparse
import json
import sys
from datetime import UTC, datetime

from . import NAMES, build, staff
from .summary import summary


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.scenarios")
    parser.add_argument("what", choices=("staff", "summary"), help="people as JSON, or figures")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--now", type=_moment, default=datetime.now(UTC), help="ISO with an offset")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    if chosen.what == "staff":
        print(json.dumps(staff(chosen.name, chosen.now), ensure_ascii=False, indent=1))
    else:
        print(summary(build(chosen.name, chosen.seed, chosen.now), chosen.now))
    return 0


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset from UTC (write …+03:00 or …Z)")
    return moment


if __name__ == "__main__":
    sys.exit(main())
