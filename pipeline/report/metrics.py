"""A preset's metrics files, read into one frame: a value a row, then mean, standard deviation and count over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from pydantic import ValidationError

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.detection_schema import DetectionMetrics
from pipeline.report.schema import Metrics

SCHEMA = 1
HEADLINE = "action_average"  # the mean over actions of each action's mean, as the papers print it
FRAMES = "frame_average"  # the mean over all frames, in which long actions count more
GRAPH_NETWORKS = ("graph_network", "graph_stacked_hourglass", "hierarchical_graph_network")

# --- over seeds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Statistic:
    """Mean and sample standard deviation (None for a single value) of n values, one a seed."""

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Statistic:
        mean = math.fsum(values) / len(values)
        if len(values) == 1:
            return cls(mean, None, 1)
        variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
        return cls(mean, math.sqrt(variance), len(values))


KEYS = ["variant", "prediction", "metric", "average"]


@dataclass(frozen=True)
class Results:
    """All that a preset's metrics files say."""

    preset: str
    variants: dict[str, Metrics]

    def __getitem__(self, variant: str) -> Metrics:
        return self.variants[variant]

    @cached_property
    def values(self) -> pd.DataFrame:
        """One error a row: variant, prediction, metric, average (or an `action(...)` or `joint(...)`), seed, value."""
        rows = [row for metrics in self.variants.values() for row in _rows(metrics)]
        return pd.DataFrame(rows, columns=[*KEYS, "seed", "value"])

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Mean, sd and n over seeds by (variant, prediction, metric, average). The sd of a single seed is NaN."""
        return self.values.groupby(KEYS, sort=False)["value"].agg(["mean", "std", "count"])

    @cached_property
    def _statistics(self) -> dict[tuple[str, ...], Statistic]:
        rows = self.summary.itertuples(name=None)
        return {key: Statistic(mean, None if n < 2 else sd, n) for key, mean, sd, n in rows}

    @cached_property
    def _by_seed(self) -> dict[tuple[str, ...], dict[int, float]]:
        found: dict[tuple[str, ...], dict[int, float]] = {}
        for *key, seed, value in self.values.itertuples(index=False, name=None):
            found.setdefault(tuple(key), {})[seed] = value
        return found

    def error(self, variant: str, prediction: str, metric: str, average: str = HEADLINE) -> Statistic | None:
        """One error over seeds; None if the variant was not run or makes no such prediction."""
        return self._statistics.get((variant, prediction, metric, average))

    def by_seed(self, variant: str, prediction: str, metric: str, average: str = HEADLINE) -> dict[int, float]:
        """The same as {seed: value}, empty if there is none."""
        return self._by_seed.get((variant, prediction, metric, average), {})

    @property
    def actions(self) -> list[str]:
        """The actions that test poses have, in the data's order."""
        for metrics in self.variants.values():
            if metrics.ran and metrics.data:
                measured = {average for (variant, _, _, average) in self._statistics if variant == metrics.variant}
                return [name for name in metrics.data.actions if action(name) in measured]
        return []


def action(name: str) -> str:
    """The key of an action's average: prefixed, so that no action's name can be taken for another average's."""
    return f"action {name}"


def joint(name: str) -> str:
    """The key of a joint's average over all frames."""
    return f"joint {name}"


def _rows(metrics: Metrics) -> list[tuple[str, str, str, str, int, float]]:
    rows = []
    seeds = metrics.seeds[:1] if metrics.closed_form else metrics.seeds  # no seed plays a part in a closed form
    for seed in seeds if metrics.ran else []:
        for prediction, errors in seed.predictions.items():
            for metric, error in (("mpjpe", errors.mpjpe), ("p_mpjpe", errors.p_mpjpe)):
                if error is None:
                    continue
                averages = {HEADLINE: error.action_average, FRAMES: error.frame_average}
                averages |= {action(name): value for name, value in error.per_action.items()}
                averages |= {joint(name): value for name, value in error.per_joint.items()}
                rows += [(metrics.variant, prediction, metric, name, seed.seed, v) for name, v in averages.items()]
    return rows


# --- reading ----------------------------------------------------------------------------------------------------------


def read(run: Run) -> Results:
    """The metrics of every variant in params.yaml, read from its file if it was run.

    Raises InputError naming file and field.
    """
    return Results(run.preset_name, {name: _read(run, name) for name in run.lifting_variants})


def _read(run: Run, variant: str) -> Metrics:
    if run.why_left_out(variant):
        return Metrics(variant=variant, preset=run.preset_name, **_settings(run, variant))
    path = run.layout.metrics(variant)
    content: Any = artifacts.read_json(path)
    remedy = f"run `python -m pipeline evaluate_lifting --variant {variant}` again"
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path}: schema: expected {SCHEMA}; {remedy}")
    try:
        metrics = Metrics.model_validate(content | _settings(run, variant))
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error)}; {remedy}") from None
    require_its_own(run, variant, metrics, remedy)
    return metrics


def first_problem(error: ValidationError) -> str:
    """The first thing that a file's content lacks: its field and what is wrong with it."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    problem = first["msg"].removeprefix("Value error, ").lower()
    return f"{field}: {problem}" if field else problem


def require_its_own(run: Run, variant: str, found: Metrics | DetectionMetrics, remedy: str) -> None:
    """Raise InputError if a variant's metrics file is another's, or another preset's."""
    if (found.variant, found.preset) != (variant, run.preset_name):
        path = run.layout.metrics(variant)
        raise InputError(f"{path}: is of variant {found.variant}, preset {found.preset}; {remedy}")


def from_plan(run: Run, variant: str) -> dict[str, Any]:
    """What a variant is called, and whether it was run."""
    settings, reason = run.any_variant(variant), run.why_left_out(variant)
    status = "run" if reason is None else "not run"
    return {"paper": settings.paper, "title": settings.title, "status": status, "reason": reason}


def _settings(run: Run, variant: str) -> dict[str, Any]:
    """What params.yaml says of a variant that its tables need."""
    settings = run.variant(variant)
    weighed = settings.targets == "meshes" and settings.loss != "joints_and_meshes_authors"
    graph = settings.model.name in GRAPH_NETWORKS
    return from_plan(run, variant) | {
        "closed_form": settings.closed_form,
        "imported": settings.imported,
        "input": settings.input,
        "mesh_weight": settings.mesh_weight if weighed else None,
        "channels": settings.model.channels if graph else None,
    }
