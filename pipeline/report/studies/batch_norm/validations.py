"""What a training's validations say with both statistics, from history.csv: errors, their gap, and the best epoch."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pipeline.artifacts import InputError
from pipeline.report import histories
from pipeline.report.evidence import BySeed, Evidence, Expression, NoSuchNumberError, Quantity

RUNNING, RENEWED = "running", "renewed"
COLUMNS = {RUNNING: "running_test_mpjpe", RENEWED: "test_mpjpe"}  # of history.csv, in mm

Read = Callable[[Evidence, Expression], BySeed]


def errors(evidence: Evidence, variant: str, seed: int) -> pd.DataFrame:
    """P1 in mm by epoch: a column for each of the two statistics. Raises InputError for an older history."""
    path = evidence.run.layout.history(variant, seed)
    remedy = f"train again: `python -m pipeline train_lifting --variant {variant} --seed {seed}`"
    frame = histories.read(path, ("epoch", *COLUMNS.values()), remedy).dropna(subset=list(COLUMNS.values()))
    if frame.empty:
        raise InputError(f"{path}: no validation in it; {remedy}")
    by_epoch = frame.set_index(frame["epoch"].round().astype(int))
    return pd.DataFrame({name: by_epoch[column] for name, column in COLUMNS.items()})


def gaps(evidence: Evidence, variant: str, seed: int) -> pd.Series:
    """P1 with running less P1 with renewed statistics, in mm, by epoch."""
    found = errors(evidence, variant, seed)
    return found[RUNNING] - found[RENEWED]


def gap_after(epoch: int, variant: str, evidence: Evidence) -> BySeed:
    """The gap after an epoch, for every seed. Raises NoSuchNumberError if a training had fewer epochs."""
    by_seed = {seed.seed: gaps(evidence, variant, seed.seed) for seed in evidence.results[variant].seeds}
    if any(epoch not in gap.index for gap in by_seed.values()):
        raise NoSuchNumberError(f"{variant}: no validation after epoch {epoch}")
    return {seed: float(gap[epoch]) for seed, gap in by_seed.items()}


# --- readers ----------------------------------------------------------------------------------------------------------


def _gap(evidence: Evidence, expression: Expression) -> BySeed:
    """The gap after an epoch, the argument; of `2, seed 1` that of one seed."""
    epoch, _, seed = (expression.argument or "").partition(", seed ")
    found = gap_after(int(epoch), expression.variant, evidence)
    if not seed:
        return found
    if int(seed) not in found:
        raise NoSuchNumberError(f"{expression.variant}: no seed {seed}")
    return {int(seed): found[int(seed)]}


def _over_seeds(choose: Callable[..., float]) -> Read:
    """The smallest or the largest gap of all seeds after an epoch: one number, the same for every seed."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        found = gap_after(int(expression.argument or ""), expression.variant, evidence)
        return dict.fromkeys(found, choose(found.values()))

    return by_seed


def _of_errors(value: Callable[[pd.Series], float]) -> Read:
    """A number of a seed's errors by epoch, with the statistics that the argument names."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        variant, which = expression.variant, expression.argument or RENEWED
        seeds = evidence.results[variant].seeds
        return {seed.seed: value(errors(evidence, variant, seed.seed)[which]) for seed in seeds}

    return by_seed


# --- quantities -------------------------------------------------------------------------------------------------------

GAP = Quantity(
    "gap",
    "P1 with batch norm's running statistics less P1 with statistics renewed from training poses, in mm, both of the "
    "same weights, after an epoch",
    _gap,
    unit="mm",
    heading="Gap",
)
SMALLEST_GAP = Quantity("smallest_gap", "the smallest of all seeds", _over_seeds(min), "mm", heading="Min", once=True)
LARGEST_GAP = Quantity("largest_gap", "the largest of all seeds", _over_seeds(max), "mm", heading="Max", once=True)
LAST = Quantity(
    "last",
    "P1 after the last epoch, in mm",
    _of_errors(lambda errors: float(errors.iloc[-1])),
    unit="mm",
    heading="Last",
)
BEST = Quantity(
    "best",
    "the lowest P1 of all epochs, in mm: of the epoch that the test subjects choose",
    _of_errors(lambda errors: float(errors.min())),
    unit="mm",
    heading="Best",
)
GAIN = Quantity(
    "gain",
    "P1 after the last epoch less that of the best epoch, in mm",
    _of_errors(lambda errors: float(errors.iloc[-1] - errors.min())),
    unit="mm",
    heading="Gain",
)
BEST_EPOCH = Quantity(
    "best_epoch",
    "the epoch with the lowest P1",
    _of_errors(lambda errors: float(errors.index.to_numpy()[errors.argmin()])),
    heading="Best epoch",
)
