"""The ladder of quality: what can be done about what stands open, by what to do, and what each step is worth.

A single case under a flat part of the scale is worth nothing, a group of them is not. So the steps are rules, the one
with most points first, and the money of each is what the line of quality gains when it is climbed after those before
it. Points below the first threshold bring nothing by themselves: the steps that lead over it share what it brings.

By count, what was broken in a month stays broken in it, and a mended case does not come into the next month: the steps
then say what the cases take from a month. By time, every shift in which something stands costs a little, and the
steps say what the present month still gains. Pure: facts in, ladder out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec.structs import replace

from kpi.calculation.component import Multiplier
from kpi.calculation.evaluation import evaluate
from kpi.calculation.rounding import KOPECK, ZERO, kopecks
from kpi.components.coefficient import Coefficient
from kpi.components.gate import Gate
from kpi.measures import Measure, read_measure
from kpi.month_facts import Facts, Score, Spent
from kpi.pay_schemes import PayScheme
from kpi.what_if import compute_pay, judge_facts, take_inputs

WHOLE = Decimal(100)  # points of quality


@dataclass(frozen=True)
class Step:
    """What mending the open cases of a rule brings: ``points``, up to ``score``, and money of the line of quality.

    ``together``: its points alone cross no threshold, so its money is a share of what it brings with the next steps.
    ``besides``: what the rest of the statement gains.
    """

    rule: str
    points: Decimal
    score: Decimal
    price: Decimal
    besides: Decimal
    together: bool


@dataclass(frozen=True)
class Rung:
    """A point of the scale. ``gain``: what the line gains there; ``missing``: points from here, none when passed."""

    at: Decimal
    factor: Decimal
    line: Decimal
    gain: Decimal
    missing: Decimal
    within_reach: bool


@dataclass(frozen=True)
class Ladder:
    """``score`` and ``line``: of quality as it is. ``ceiling``: with every step climbed; the rest to 100 is lost.

    ``flat``: the points up to the first threshold that bring nothing; None when they are behind. ``per_point``: what a
    point brings beyond here, up to the next rung. Money is None where the scheme pays nothing by quality.
    """

    by_time: bool
    score: Decimal
    line: Decimal | None
    steps: tuple[Step, ...]
    ceiling: Decimal
    ceiling_line: Decimal | None
    rungs: tuple[Rung, ...]
    flat: Decimal | None
    per_point: Decimal | None

    @property
    def gain(self) -> Decimal:
        """Of all steps together: what the line of quality gains."""
        return sum((step.price for step in self.steps), ZERO)

    @property
    def lost(self) -> Decimal:
        """Points that nothing brings back in this month."""
        return WHOLE - self.ceiling


def find_quality(scheme: PayScheme) -> Measure | None:
    """The measure of quality that the scheme pays by; without one, that by count."""
    for name in scheme.measures:
        measure = read_measure(name)
        if measure.is_quality:
            return measure
    return None


def climb(as_is: Facts, mended: Mapping[str, Facts], scheme: PayScheme) -> Facts:
    """The facts with all of the rules mended."""
    for rule, facts in mended.items():
        as_is = _merge(as_is, facts, rule, scheme)
    return as_is


def change_counts(facts: Facts, mended: Mapping[str, int], scheme: PayScheme) -> Facts:
    """The facts with only so many violations of these rules."""
    rules = {
        rule: Score(one.weight, min(mended.get(rule, one.violations), one.violations), one.opportunities)
        for rule, one in facts.rules.items()
    }
    return judge_facts(replace(facts, rules=rules), scheme)


def change_times(facts: Facts, times: Mapping[str, Spent], scheme: PayScheme) -> Facts:
    return judge_facts(replace(facts, times=dict(times)), scheme)


def find_line(facts: Facts, scheme: PayScheme) -> Decimal | None:
    """What the lines of quality come to together; None where nothing is paid by it."""
    codes = {
        item.code
        for item in scheme.components
        if isinstance(item, Multiplier) and any(read_measure(name).is_quality for name in item.measures)
    }
    if not codes:
        return None
    return sum(
        (line.amount for line in evaluate(scheme.components, take_inputs(facts)) if line.code in codes), ZERO
    )


def build_ladder(as_is: Facts, mended: Mapping[str, Facts], scheme: PayScheme) -> Ladder | None:
    """``mended``: by rule, the facts in which its open cases are mended, and nothing else. None without a score."""
    measure = find_quality(scheme)
    score = None if measure is None else as_is.measures.get(measure.name)
    if measure is None or score is None:
        return None
    gains = {rule: (facts.measures.get(measure.name) or ZERO) - score for rule, facts in mended.items()}
    order = sorted((rule for rule in gains if gains[rule] > 0), key=lambda rule: (-gains[rule], rule))
    climbed, states = as_is, [as_is]
    for rule in order:
        climbed = _merge(climbed, mended[rule], rule, scheme)
        states.append(climbed)
    steps = _weigh(order, states, measure, scheme)
    line = find_line(as_is, scheme)
    rungs = tuple(_rungs(as_is, states[-1], measure, scheme))
    first = min((rung.at for rung in rungs), default=None)
    flat = first - score if line is not None and first is not None and score < first else None
    ceiling = states[-1].measures.get(measure.name) or score
    return Ladder(
        measure.by_time,
        score,
        line,
        tuple(steps),
        ceiling,
        find_line(states[-1], scheme),
        rungs,
        flat,
        _per_point(as_is, measure, scheme),
    )


def _merge(facts: Facts, other: Facts, rule: str, scheme: PayScheme) -> Facts:
    """The facts with one rule as it is in the other."""
    rules, times = dict(facts.rules), dict(facts.times)
    if rule in other.rules:
        rules[rule] = other.rules[rule]
    if rule in other.times:
        times[rule] = other.times[rule]
    return judge_facts(replace(facts, rules=rules, times=times), scheme)


def _weigh(order: Sequence[str], states: Sequence[Facts], measure: Measure, scheme: PayScheme) -> list[Step]:
    scores = [facts.measures.get(measure.name) or ZERO for facts in states]
    lines = [find_line(facts, scheme) or ZERO for facts in states]
    totals = [compute_pay(facts, scheme) for facts in states]
    steps: list[Step] = []
    waiting: list[int] = []  # steps that have not crossed a threshold yet
    for place in range(1, len(states)):
        waiting.append(place)
        gain = lines[place] - lines[place - 1]
        if not gain and place < len(order):
            continue
        shares = _share(gain, [scores[one] - scores[one - 1] for one in waiting])
        for one, price in zip(waiting, shares, strict=True):
            besides = totals[one] - totals[one - 1] - (lines[one] - lines[one - 1])
            points = scores[one] - scores[one - 1]
            steps.append(Step(order[one - 1], points, scores[one], price, besides, len(waiting) > 1))
        waiting = []
    return steps


def _share(amount: Decimal, parts: Sequence[Decimal]) -> list[Decimal]:
    """The amount in proportion, to the kopeck; the last takes what rounding leaves."""
    whole = sum(parts, ZERO)
    found = [kopecks(amount * part / whole) if whole else ZERO for part in parts[:-1]]
    return [*found, (amount - sum(found, ZERO)).quantize(KOPECK)]


def _rungs(as_is: Facts, climbed: Facts, measure: Measure, scheme: PayScheme) -> Iterable[Rung]:
    line = find_line(as_is, scheme)
    score, ceiling = as_is.measures[measure.name] or ZERO, climbed.measures.get(measure.name) or ZERO
    if line is None:
        return
    for at, factor in _points(measure, scheme):
        there = find_line(_at(as_is, measure, at), scheme) or ZERO
        yield Rung(at, factor, there, there - line, max(at - score, ZERO), at <= ceiling)


def _points(measure: Measure, scheme: PayScheme) -> list[tuple[Decimal, Decimal]]:
    found: dict[Decimal, Decimal] = {}
    for item in scheme.components:
        if isinstance(item, Coefficient) and item.measure == measure.name:
            found |= dict(item.points)
        elif isinstance(item, Gate) and item.measure == measure.name:
            found.setdefault(item.at_least, Decimal(1))
    return sorted(found.items())


def _per_point(as_is: Facts, measure: Measure, scheme: PayScheme) -> Decimal | None:
    """What a point is worth where the scale begins to rise: here, or from the first threshold on."""
    points = _points(measure, scheme)
    score = as_is.measures[measure.name] or ZERO
    if len(points) < 2 or score >= points[-1][0]:
        return None
    here = max(score, points[0][0])
    upper = next(at for at, _factor in points if at > here)
    low, high = (find_line(_at(as_is, measure, at), scheme) or ZERO for at in (here, upper))
    return (high - low) / (upper - here)


def _at(facts: Facts, measure: Measure, score: Decimal) -> Facts:
    return replace(facts, measures={**facts.measures, measure.name: score})
