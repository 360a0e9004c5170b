"""The catalogue of notices: one file a kind, found by itself. Pure: no Django below here."""

from importlib import import_module
from pkgutil import iter_modules

from notices.kinds.registry import KINDS, Fact, Kind, Rung, Terms, reaches, rules_of, told_from

for found in iter_modules(__path__):
    import_module(f"{__name__}.{found.name}")

__all__ = ["KINDS", "Fact", "Kind", "Rung", "Terms", "reaches", "rules_of", "told_from"]
