"""The short table of the study of collapse in docs/studies.md, from the metrics of its committed run."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.lifting.results import LiftingResults, Mixture, Seed
from pipeline.report.studies.collapse import MIXTURES
from pipeline.report.tables import Row
from pipeline.tools.readme_cells import NOT_RUN, grid, mean, reference

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
