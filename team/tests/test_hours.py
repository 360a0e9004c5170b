"""Hours as people write them."""

import pytest

from team import hours


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("09:00–13:00, 14:00–18:00", [["09:00", "13:00"], ["14:00", "18:00"]]),
        ("9.00 - 13.00; 22:00—24:00", [["09:00", "13:00"], ["22:00", "00:00"]]),
        (" ", []),
    ],
)
def test_what_is_written_is_read_and_written_again(text: str, kept: hours.Kept) -> None:
    assert hours.read(text) == kept
    assert hours.read(hours.write(kept)) == kept


@pytest.mark.parametrize("part", ["9-18", "x", "9:60-10:00", "25:00-26:00", "09:00–18:00 и обед"])
def test_what_is_no_hours_is_named(part: str) -> None:
    with pytest.raises(hours.NotHours, match=part):
        hours.read(f"08:00–09:00, {part}")


@pytest.mark.parametrize(
    ("kept", "fits"),
    [
        ([], True),
        ([["09:00", "18:00"]], True),
        ([["22:00", "06:00"], ["07:00", "22:00"]], True),  # a whole day and night
        ([["22:00", "06:00"], ["07:00", "22:01"]], False),
        (
            [["09:00", "18:00"], ["08:00", "10:00"]],
            False,
        ),  # not in their order: the second is of the next day
    ],
)
def test_hours_of_a_day_stand_in_their_order_within_24_hours(kept: list[list[str]], fits: bool) -> None:
    assert hours.fit_in_a_day(kept) is fits
