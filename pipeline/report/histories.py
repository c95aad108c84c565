"""Training histories (history.csv): a row every few steps, and one at the end of each epoch with what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.artifacts import InputError
from pipeline.config import Run

EPOCHS_FOR_A_CURVE = 10  # with fewer, a training curve is cut into tenths of an epoch instead of epochs


def read(path: Path, columns: Iterable[str], remedy: str) -> pd.DataFrame:
    """The table, which has at least these columns. Raises InputError naming file, column and remedy."""
    try:
        frame = pd.read_csv(path)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; {remedy}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a CSV ({str(error).strip()}); {remedy}") from None
    missing = [name for name in columns if name not in frame]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}; {remedy}")
    return frame


# --- lifting ----------------------------------------------------------------------------------------------------------


def lifting(run: Run, variant: str, seed: int) -> pd.DataFrame:
    """A training's epoch, step, learning_rate, loss, and its test errors at the end of each epoch."""
    remedy = f"run `python -m pipeline train_{run.layout.kind(variant)} --variant {variant}` again"
    return read(run.layout.history(variant, seed), ("epoch", "loss", "test_mpjpe"), remedy)


def loss_curve(frame: pd.DataFrame) -> pd.Series:
    """The mean training loss per epoch, or per tenth of one if there are fewer than ten, by the epoch of its end."""
    interval = 1.0 if frame["epoch"].max() >= EPOCHS_FOR_A_CURVE else 0.1
    # An epoch's last row belongs to it and not to the next, whatever floating point made of the fraction.
    bins = -((-frame["epoch"] + 1e-6) // interval)
    return frame["loss"].groupby(bins * interval).mean()


def roughness(losses: pd.Series) -> float:
    """Mean relative change of a curve from one point to the next (claim SG-7)."""
    return float((losses.diff().abs() / losses.shift()).iloc[1:].mean())


# --- detection --------------------------------------------------------------------------------------------------------


def precisions(run: Run, variant: str, seed: int) -> pd.Series:
    """AP on the validation images by epoch."""
    remedy = f"run `python -m pipeline train_detection --variant {variant}` again"
    frame = read(run.layout.history(variant, seed), ("epoch", "val_ap"), remedy).dropna(subset=["val_ap"])
    return frame.set_index("epoch")["val_ap"].sort_index()


def largest_fall(curve: pd.Series) -> float:
    """The largest fall of AP between two validations, in points; 0 if it never falls. See `_late_changes`."""
    return max(0.0, float(-_late_changes(curve).min()))


def largest_jump(curve: pd.Series) -> float:
    """The largest change up or down, likewise."""
    return float(_late_changes(curve).abs().max())


def _late_changes(curve: pd.Series) -> pd.Series:
    """Changes of AP from one validation to the next, of those that end after a third of the epochs."""
    steps = curve.diff().iloc[1:]
    return steps[steps.index > curve.index[-1] / 3]
