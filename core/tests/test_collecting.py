import gc
import subprocess
import sys

import pytest

from core import collecting
from devtools.embedded import PROJECT


def test_collecting_goes_on_afterwards_as_before() -> None:
    with pytest.raises(ValueError), collecting.paused():
        with collecting.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()


def test_what_is_loaded_is_not_looked_through_again() -> None:
    """In a process of its own: this one has set aside all tests, and must not take them back."""
    code = """
import gc
from core import collecting
before = len(gc.get_objects())
collecting.set_loaded_aside()
print(before, len(gc.get_objects()))"""
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, check=True, text=True
    )
    before, after = map(int, said.stdout.split())
    assert before > 1_000 and after < before / 100
