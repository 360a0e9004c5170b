"""In a portal's environment: ``python -m devtools.fuzz.run REQUESTS SEED ONLY``. 1 where anything was found."""

import logging
import sys
import time
import warnings

import django


def main() -> int:
    django.setup()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    from devtools.fuzz.shooting import shoot
    from web.frame.statement_limit import bound_statements

    bound_statements()
    requests, seed, only = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    began = time.monotonic()
    report = shoot(requests, seed, only, lambda line: print(f"[{seed}] {line}", flush=True))
    print(
        f"{report.requests} requests, {report.files} with a file, in {time.monotonic() - began:.0f} s, "
        f"the longest {report.longest:.1f} s"
    )
    print("  ".join(f"{role}: {number}" for role, number in sorted(report.roles.items())))
    print("  ".join(f"{status}: {number}" for status, number in sorted(report.statuses.items())))
    for place, number in report.counts.most_common():
        print(f"\n=== {number} × {place}")
        for example in report.faults[place]:
            print(example)
    for one in report.slow:
        print(f"\nslow: {one}")
    return 1 if report.faults or report.slow else 0


if __name__ == "__main__":
    sys.exit(main())
