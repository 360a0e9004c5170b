"""Kinds of pay components, one file each: fields, promise, computation, sentences. docs/money.md has the numbers.

A file here is found by itself; `kpi.calculation.component` says what it may hold.
"""

from importlib import import_module
from pkgutil import iter_modules

from kpi.calculation.component import KINDS, list_kinds

for _found in iter_modules(__path__):
    if not _found.ispkg:
        import_module(f"{__name__}.{_found.name}")

__all__ = ["KINDS", "list_kinds"]
