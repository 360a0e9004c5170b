"""Every rule of a deal against the slow oracle, on lives drawn by chance.

A long run: `python -m qc.tests.test_oracle 100000`.
"""

import sys
import time
from dataclasses import replace
from random import Random

import pytest

from qc.rules import DEAL, RULES
from qc.tests.lives import at
from qc.tests.oracle import HOURS, ORACLES, Broken, Story, draw_story

SHORT = 250


def said(code: str, story: Story) -> Broken:
    """The hours in which the rule is broken, as it says itself; its findings can be told apart."""
    breaches = [breach for check in RULES[code].checks(story.deal, story.terms) for breach in check.breaches]
    keys = [(breach.task, breach.since) for breach in breaches]
    assert len(keys) == len(set(keys)), (code, keys)
    found: Broken = set()
    for breach in breaches:
        assert breach.since <= breach.opens_at, code
        assert breach.closes_at is None or breach.opens_at < breach.closes_at, code
        found |= {
            (n, breach.task or 0)
            for n in HOURS
            if breach.opens_at <= at(n) and (breach.closes_at is None or at(n) < breach.closes_at)
        }
    return found


def compare(seed: int, counts: dict[str, int]) -> None:
    """Engine and oracle on one story. Raises AssertionError with the seed."""
    story = draw_story(Random(seed))
    for code, oracle in ORACLES.items():
        found, expected = said(code, story), oracle(story.world)
        assert found == expected, (seed, code, sorted(found - expected)[:5], sorted(expected - found)[:5])
        counts[code] = counts.get(code, 0) + bool(found)


def test_every_rule_of_a_deal_has_an_oracle() -> None:
    assert set(ORACLES) == {code for code, rule in RULES.items() if rule.unit == DEAL}


@pytest.mark.parametrize("part", range(2))
def test_rules_and_oracle_agree(part: int) -> None:
    counts: dict[str, int] = {}
    for seed in range(part * SHORT, (part + 1) * SHORT):
        compare(seed, counts)
    assert all(counts.get(code, 0) > 2 for code in ORACLES), counts  # nothing is compared with nothing


def test_rules_by_visits_are_silent_where_the_deal_never_met_their_norms() -> None:
    spoken: set[str] = set()
    for seed in range(60):
        deal, terms, _world = draw_story(Random(seed))
        visited = {piece.stage for piece in deal.pieces}
        elsewhere = replace(terms, norms={key: one for key, one in terms.norms.items() if key not in visited})
        for rule in RULES.values():
            if rule.by_visits:
                assert not list(rule.checks(deal, elsewhere)), rule.code
                spoken |= {rule.code} if list(rule.checks(deal, terms)) else set()
    assert spoken == {code for code, rule in RULES.items() if rule.by_visits}


if __name__ == "__main__":
    first, begun, total = int(sys.argv[2]) if len(sys.argv) > 2 else 0, time.monotonic(), dict[str, int]()
    wrong = 0
    for one in range(first, first + int(sys.argv[1])):
        try:
            compare(one, total)
        except AssertionError as error:
            wrong += 1
            print(error)
    print(
        f"{wrong} differ. {sys.argv[1]} lives in {time.monotonic() - begun:.0f} s; broken in so many of them: {total}"
    )
