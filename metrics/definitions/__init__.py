"""Metrics, one file each. A file here is found by itself; `metrics.registry` says what a definition holds."""

from importlib import import_module
from pkgutil import iter_modules

for _found in iter_modules(__path__):
    import_module(f"{__name__}.{_found.name}")
