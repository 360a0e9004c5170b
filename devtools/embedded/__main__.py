"""`python -m devtools.embedded start|stop|status|urls [--test]`."""

import argparse
import sys

from devtools import embedded


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devtools.embedded", description=embedded.__doc__)
    parser.add_argument("action", choices=("start", "stop", "status", "urls"))
    parser.add_argument("--test", action="store_true", help="the servers of the test runs")
    arguments = parser.parse_args()
    try:
        if arguments.action == "stop":
            embedded.stop(test=arguments.test)
        elif arguments.action == "status":
            running = embedded.status(test=arguments.test)
            for name, answers in running.items():
                print(f"{name}: {'running' if answers else 'stopped'}")
            return 0 if all(running.values()) else 3
        else:
            services = embedded.ensure(test=arguments.test)
            if arguments.action == "urls":
                print(f"DATABASE_URL={services.database_url}\nREDIS_URL={services.redis_url}")
    except embedded.EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
