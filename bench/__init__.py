"""The targets of docs/performance.md, measured: ours beside a base in the same run (``make bench``)."""
