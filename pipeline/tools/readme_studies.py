"""The short tables of the studies in docs/studies.md, from their committed runs."""

from __future__ import annotations

import csv
import re
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.lifting.results import LiftingResults, Mixture, Seed
from pipeline.report.studies.batch_norm.tables import EVERY_EPOCH
from pipeline.report.studies.collapse import MIXTURES
from pipeline.report.tables import Row
from pipeline.tools.readme_cells import NONE, NOT_RUN, grid, mean, reference

USED = 0.05  # of the weight, averaged over poses
HEAD = (
    "",
    "kernels used",
    "seeds that use all",
    "P1 mean (mm)",
    "P1 oracle (mm)",
    "spread x / y / depth (mm)",
)
REMEDY = "run `python -m pipeline reference --preset collapse` again, or restore it from the repository"
REFERENCE_MARKS = re.compile(r" \[[0-9, ]+\]$")  # of the long table's notes


def collapse_table(root: Path) -> str:
    """One row per remedy: the mean over its seeds and, where it says so, their standard deviation."""
    folder = reference(root) / "studies" / "collapse" / "metrics"
    return grid(HEAD, [_row(folder, row) for row in MIXTURES.rows])


def _row(folder: Path, row: Row) -> list[str]:
    label, path = REFERENCE_MARKS.sub("", row.label), folder / f"{row.variant}.json"
    if not path.exists():
        return [label, *[NOT_RUN] * (len(HEAD) - 1)]
    seeds = artifacts.read_model(path, LiftingResults, REMEDY).seeds
    mixtures = [seed.mixture for seed in seeds if seed.mixture]
    if len(mixtures) < len(seeds):
        raise InputError(f"{path}: a seed has no mixture; {REMEDY}")
    used = statistics.fmean(mixture.components_used.over_5_percent_on_average for mixture in mixtures)
    spreads = [statistics.fmean(mixture.spread_mm[axis] or 0.0 for mixture in mixtures) for axis in ("x", "y", "depth")]
    return [
        label,
        f"{used:.1f} of {mixtures[0].kernels}",
        f"{sum(map(_all_are_used, mixtures))} of {len(seeds)}",
        _error(seeds, "mean"),
        _error(seeds, "oracle"),
        " / ".join(f"{spread:.0f}" for spread in spreads),
    ]


def _error(seeds: Sequence[Seed], prediction: str) -> str:
    return mean([error.action_average for seed in seeds if (error := seed.predictions[prediction].mpjpe)])


def _all_are_used(mixture: Mixture) -> bool:
    return min(mixture.mean_weights) > USED


# --- batch norm -------------------------------------------------------------------------------------------------------


def batch_norm_table(root: Path) -> str:
    """One row per network: the gap by epoch (mean over seeds, smallest and largest), and the last epoch's errors."""
    gaps, last = (_cells(root, "batch_norm", name) for name in ("batch_norm_gap", "batch_norm_final"))
    head = ["", *(f"gap after epoch {epoch}" for epoch in EVERY_EPOCH), "P1 renewed", "P1 running", "dead layers"]
    return grid(
        head, [[row["row"], *map(_gap(row), EVERY_EPOCH), *_last(end)] for row, end in zip(gaps, last, strict=True)]
    )


def _cells(root: Path, study: str, name: str) -> list[dict[str, str]]:
    """A study's committed table, one dictionary per row. Raises InputError where it is missing."""
    path = reference(root) / "studies" / study / "tables" / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        remedy = f"run `python -m pipeline reference --preset {study}`, or restore it from the repository"
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None


def _gap(row: dict[str, str]) -> Callable[[int], str]:
    def after(epoch: int) -> str:
        value, low, high = (float(row[f"gap after epoch {epoch}{word}"]) for word in ("", " min", " max"))
        return f"{value:+.1f}" + (f" ({round(low):+d} to {round(high):+d})" if int(row["n"]) > 1 else "")

    return after


def _last(row: dict[str, str]) -> list[str]:
    errors = [_with_spread(row, name) for name in ("P1", "P1 running")]
    dead = row["dead non-local layers"]
    return [*errors, NONE if dead == NONE else f"{float(dead):.1f} of {row['non-local layers']}"]


def _with_spread(row: dict[str, str], name: str) -> str:
    """A number and, of several seeds, its standard deviation."""
    spread = row[f"{name} sd"]
    return f"{float(row[name]):.1f}" + ("" if spread == NONE else f" ± {float(spread):.1f}")


# --- a mixture's weight -----------------------------------------------------------------------------------------------


def mixture_weight_table(root: Path) -> str:
    """One row per weight: the precision of the regressed keypoints, and of those that heatmaps refine."""
    head = ["", "AP", "AP50", "refined: AP", "refined: AP50"]
    names = ("AP", "AP50", "Refined: AP", "Refined: AP50")
    rows = _cells(root, "mixture_weight", "mixture_weight")
    return grid(head, [[row["row"], *(_with_spread(row, name) for name in names)] for row in rows])
