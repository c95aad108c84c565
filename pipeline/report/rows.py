"""Values compared seed by seed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from pipeline.report.checks import Pair, Part
from pipeline.report.evidence import Evidence, Expression, NotRunError


@dataclass(frozen=True)
class Rows:
    """Values compared, a row per seed; a single row if no seed plays a part in any of them."""

    values: list[tuple[float, ...]]
    seedless: bool = False


def together(evidence: Evidence, *expressions: Expression) -> Rows:
    """Values of the seeds that all of them have, a row per seed. A value without a seed is in every row."""
    by_seed = [evidence.by_seed(expression) for expression in expressions]
    always = [
        next(iter(values.values()), None) if evidence.seedless(expression) else None
        for expression, values in zip(expressions, by_seed, strict=True)
    ]
    varying = [values for values, value in zip(by_seed, always, strict=True) if value is None]
    if not varying:
        return Rows([tuple(value for value in always if value is not None)], seedless=True)
    seeds = [seed for seed in varying[0] if all(seed in values for values in varying)]
    if not seeds:
        raise NotRunError(f"{' and '.join(one.label for one in expressions)} have no seed in common")
    pairs = list(zip(by_seed, always, strict=True))
    return Rows([tuple(values[seed] if value is None else value for values, value in pairs) for seed in seeds])


def gains(evidence: Evidence, part: Part, *pairs: Pair) -> tuple[Rows, float]:
    """What every pair gains from its first value to its second, a row per seed, and the minimum gap in the same unit.

    Errors gain when they fall, precision when it rises. `relative`: in percent of the first value.
    """
    rows = together(evidence, *itertools.chain(*pairs))
    values = np.array(rows.values)
    before, after = values[:, ::2], values[:, 1::2]
    minimum = pairs[0][0].quantity.minimum_gap()
    gained = np.array([1 if first.quantity.higher_is_better else -1 for first, _ in pairs]) * (after - before)
    if not part.relative:
        return replace(rows, values=gained.tolist()), minimum
    if not before.all():
        raise NotRunError(f"{pairs[0][0].label}: a gain over 0 has no percentage")
    return replace(rows, values=(100 * gained / abs(before)).tolist()), 100 * minimum / float(abs(before).min())
