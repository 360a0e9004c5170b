"""``python -m devtools.fuzz``."""

import argparse
import subprocess
import sys

from devtools import fuzz
from devtools.frozen import company


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m devtools.fuzz",
        description=fuzz.__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="side by side, each with a seed of its own")
    parser.add_argument("--only", default="", metavar="REGEX", help="only routes like this")
    parser.add_argument("--again", action="store_true", help="the company that was loaded last")
    chosen = parser.parse_args()
    loaded = company.LOADED if chosen.again else company.load(None)
    share = str(chosen.requests // chosen.processes)
    portals = [company.clone(loaded, f"{company.CLONE}_{number}") for number in range(chosen.processes)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "devtools.fuzz.run", share, str(chosen.seed + number), chosen.only],
            env=portal,
        )
        for number, portal in enumerate(portals)
    ]
    return max(one.wait() for one in running)


if __name__ == "__main__":
    sys.exit(main())
