import gc

import pytest

from core import collecting


def test_collecting_goes_on_afterwards_as_before() -> None:
    with pytest.raises(ValueError), collecting.paused():
        with collecting.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()


def test_what_is_loaded_is_not_looked_through_again() -> None:
    try:
        collecting.set_loaded_aside()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
