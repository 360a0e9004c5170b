from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.history import Life, fold_pieces
from timeline.timeline import OWNER, RESTORED, STAGE, WORK, Change, Piece

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def life(
    stage: str,
    stages: Any = (),
    owners: Any = (),
    *,
    owner: int | None = 1,
    created: int = 0,
    updated: int = 1000,
    closed: int | None = None,
    restored: int | None = None,
) -> Life:
    changes = [
        Change(at(second), field, before, after)
        for field, told in ((STAGE, stages), (OWNER, owners))
        for second, before, after in told
    ]
    if restored is not None:
        changes.append(Change(at(restored), RESTORED, None, None))
    return Life(at(created), at(updated), None if closed is None else at(closed), stage, owner, changes)


def shape(found: list[Piece]) -> list[tuple[Any, ...]]:
    """(stage, owner, visit, from, until, next, inferred) in seconds: a table one can read."""

    def second(moment: datetime | None) -> int | None:
        return None if moment is None else int((moment - START).total_seconds())

    return [
        (
            one.stage,
            one.owner,
            one.visit,
            second(one.since),
            second(one.until),
            one.next_stage,
            one.inferred,
        )
        for one in found
    ]


CASES = {
    "no events: the present stage since creation": (life("A"), [("A", 1, 1, 0, None, None, False)]),
    "the first interval opens at creation, in the stage the first event left": (
        life("B", [(10, "A", "B")]),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, None, None, False)],
    ),
    "from = to is not a transition": (
        life("B", [(5, "A", "A"), (10, "A", "B"), (12, "B", "B")]),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, None, None, False)],
    ),
    "a return is a new visit": (
        life("A", [(10, "A", "B"), (20, "B", "A")]),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, 20, "A", False), ("A", 1, 3, 20, None, None, False)],
    ),
    "a closing stage is the open last piece": (
        life("W", [(10, "A", "W")], closed=10),
        [("A", 1, 1, 0, 10, "W", False), ("W", 1, 2, 10, None, None, False)],
    ),
    "a missing event between two neighbours is inferred at the later one": (
        life("D", [(10, "A", "B"), (30, "C", "D")]),
        [
            ("A", 1, 1, 0, 10, "B", False),
            ("B", 1, 2, 10, 30, "C", False),
            ("C", 1, 3, 30, 30, "D", True),
            ("D", 1, 4, 30, None, None, False),
        ],
    ),
    "a missing last event is inferred when the row was seen": (
        life("C", [(10, "A", "B")], updated=40),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, 40, "C", False), ("C", 1, 3, 40, None, None, True)],
    ),
    "a missing closing event is inferred at closing": (
        life("L", [(10, "A", "B")], updated=40, closed=25),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, 25, "L", False), ("L", 1, 3, 25, None, None, True)],
    ),
    "an event newer than the row is believed": (
        life("A", [(10, "A", "B")], updated=10),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, None, None, False)],
    ),
    "two moves in one second are two visits, one without length": (
        life("C", [(10, "A", "B"), (10, "B", "C")]),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, 10, "C", False), ("C", 1, 3, 10, None, None, False)],
    ),
    "an owner change cuts the visit, and the next stage stands on its last piece": (
        life("B", [(20, "A", "B")], [(10, 1, 2)], owner=2),
        [
            ("A", 1, 1, 0, 10, None, False),
            ("A", 2, 1, 10, 20, "B", False),
            ("B", 2, 2, 20, None, None, False),
        ],
    ),
    "an owner change counts for the whole second it fell in": (
        life("B", [(10, "A", "B")], [(10, 1, 2)], owner=2),
        [("A", 1, 1, 0, 10, "B", False), ("B", 2, 2, 10, None, None, False)],
    ),
    "owners that change back within a second cut nothing": (
        life("A", [], [(10, 1, 2), (10, 2, 1)]),
        [("A", 1, 1, 0, None, None, False)],
    ),
    "a missing owner event is inferred when the row was seen": (
        life("A", [], [(10, 1, 2)], owner=3, updated=40),
        [
            ("A", 1, 1, 0, 10, None, False),
            ("A", 2, 1, 10, 40, None, False),
            ("A", 3, 1, 40, None, None, True),
        ],
    ),
    "a stage that was deleted while the deal lay in the bin is left when the deal comes back": (
        life("A", [(10, "A", "B")], updated=10, restored=30),
        [
            ("A", 1, 1, 0, 10, "B", False),
            ("B", 1, 2, 10, 30, "A", False),
            ("A", 1, 3, 30, None, None, True),
        ],
    ),
    "a row that was not read anew says nothing against an event of the same second": (
        life("A", [(10, "A", "B")], updated=10),
        [("A", 1, 1, 0, 10, "B", False), ("B", 1, 2, 10, None, None, False)],
    ),
    "events before the written date of creation are kept": (
        life("B", [(10, "A", "B")], created=50),
        [("A", 1, 1, 10, 10, "B", False), ("B", 1, 2, 10, None, None, False)],
    ),
    "an event without its before side says only what came after": (
        life("B", [(10, None, "B")]),
        [("B", 1, 1, 0, None, None, False)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_events_fold_into_pieces(case: str) -> None:
    given_life, expected = CASES[case]
    assert shape(fold_pieces(given_life, {})) == expected


def oracle(one: Life) -> list[tuple[Any, ...]]:
    """The same rules told second by second, as slowly and plainly as possible."""
    changed = [event for event in one.changes if event.before != event.after]
    stage_events = [event for event in changed if event.field == STAGE]
    owner_events = [event for event in changed if event.field == OWNER]
    born = min([one.created_at, *[event.at for event in stage_events[:1]]])
    read_at = max([one.updated_at, *[event.at for event in one.changes if event.field == RESTORED]])
    # 1. which stages, in which order, since when
    visits: list[list[Any]] = [[stage_events[0].before if stage_events else one.stage, born, False]]
    for event in stage_events:
        if visits[-1][0] != event.before:
            visits.append([event.before, event.at, True])
        visits.append([event.after, event.at, False])
    if stage_events and visits[-1][0] != one.stage and read_at > stage_events[-1].at:
        visits.append([one.stage, max(stage_events[-1].at, one.closed_at or read_at), True])
    # 2. who owned it at the end of each second
    inferred_owner = None
    if owner_events and owner_events[-1].after != one.owner and read_at > owner_events[-1].at:
        inferred_owner = read_at

    def owner(moment: datetime) -> int | None:
        if inferred_owner and moment >= inferred_owner:
            return one.owner
        past = [event for event in owner_events if event.at <= moment]
        if past:
            return past[-1].after
        return owner_events[0].before if owner_events else one.owner

    # 3. every visit, cut where the owner of a second differs from that of the second before
    found = []
    for index, (stage, since, inferred) in enumerate(visits):
        until = visits[index + 1][1] if index + 1 < len(visits) else None
        starts, moment = [(since, inferred)], since + timedelta(seconds=1)
        while moment < (until or at(200)):
            if owner(moment) != owner(moment - timedelta(seconds=1)):
                starts.append((moment, moment == inferred_owner))
            moment += timedelta(seconds=1)
        for number, (start, guessed) in enumerate(starts):
            last = number + 1 == len(starts)
            found.append(
                Piece(
                    stage,
                    WORK,
                    owner(start),
                    start,
                    until if last else starts[number + 1][0],
                    index + 1,
                    since,
                    guessed,
                    visits[index + 1][0] if last and until else None,
                )
            )
    return shape(found)


seconds = st.lists(st.integers(1, 60), max_size=6).map(sorted)
stages, people = st.sampled_from("ABCD"), st.integers(1, 3)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Histories with lost events, empty moves and several changes a second."""
    told = [(second, draw(stages), draw(stages)) for second in draw(seconds)]
    owned: list[tuple[int, int, int]] = []
    now = draw(people)
    for second in draw(seconds):  # owners meet: what a lost one means is a case of the table
        then = draw(people)
        owned.append((second, now, then))
        now = then
    last = max([0, *[second for second, *_ in told + owned]])  # type: ignore[operator]  # moments are numbers here
    return life(
        draw(stages),
        told,
        owned,
        owner=draw(people),
        updated=draw(st.integers(0, last + 20)),
        closed=draw(st.none() | st.integers(0, 80)),
        restored=draw(st.none() | st.integers(0, last + 20)),
    )


@given(lives())
def test_the_fold_agrees_with_the_slow_oracle(one: Life) -> None:
    assert shape(fold_pieces(one, {})) == oracle(one)


@given(lives())
def test_pieces_cover_the_life_without_a_gap(one: Life) -> None:
    found = fold_pieces(one, {})
    assert [piece.until for piece in found[:-1]] == [piece.since for piece in found[1:]]
    assert found[-1].until is None
