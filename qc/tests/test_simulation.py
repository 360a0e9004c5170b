"""The rules against a simulation that walks hour by hour and knows of each hour only whether it is broken."""

import pytest
from hypothesis import given, settings

from qc.tests.lives import CLOCKS, PEOPLE, Norm, at, breaches, checks, terms_of
from qc.tests.simulation import (
    LENGTH,
    OCCASIONS,
    SIMULATIONS,
    STEP,
    Asked,
    Broken,
    World,
    begin_of,
    holder,
    hour_numbers,
    norms,
    stories,
    versions,
)
from timeline.timeline import Piece, Timeline


@pytest.mark.parametrize("code", OCCASIONS)
@settings(deadline=None)
@given(
    deal=stories(), lead=versions(), offer=versions(), won=versions(), hired=hour_numbers, left=hour_numbers
)
def test_a_rule_asks_people_in_exactly_the_hours_that_the_simulation_names(
    code: str,
    deal: Timeline,
    lead: tuple[Norm, ...],
    offer: tuple[Norm, ...],
    won: tuple[Norm, ...],
    hired: int,
    left: int,
) -> None:
    norms_of = {"lead": lead, "offer": offer, "new": offer, "won": won}
    employed = {PEOPLE["anna"]: (at(hired), None), PEOPLE["boris"]: (None, at(left))}
    judged_by = terms_of(norms_of, CLOCKS, {}, employed)
    said: Asked = set()
    keys = []
    for check in checks(code, deal, judged_by):
        if not check.counted or check.person is None:
            continue
        keys.append((check.person, check.task, check.since))
        for breach in check.breaches:
            assert breach.owner == check.person and breach.task == check.task
            assert check.since is None or check.since <= breach.since
            assert check.until is None or breach.since < check.until
        said |= {
            (n, check.person, check.task or 0)
            for n in range(LENGTH)
            for start, end in check.spans
            if start <= at(n) and (end is None or at(n) < end)
        }
    world = World(deal, norms_of, terms_of(norms_of, CLOCKS))
    expected = {
        (n, person, task)
        for n, person, task in OCCASIONS[code](world)
        if not (person == PEOPLE["anna"] and n < hired) and not (person == PEOPLE["boris"] and n >= left)
    }
    assert said == expected
    assert len(keys) == len(set(keys))  # one check of one occasion for everybody


@pytest.mark.parametrize("code", SIMULATIONS)
@settings(deadline=None)  # the simulation is slow by intention
@given(deal=stories(), lead=versions(), offer=versions(), won=versions(), anna_left=hour_numbers)
def test_a_rule_is_broken_in_exactly_the_hours_that_the_simulation_names(
    code: str,
    deal: Timeline,
    lead: tuple[Norm, ...],
    offer: tuple[Norm, ...],
    won: tuple[Norm, ...],
    anna_left: int,
) -> None:
    norms_of = {"lead": lead, "offer": offer, "new": offer, "won": won}
    judged_by = terms_of(norms_of, CLOCKS, {PEOPLE["anna"]: at(anna_left)})
    said: Broken = set()
    keys = []
    for breach in breaches(code, deal, judged_by):
        keys.append((breach.task, breach.since))
        assert breach.since <= breach.opens_at and (
            breach.closes_at is None or breach.opens_at < breach.closes_at
        )
        mark = (breach.task,) if breach.task else ()
        said |= {
            (n, *mark)
            for n in range(LENGTH)
            if breach.opens_at <= at(n) and (breach.closes_at is None or at(n) < breach.closes_at)
        }
        owners = [
            p.owner
            for p in deal.pieces
            if p.since <= breach.opens_at and (p.until is None or breach.opens_at < p.until)
        ]
        if breach.task is not None:
            opened = (breach.opens_at - at(0)) // STEP
            owners = [holder(task, opened) for task in deal.tasks if task.id == breach.task]
        assert breach.owner == owners[0]
    assert said == SIMULATIONS[code](World(deal, norms_of, judged_by))
    assert len(keys) == len(set(keys))  # the natural key of a finding


@pytest.mark.parametrize("code", ["deal.stuck", "task.none", "field.missing"])
@given(deal=stories(), norms_of=versions(), newest=norms, published=hour_numbers)
def test_publishing_a_version_breaks_nothing_in_the_past(
    code: str, deal: Timeline, norms_of: tuple[Norm, ...], newest: Norm, published: int
) -> None:
    """It may forgive what goes on, and it changes nothing about visits that have ended."""
    published = max(published, begin_of(norms_of[-1]) + 1)
    later = (*norms_of, newest._replace(published_at=at(published)))
    before, after = (broken_until(published, code, deal, norms) for norms in (norms_of, later))
    assert after <= before
    ended = {(h,) for p in deal.pieces if p.until and p.until < at(published) for h in hours_of(p)}
    lasting = {
        (h,)
        for v in deal.visits
        if v.until is None or v.until >= at(published)
        for p in v.pieces
        for h in hours_of(p)
    }
    assert before & (ended - lasting) == after & (ended - lasting)


def hours_of(piece: Piece) -> range:
    return range(
        (piece.since - at(0)) // STEP, LENGTH if piece.until is None else (piece.until - at(0)) // STEP
    )


def broken_until(end: int, code: str, deal: Timeline, norms_of: tuple[Norm, ...]) -> Broken:
    judged_by = terms_of(dict.fromkeys(("lead", "offer"), norms_of), CLOCKS)
    found = breaches(code, deal, judged_by)
    return {
        (n,)
        for n in range(end)
        for b in found
        if b.opens_at <= at(n) and (b.closes_at is None or at(n) < b.closes_at)
    }
