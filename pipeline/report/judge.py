"""Is it so? Judges the parts of claims, each kind with the same rule for what is noise.

A comparison gives *gaps*, one per seed, that are positive where the claim is right. The claim holds when the mean gap
exceeds the noise, fails when it is as far on the other side, and is within noise in between. From three seeds on the
noise is the standard deviation of the gaps over the seeds. A single seed has none, so the quantity's minimum gap
replaces it; that of two seeds may be small by chance, so it counts only where it is larger than the minimum gap. What
fewer than three seeds say is marked as such (states.py).

A value in which no seed plays a part (parameters, the annotations, closed forms, imported weights) is compared with
every seed of the others. If no seed plays a part in any value, one comparison decides.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.report import wording
from pipeline.report.checks import Kind, Pair, Part
from pipeline.report.evidence import Evidence, Expression, NotRunError
from pipeline.report.metrics import Statistic
from pipeline.report.rows import gains, together
from pipeline.report.states import (
    AGREE,
    HELD,
    NOT_HELD,
    NOT_RUN,
    SEEDS,
    WITHIN_NOISE,
    State,
    as_seeds_allow,
    conjunction,
    rank,
)


@dataclass(frozen=True)
class Outcome:
    """A part's state with its figures in words, and the comparison that decided it.

    That has a mean gap, the size of gap that was asked, the noise, the number of seeds (1 if none plays a part), and
    the values compared; `where` is its action if it is about one.
    """

    state: State
    figures: str = ""
    name: str = ""
    gap: float = 0.0
    noise: float = 0.0
    n: int = 0
    asked: float = 0.0
    seedless: bool = False
    compared: tuple[Expression, ...] = ()
    where: str = ""

    @property
    def order(self) -> tuple[int, float]:
        """Of several comparisons, the one with the lowest decides."""
        return rank(self.state), self.gap - self.noise


@dataclass(frozen=True)
class Judge:
    """Judges parts against the evidence."""

    evidence: Evidence

    def outcome(self, part: Part) -> Outcome:
        """Raises InputError where the part names what does not exist."""
        found = self._outcome(part)
        return replace(found, name=part.name, compared=found.compared or (*part.values, *part.others))

    def _outcome(self, part: Part) -> Outcome:
        try:
            expressions = [*part.values, *part.others]
            short = [one.variant for one in expressions if not self.evidence.trained_as_stated(one)]
            if part.stated_epochs and short:
                return Outcome(NOT_RUN, f"{', '.join(dict.fromkeys(short))} had less than the stated epochs")
            return CHECKS[part.kind](self, part)
        except NotRunError as reason:
            return Outcome(NOT_RUN, str(reason))

    def compare(self, gaps: list[float], minimum: float, least: float = 0.0, seedless: bool = False) -> Outcome:
        """The rule: does the mean gap exceed the noise, and on which side?

        Where at least so much is asked, the gap must also be as large; it fails when it is smaller by more than noise.
        """
        gap = Statistic.of(gaps)
        size = noise(gap, minimum)
        held, failed = gap.mean > size and gap.mean >= least, gap.mean < least - size
        state = HELD if held else NOT_HELD if failed else WITHIN_NOISE
        return _outcome(state, gap, size, seedless, asked=least)


def noise(gap: Statistic, minimum: float) -> float:
    """What a gap must exceed: its standard deviation over seeds, or the minimum gap, as said above."""
    if gap.sd is None:
        return minimum
    return gap.sd if gap.n >= SEEDS else max(gap.sd, minimum)


def _outcome(state: State, gap: Statistic, size: float, seedless: bool, figures: str = "", asked: float = 0) -> Outcome:
    allowed = state if seedless else as_seeds_allow(state, gap.n)
    return Outcome(allowed, figures, gap=gap.mean, noise=size, n=gap.n, asked=asked, seedless=seedless)


# --- the kinds --------------------------------------------------------------------------------------------------------


def _rising(judge: Judge, part: Part) -> Outcome:
    return _ordered(judge, part, list(itertools.pairwise(part.values)), part.values)


def _below(judge: Judge, part: Part) -> Outcome:
    return _ordered(judge, part, list(itertools.product(part.values, part.others)), None)


def _ordered(judge: Judge, part: Part, pairs: list[Pair], chain: tuple[Expression, ...] | None) -> Outcome:
    """Smaller before larger, in all pairs; the figures show the chain, or of many pairs the one that agrees least."""
    found = [(_less(judge, *pair, least=part.at_least or 0.0), pair) for pair in pairs]
    worst, pair = min(found, key=lambda item: item[0].order)
    figures = f"asked {' < '.join(_shown(judge, one) for one in chain or pair)}{wording.unit(pair[0])}"
    which = "gap" if len(pairs) == 1 else "smallest gap" if chain else f"smallest gap of {len(pairs)} pairs"
    figures += f"; {which} {worst.gap:+.4g}, noise {worst.noise:.4g}{wording.bounds(part.at_least, None)}"
    outcomes = [outcome for outcome, _ in found]
    if part.actions:
        by_action = [_less_by_action(judge, pairs, name) for name in judge.evidence.results.actions]
        agree = sum(all(outcome.gap > 0 for outcome in several) for several in by_action)
        figures += f"; so in {agree} of {len(by_action)} actions"
        if part.actions == "every":
            beyond = sum(conjunction(one.state for one in several) in AGREE for several in by_action)
            figures += f" (every one is asked), beyond noise in {beyond}"
            outcomes += itertools.chain(*by_action)
    return replace(min(outcomes, key=lambda outcome: outcome.order), figures=figures)


def _less(judge: Judge, smaller: Expression, larger: Expression, factor: float = 1.0, least: float = 0.0) -> Outcome:
    """Whether smaller < factor * larger, by at least so much, in the smaller's unit."""
    rows = together(judge.evidence, smaller, larger)
    pairs = [(left, factor * right) for left, right in rows.values]
    minimum = smaller.quantity.minimum_gap(*itertools.chain(*pairs))
    compared = judge.compare([right - left for left, right in pairs], minimum, least, rows.seedless)
    return replace(compared, compared=(smaller, larger))


def _less_by_action(judge: Judge, pairs: list[Pair], action: str) -> list[Outcome]:
    outcomes = [_less(judge, replace(one, action=action), replace(other, action=action)) for one, other in pairs]
    return [replace(outcome, where=action) for outcome in outcomes]


def _ratio(judge: Judge, part: Part) -> Outcome:
    """Noise counts in the first's unit."""
    first, second = part.values
    outcomes = []
    if part.at_most is not None:
        outcomes.append(_less(judge, first, second, part.at_most))
    if part.at_least is not None:
        outcomes.append(_less(judge, second, first, 1 / part.at_least))
    values = together(judge.evidence, first, second).values
    figures = f"{_shown(judge, first)} / {_shown(judge, second)}"
    if all(other for _, other in values):
        figures += f" = {wording.value(Statistic.of([one / other for one, other in values]))}"
    figures += wording.bounds(part.at_least, part.at_most)
    return replace(min(outcomes, key=lambda outcome: outcome.order), figures=figures)


def _bounded(judge: Judge, part: Part) -> Outcome:
    outcomes = []
    for value in part.values:
        rows = together(judge.evidence, value)
        by_seed = [one for (one,) in rows.values]
        gaps, minimum = [_room(part, one) for one in by_seed], value.quantity.minimum_gap(*by_seed)
        outcomes.append(replace(judge.compare(gaps, minimum, seedless=rows.seedless), compared=(value,)))
    figures = ", ".join(_shown(judge, value) for value in part.values) + wording.bounds(part.at_least, part.at_most)
    return replace(min(outcomes, key=lambda outcome: outcome.order), figures=figures)


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
    rows, minimum = gains(judge.evidence, part, (first, second))
    difference = Statistic.of([gained for (gained,) in rows.values])
    size_of_noise = noise(difference, minimum)
    room = part.at_most - size(difference.mean)
    state = HELD if room >= 0 else WITHIN_NOISE if room + size_of_noise >= 0 else NOT_HELD
    figures = " and ".join(_shown(judge, value) for value in part.values) + wording.unit(first)
    percent = " % of the first" if part.relative else ""
    figures += f": {size(difference.mean):.4g}{percent} {word}, allowed {part.at_most:g}, noise {size_of_noise:.4g}"
    return _outcome(state, replace(difference, mean=room), size_of_noise, rows.seedless, figures)


def _gain(judge: Judge, part: Part) -> Outcome:
    ours, theirs = _in_pairs(part.values), _in_pairs(part.others)
    outcomes = [_gained(judge, part, *pairs) for pairs in itertools.product(ours, theirs)]
    worst = min(outcomes, key=lambda outcome: outcome.order)
    which = f"; of {len(outcomes)} comparisons the one that agrees least" if len(outcomes) > 1 else ""
    return replace(worst, figures=f"{worst.figures}{which}; noise {worst.noise:.4g}")


def _gained(judge: Judge, part: Part, pair: Pair, other: Pair) -> Outcome:
    factor = part.at_least or 1.0
    rows, minimum = gains(judge.evidence, part, pair, other)
    asked = [max(another, factor * another) for _, another in rows.values]  # twice a loss is not what was meant
    gaps = [one - least for (one, _), least in zip(rows.values, asked, strict=True)]
    outcome = replace(judge.compare(gaps, minimum, seedless=rows.seedless), compared=(*pair, *other))
    steps = [f"{_shown(judge, before)} to {_shown(judge, after)}" for before, after in (pair, other)]
    sizes = [Statistic.of(list(sizes)).mean for sizes in zip(*rows.values, strict=True)]
    times = "" if factor == 1 else f"{factor:g} times "
    percent = " %" if part.relative else ""
    figures = (
        f"gained {sizes[0]:.4g}{percent} ({steps[0]}), asked more than {times}{sizes[1]:.4g}{percent} ({steps[1]})"
    )
    return replace(outcome, figures=figures if part.relative else f"{figures}{wording.unit(pair[0])}")


def _in_pairs(values: tuple[Expression, ...]) -> list[Pair]:
    return list(zip(values[::2], values[1::2], strict=True))


def _spread(judge: Judge, part: Part) -> Outcome:
    """With few seeds, only spreads that differ by a factor can be distinguished."""
    assert part.at_least is not None
    one, other = (Statistic.of(list(judge.evidence.by_seed(value).values())) for value in part.values)
    if one.sd is None or other.sd is None:
        raise NotRunError("a spread needs at least two seeds")
    held, failed = other.sd >= part.at_least * one.sd, one.sd >= part.at_least * other.sd
    state = WITHIN_NOISE if held == failed else HELD if held else NOT_HELD
    spreads = zip(part.values, (one.sd, other.sd), strict=True)
    varies = (f"{value.label} varies by {spread:.4g}" for value, spread in spreads)
    figures = f"over {one.n} seeds {', '.join(varies)}{wording.unit(part.values[0])}"
    figures += f"; a factor of {part.at_least:g} tells them apart"
    return _outcome(state, Statistic(other.sd - one.sd, None, min(one.n, other.n)), 0.0, False, figures)


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
