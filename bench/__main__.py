"""``python -m bench [ROW …] [--deals N] [--quick] [--keep]``."""

import argparse
import sys
import time
import traceback

from bench import servers

# In the order of the companies they need, as the big one takes a minute to invent.
ROWS = (
    "full-sync",
    "page-way",
    "intake",
    "intake-busy",
    "monday",
    "pages-small",
    "wire",
    "statements",
    "store",
    "judge-one",
    "judge-all",
    "judge-load",
    "backtest",
    "publish",
    "pages",
    "analytics",
)
LONG = ("first-load", "first-load-killed")  # eight and seventeen minutes: only when they are named


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the targets of docs/performance.md."
    )
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; default: these; also {', '.join(LONG)}"
    )
    parser.add_argument(
        "--deals", type=int, default=200_000, metavar="N", help="size of the big company (200000)"
    )
    parser.add_argument("--quick", action="store_true", help="small and rough: does it still run?")
    parser.add_argument(
        "--switch",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the sandbox in a first load, e.g. events_page_cap=250",
    )
    parser.add_argument("--keep", action="store_true", help="leave servers and data for the next run")
    options = parser.parse_args()
    if unknown := set(options.rows) - {*ROWS, *LONG}:
        parser.error(f"there is no row {unknown.pop()!r}; there are {', '.join(ROWS + LONG)}")
    if options.deals < 1000:
        parser.error("--deals: at least 1000, or the shares of plausible companies do not come out")
    with servers.running(keep=options.keep):
        return run(options)


def run(options: argparse.Namespace) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from bench import report
    from bench.rows import MEASURES
    from bench.setting import Setting

    call_command("migrate", verbosity=0)
    setting = Setting(3000 if options.quick else options.deals, options.quick, tuple(options.switch))
    lines: list[report.Line] = []
    failed = False
    for name in options.rows or ROWS:
        began = time.monotonic()
        try:
            found = list(MEASURES[name](setting))
        except Exception:  # the others are worth having
            traceback.print_exc()
            failed = True
            continue
        print(f"{report.show(found)}\n  ({name}: {time.monotonic() - began:.0f} s)\n", flush=True)
        lines += found
    print(report.show(lines))
    if not (options.rows or options.quick or failed):
        report.write(lines, setting.deals)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
