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
