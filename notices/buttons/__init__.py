"""What the buttons below a message do: one file a button, found by itself."""

from importlib import import_module
from pkgutil import iter_modules

from notices.buttons.registry import BUTTONS, Press, Pressed

for found in iter_modules(__path__):
    import_module(f"{__name__}.{found.name}")

__all__ = ["BUTTONS", "Press", "Pressed"]
