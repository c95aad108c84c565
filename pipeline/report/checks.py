"""How a claim's part is checked: a few kinds of comparison, each with the same rule for what is noise.

A comparison turns into *gaps*, one a seed, that are positive where the claim is right. The claim holds when the mean
gap exceeds the noise, fails when it is as far on the other side, and is within noise in between. The noise is the
standard deviation of the gaps over the seeds; a single seed has none, so there a minimum gap of the quantity stands in,
which minimum_gaps.yaml fixes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from pipeline.report import wording
from pipeline.report.detection_evidence import HIGHER_IS_BETTER
from pipeline.report.evidence import Evidence
from pipeline.report.expression import Expression, NotRunError
from pipeline.report.metrics import Statistic

State = Literal["held", "not held", "within noise", "not run"]
HELD: State = "held"
NOT_HELD: State = "not held"
WITHIN_NOISE: State = "within noise"
NOT_RUN: State = "not run"
PROTOCOLS = ("P1", "P2")

Pair = tuple[Expression, Expression]


class MinimumGap(BaseModel):
    """What counts as noise with a single seed: an amount, or a share of the values compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    absolute: float = 0.0
    relative: float = 0.0


class Part(BaseModel):
    """One comparison of a claim, as claims_*.yaml write it. `P(...)` in it stands for P1 and for P2, judged apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    check: Literal["rising", "below", "ratio", "bounded", "close", "no_gain", "gain", "spread", "unavailable"]
    values: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  # of `below`: what every value must be below of; of `gain`: the pairs that gain less
    at_most: float | None = None
    at_least: float | None = None
    actions: Literal["count", "every"] | None = None  # say how many actions agree, or ask it of every action
    relative: bool = False  # of `close`, `no_gain`, `gain`: in percent of the value before
    stated_epochs: bool = False  # means something only if every variant had its paper's budget
    reason: str = ""  # of `unavailable`


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
    """Judges parts against the evidence, with these minimum gaps by quantity."""

    evidence: Evidence
    minimum_gaps: dict[str, MinimumGap]

    def outcomes(self, part: Part) -> list[Outcome]:
        """The outcome of a part, or of each protocol where it says P(...)."""
        if not any(value.startswith("P(") for value in (*part.values, *part.others)):
            return [replace(self._outcome(part), name=part.name)]
        both = []
        for protocol in PROTOCOLS:
            values, others = (
                tuple(protocol + value[1:] if value.startswith("P(") else value for value in side)
                for side in (part.values, part.others)
            )
            name = ", ".join(word for word in (part.name, protocol) if word)
            outcome = self._outcome(part.model_copy(update={"values": values, "others": others}))
            both.append(replace(outcome, name=name))
        return both

    def _outcome(self, part: Part) -> Outcome:
        if part.check == "unavailable":
            return Outcome(NOT_RUN, part.reason)
        values = [Expression.parse(value) for value in part.values]
        others = [Expression.parse(value) for value in part.others]
        try:
            short = [e.variant for e in values + others if not self.evidence.trained_as_stated(e)]
            if part.stated_epochs and short:
                return Outcome(NOT_RUN, f"{', '.join(dict.fromkeys(short))} had less than the stated epochs")
            return CHECKS[part.check](self, part, values, others)
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

    def minimum(self, expression: Expression, *values: float) -> float:
        gap = self.minimum_gaps.get(expression.quantity, MinimumGap())
        return max(gap.absolute, gap.relative * max(map(abs, values), default=0.0))


def conjunction(states: Iterable[State]) -> State:
    """The state of a claim that says several things at once.

    One thing that fails is enough against it; it holds only if all were run and hold. Of what is left, "not run" goes
    before "within noise": what nobody looked at is the larger gap.
    """
    states = list(states)
    return next((state for state in (NOT_HELD, NOT_RUN, WITHIN_NOISE) if state in states), HELD)


# --- the kinds --------------------------------------------------------------------------------------------------------


def _rising(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """Each value is below the next, by `at_least` where that is given."""
    return _ordered(judge, part, list(itertools.pairwise(values)), values)


def _below(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """Every value is below every other, likewise."""
    return _ordered(judge, part, list(itertools.product(values, others)), None)


def _ordered(judge: Judge, part: Part, pairs: list[Pair], chain: list[Expression] | None) -> Outcome:
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
    minimum = judge.minimum(smaller, *itertools.chain(*pairs))
    return judge.compare([right - left for left, right in pairs], minimum, least)


def _less_by_action(judge: Judge, pairs: list[Pair], action: str) -> list[Outcome]:
    return [_less(judge, replace(one, action=action), replace(other, action=action)) for one, other in pairs]


def _ratio(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """The first value over the second lies within the bounds; noise counts in the first's unit."""
    first, second = values
    outcomes = []
    if part.at_most is not None:
        outcomes.append(_less(judge, first, second, part.at_most))
    if part.at_least is not None:
        outcomes.append(_less(judge, second, first, 1 / part.at_least))
    ratio = Statistic.of([one / other for one, other in _together(judge, first, second)])
    figures = f"{_shown(judge, first)} / {_shown(judge, second)} = {wording.value(ratio)}"
    figures += wording.bounds(part.at_least, part.at_most)
    worst = min(outcomes, key=lambda outcome: outcome.margin)
    return replace(worst, state=conjunction(outcome.state for outcome in outcomes), figures=figures)


def _bounded(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """Every value lies within the bounds."""
    outcomes = []
    for value in values:
        by_seed = list(judge.evidence.by_seed(value).values())
        outcomes.append(judge.compare([_room(part, one) for one in by_seed], judge.minimum(value, *by_seed)))
    worst = min(outcomes, key=lambda outcome: outcome.margin)
    figures = ", ".join(_shown(judge, value) for value in values) + wording.bounds(part.at_least, part.at_most)
    return replace(worst, state=conjunction(outcome.state for outcome in outcomes), figures=figures)


def _room(part: Part, value: float) -> float:
    """How far inside the bounds a value lies, negative outside."""
    above = math.inf if part.at_most is None else part.at_most - value
    below = math.inf if part.at_least is None else value - part.at_least
    return min(above, below)


def _close(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """Two values differ by no more than allowed."""
    return _allowed(judge, part, values, abs, "apart")


def _no_gain(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """The second value is better than the first by no more than allowed; it may well be worse."""
    return _allowed(judge, part, values, float, "gained")


def _allowed(judge: Judge, part: Part, values: list[Expression], size: Callable[[float], float], word: str) -> Outcome:
    """A difference is no larger than allowed. Noise may excuse a difference; it cannot make one."""
    assert part.at_most is not None
    rows, minimum = _gains(judge, part, (values[0], values[1]))
    difference = Statistic.of([gained for (gained,) in rows])
    noise = minimum if difference.sd is None else difference.sd
    room = part.at_most - size(difference.mean)
    state: State = HELD if room >= 0 else WITHIN_NOISE if room + noise >= 0 else NOT_HELD
    figures = " and ".join(_shown(judge, value) for value in values) + wording.unit(values[0])
    percent = " % of the first" if part.relative else ""
    figures += f": {size(difference.mean):.4g}{percent} {word}, allowed {part.at_most:g}, noise {noise:.4g}"
    return Outcome(state, figures, gap=room, noise=noise, n=len(rows))


def _gain(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """From the first value to the second there is more to gain than from the third to the fourth, or a factor more.

    With `others`, values and others are pairs: in every pair of values more than in every pair of others.
    """
    ours, theirs = (_in_pairs(values), _in_pairs(others)) if others else (_in_pairs(values[:2]), _in_pairs(values[2:]))
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
    """What every pair gains from its first value to its second, a row a seed, and the minimum gap in the same unit.

    Errors gain when they fall, precision when it rises. `relative`: in percent of the first value.
    """
    rows = np.array(_together(judge, *itertools.chain(*pairs)))
    before, after = rows[:, ::2], rows[:, 1::2]
    minimum = judge.minimum(pairs[0][0])
    gains = np.array([1 if first.quantity in HIGHER_IS_BETTER else -1 for first, _ in pairs]) * (after - before)
    if not part.relative:
        return gains.tolist(), minimum
    if not before.all():
        raise NotRunError(f"{pairs[0][0].label}: a gain over 0 has no percentage")
    return (100 * gains / abs(before)).tolist(), 100 * minimum / float(abs(before).min())


def _in_pairs(values: list[Expression]) -> list[Pair]:
    return list(zip(values[::2], values[1::2], strict=True))


def _spread(judge: Judge, part: Part, values: list[Expression], others: list[Expression]) -> Outcome:
    """The first value varies less over seeds than the second, by a factor: few seeds cannot tell less apart."""
    assert part.at_least is not None
    one, other = (Statistic.of(list(judge.evidence.by_seed(value).values())) for value in values)
    if one.sd is None or other.sd is None:
        raise NotRunError("a spread needs at least two seeds")
    held, failed = other.sd >= part.at_least * one.sd, one.sd >= part.at_least * other.sd
    state: State = WITHIN_NOISE if held == failed else HELD if held else NOT_HELD
    varies = (f"{value.label} varies by {spread:.4g}" for value, spread in zip(values, (one.sd, other.sd), strict=True))
    figures = f"over {one.n} seeds {', '.join(varies)}{wording.unit(values[0])}"
    figures += f"; a factor of {part.at_least:g} tells them apart"
    return Outcome(state, figures, gap=other.sd - one.sd, noise=0.0, n=one.n)


def _together(judge: Judge, *expressions: Expression) -> list[tuple[float, ...]]:
    """Values of the seeds that all of them have, a row a seed."""
    by_seed = [judge.evidence.by_seed(expression) for expression in expressions]
    rows = [tuple(values[seed] for values in by_seed) for seed in by_seed[0] if all(seed in one for one in by_seed)]
    if not rows:
        raise NotRunError(f"{' and '.join(one.label for one in expressions)} have no seed in common")
    return rows


def _shown(judge: Judge, expression: Expression) -> str:
    return f"{expression.label} {wording.value(Statistic.of(list(judge.evidence.by_seed(expression).values())))}"


CHECKS: dict[str, Callable[[Judge, Part, list[Expression], list[Expression]], Outcome]] = {
    "rising": _rising,
    "below": _below,
    "ratio": _ratio,
    "bounded": _bounded,
    "close": _close,
    "no_gain": _no_gain,
    "gain": _gain,
    "spread": _spread,
}
