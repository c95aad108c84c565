"""Is it so? Judges the parts of claims, each kind with the same rule for what is noise.

A comparison gives *gaps*, one per seed, that are positive where the claim is right. The claim holds when the mean gap
exceeds the noise, fails when it is as far on the other side, and is within noise in between. The noise is the standard
deviation of the gaps over the seeds; a single seed has none, so the quantity's minimum gap replaces it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pipeline.report import wording
from pipeline.report.checks import Kind, Pair, Part
from pipeline.report.evidence import Evidence, Expression, NotRunError
from pipeline.report.metrics import Statistic

State = Literal["held", "not held", "within noise", "not run"]
HELD: State = "held"
NOT_HELD: State = "not held"
WITHIN_NOISE: State = "within noise"
NOT_RUN: State = "not run"


@dataclass(frozen=True)
class Outcome:
    """A part's state with its figures in words, the mean gap, the noise, and the seeds compared."""

    state: State
    figures: str = ""
    name: str = ""
    gap: float = 0.0
    noise: float = 0.0
    n: int = 0

    @property
    def margin(self) -> float:
        return self.gap - self.noise


@dataclass(frozen=True)
class Judge:
    """Judges parts against the evidence."""

    evidence: Evidence

    def outcome(self, part: Part) -> Outcome:
        """Raises InputError where the part names what does not exist."""
        return replace(self._outcome(part), name=part.name)

    def _outcome(self, part: Part) -> Outcome:
        try:
            expressions = [*part.values, *part.others]
            short = [one.variant for one in expressions if not self.evidence.trained_as_stated(one)]
            if part.stated_epochs and short:
                return Outcome(NOT_RUN, f"{', '.join(dict.fromkeys(short))} had less than the stated epochs")
            return CHECKS[part.kind](self, part)
        except NotRunError as reason:
            return Outcome(NOT_RUN, str(reason))

    def compare(self, gaps: list[float], minimum: float, least: float = 0.0) -> Outcome:
        """The rule: does the mean gap exceed the noise, and on which side?

        Where at least so much is asked, the gap must also be as large; it fails when it is smaller by more than noise.
        """
        gap = Statistic.of(gaps)
        noise = minimum if gap.sd is None else gap.sd
        held, failed = gap.mean > noise and gap.mean >= least, gap.mean < least - noise
        state: State = HELD if held else NOT_HELD if failed else WITHIN_NOISE
        return Outcome(state, gap=gap.mean, noise=noise, n=gap.n)


def conjunction(states: Iterable[State]) -> State:
    """The state of a claim that says several things at once.

    One thing that fails is enough against it; it holds only if all were run and hold. Otherwise "not run" overrides
    "within noise", because what was not looked at is the larger gap.
    """
    states = list(states)
    return next((state for state in (NOT_HELD, NOT_RUN, WITHIN_NOISE) if state in states), HELD)


# --- the kinds --------------------------------------------------------------------------------------------------------


def _rising(judge: Judge, part: Part) -> Outcome:
    return _ordered(judge, part, list(itertools.pairwise(part.values)), part.values)


def _below(judge: Judge, part: Part) -> Outcome:
    return _ordered(judge, part, list(itertools.product(part.values, part.others)), None)


def _ordered(judge: Judge, part: Part, pairs: list[Pair], chain: tuple[Expression, ...] | None) -> Outcome:
    """Smaller before larger, in all pairs; the figures show the chain, or of many pairs the one that agrees least."""
    found = [(_less(judge, *pair, least=part.at_least or 0.0), pair) for pair in pairs]
    worst, pair = min(found, key=lambda item: item[0].margin)
    figures = f"asked {' < '.join(_shown(judge, one) for one in chain or pair)}{wording.unit(pair[0])}"
    which = "gap" if len(pairs) == 1 else "smallest gap" if chain else f"smallest gap of {len(pairs)} pairs"
    figures += f"; {which} {worst.gap:+.4g}, noise {worst.noise:.4g}{wording.bounds(part.at_least, None)}"
    states = [outcome.state for outcome, _ in found]
    if part.actions:
        by_action = [_less_by_action(judge, pairs, name) for name in judge.evidence.results.actions]
        agree = sum(all(outcome.gap > 0 for outcome in outcomes) for outcomes in by_action)
        figures += f"; so in {agree} of {len(by_action)} actions"
        if part.actions == "every":
            beyond = sum(conjunction(one.state for one in outcomes) == HELD for outcomes in by_action)
            figures += f" (every one is asked), beyond noise in {beyond}"
            states += [outcome.state for outcomes in by_action for outcome in outcomes]
    return replace(worst, state=conjunction(states), figures=figures)


def _less(judge: Judge, smaller: Expression, larger: Expression, factor: float = 1.0, least: float = 0.0) -> Outcome:
    """Whether smaller < factor * larger, by at least so much, in the smaller's unit."""
    pairs = [(left, factor * right) for left, right in _together(judge, smaller, larger)]
    minimum = smaller.quantity.minimum_gap(*itertools.chain(*pairs))
    return judge.compare([right - left for left, right in pairs], minimum, least)


def _less_by_action(judge: Judge, pairs: list[Pair], action: str) -> list[Outcome]:
    return [_less(judge, replace(one, action=action), replace(other, action=action)) for one, other in pairs]


def _ratio(judge: Judge, part: Part) -> Outcome:
    """Noise counts in the first's unit."""
    first, second = part.values
    outcomes = []
    if part.at_most is not None:
        outcomes.append(_less(judge, first, second, part.at_most))
    if part.at_least is not None:
        outcomes.append(_less(judge, second, first, 1 / part.at_least))
    found = Statistic.of([one / other for one, other in _together(judge, first, second)])
    figures = f"{_shown(judge, first)} / {_shown(judge, second)} = {wording.value(found)}"
    figures += wording.bounds(part.at_least, part.at_most)
    worst = min(outcomes, key=lambda outcome: outcome.margin)
    return replace(worst, state=conjunction(outcome.state for outcome in outcomes), figures=figures)


def _bounded(judge: Judge, part: Part) -> Outcome:
    outcomes = []
    for value in part.values:
        by_seed = list(judge.evidence.by_seed(value).values())
        outcomes.append(judge.compare([_room(part, one) for one in by_seed], value.quantity.minimum_gap(*by_seed)))
    worst = min(outcomes, key=lambda outcome: outcome.margin)
    figures = ", ".join(_shown(judge, value) for value in part.values) + wording.bounds(part.at_least, part.at_most)
    return replace(worst, state=conjunction(outcome.state for outcome in outcomes), figures=figures)


def _room(part: Part, value: float) -> float:
    """How far inside the bounds a value lies, negative outside."""
    above = math.inf if part.at_most is None else part.at_most - value
    below = math.inf if part.at_least is None else value - part.at_least
    return min(above, below)


def _close(judge: Judge, part: Part) -> Outcome:
    return _allowed(judge, part, abs, "apart")


def _no_gain(judge: Judge, part: Part) -> Outcome:
    return _allowed(judge, part, float, "gained")


def _allowed(judge: Judge, part: Part, size: Callable[[float], float], word: str) -> Outcome:
    """A difference is no larger than allowed. Noise may excuse a difference; it cannot make one."""
    assert part.at_most is not None
    first, second = part.values
    rows, minimum = _gains(judge, part, (first, second))
    difference = Statistic.of([gained for (gained,) in rows])
    noise = minimum if difference.sd is None else difference.sd
    room = part.at_most - size(difference.mean)
    state: State = HELD if room >= 0 else WITHIN_NOISE if room + noise >= 0 else NOT_HELD
    figures = " and ".join(_shown(judge, value) for value in part.values) + wording.unit(first)
    percent = " % of the first" if part.relative else ""
    figures += f": {size(difference.mean):.4g}{percent} {word}, allowed {part.at_most:g}, noise {noise:.4g}"
    return Outcome(state, figures, gap=room, noise=noise, n=len(rows))


def _gain(judge: Judge, part: Part) -> Outcome:
    ours, theirs = _in_pairs(part.values), _in_pairs(part.others)
    outcomes = [_gained(judge, part, *pairs) for pairs in itertools.product(ours, theirs)]
    worst = min(outcomes, key=lambda outcome: outcome.margin)
    which = f"; of {len(outcomes)} comparisons the one that agrees least" if len(outcomes) > 1 else ""
    state = conjunction(outcome.state for outcome in outcomes)
    return replace(worst, state=state, figures=f"{worst.figures}{which}; noise {worst.noise:.4g}")


def _gained(judge: Judge, part: Part, pair: Pair, other: Pair) -> Outcome:
    factor = part.at_least or 1.0
    gains, minimum = _gains(judge, part, pair, other)
    asked = [max(another, factor * another) for _, another in gains]  # twice a loss is not what was meant
    outcome = judge.compare([one - least for (one, _), least in zip(gains, asked, strict=True)], minimum)
    steps = [f"{_shown(judge, before)} to {_shown(judge, after)}" for before, after in (pair, other)]
    sizes = [Statistic.of(list(sizes)).mean for sizes in zip(*gains, strict=True)]
    times = "" if factor == 1 else f"{factor:g} times "
    percent = " %" if part.relative else ""
    figures = (
        f"gained {sizes[0]:.4g}{percent} ({steps[0]}), asked more than {times}{sizes[1]:.4g}{percent} ({steps[1]})"
    )
    return replace(outcome, figures=figures if part.relative else f"{figures}{wording.unit(pair[0])}")


def _gains(judge: Judge, part: Part, *pairs: Pair) -> tuple[list[list[float]], float]:
    """What every pair gains from its first value to its second, a row per seed, and the minimum gap in the same unit.

    Errors gain when they fall, precision when it rises. `relative`: in percent of the first value.
    """
    rows = np.array(_together(judge, *itertools.chain(*pairs)))
    before, after = rows[:, ::2], rows[:, 1::2]
    minimum = pairs[0][0].quantity.minimum_gap()
    gains = np.array([1 if first.quantity.higher_is_better else -1 for first, _ in pairs]) * (after - before)
    if not part.relative:
        return gains.tolist(), minimum
    if not before.all():
        raise NotRunError(f"{pairs[0][0].label}: a gain over 0 has no percentage")
    return (100 * gains / abs(before)).tolist(), 100 * minimum / float(abs(before).min())


def _in_pairs(values: tuple[Expression, ...]) -> list[Pair]:
    return list(zip(values[::2], values[1::2], strict=True))


def _spread(judge: Judge, part: Part) -> Outcome:
    """With few seeds, only spreads that differ by a factor can be distinguished."""
    assert part.at_least is not None
    one, other = (Statistic.of(list(judge.evidence.by_seed(value).values())) for value in part.values)
    if one.sd is None or other.sd is None:
        raise NotRunError("a spread needs at least two seeds")
    held, failed = other.sd >= part.at_least * one.sd, one.sd >= part.at_least * other.sd
    state: State = WITHIN_NOISE if held == failed else HELD if held else NOT_HELD
    spreads = zip(part.values, (one.sd, other.sd), strict=True)
    varies = (f"{value.label} varies by {spread:.4g}" for value, spread in spreads)
    figures = f"over {one.n} seeds {', '.join(varies)}{wording.unit(part.values[0])}"
    figures += f"; a factor of {part.at_least:g} tells them apart"
    return Outcome(state, figures, gap=other.sd - one.sd, noise=0.0, n=one.n)


def _together(judge: Judge, *expressions: Expression) -> list[tuple[float, ...]]:
    """Values of the seeds that all of them have, a row per seed."""
    by_seed = [judge.evidence.by_seed(expression) for expression in expressions]
    rows = [tuple(values[seed] for values in by_seed) for seed in by_seed[0] if all(seed in one for one in by_seed)]
    if not rows:
        raise NotRunError(f"{' and '.join(one.label for one in expressions)} have no seed in common")
    return rows


def _shown(judge: Judge, expression: Expression) -> str:
    return f"{expression.label} {wording.value(Statistic.of(list(judge.evidence.by_seed(expression).values())))}"


def _unavailable(judge: Judge, part: Part) -> Outcome:
    return Outcome(NOT_RUN, part.reason)


CHECKS: dict[Kind, Callable[[Judge, Part], Outcome]] = {
    "rising": _rising,
    "below": _below,
    "ratio": _ratio,
    "bounded": _bounded,
    "close": _close,
    "no_gain": _no_gain,
    "gain": _gain,
    "spread": _spread,
    "unavailable": _unavailable,
}
