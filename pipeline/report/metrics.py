"""A preset's metrics files, read into one frame: a value a row, then mean, standard deviation and count over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.params import Run
from pipeline.report.generalization import Generalization

SCHEMA = 1
HEADLINE = "action_average"  # the mean over actions of each action's mean, as the papers print it
FRAMES = "frame_average"  # the mean over all frames, in which long actions count more
GROUND_TRUTH = "ground_truth"

# --- the schema of results/<preset>/metrics/<variant>.json; keys that nobody here reads are let through ---------------


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Error(Part):
    """One error in mm, averaged in several ways. An action without a test pose is left out."""

    action_average: float
    frame_average: float
    per_action: dict[str, float]


class Prediction(Part):
    mpjpe: Error | None = None
    p_mpjpe: Error | None = None


class ComponentsUsed(Part):
    mean_effective: float
    over_5_percent_on_average: float


class Reprojection(Part):
    """How far hypotheses lie from the input in the picture; the yardstick is their spread along depth, in pixels."""

    mean: float | None = None
    worst: float | None = None
    depth_spread_px: float | None = None


class Mixture(Part):
    kernels: int
    nll: float | None = None
    calibration: dict[str, float] | None = None
    components_used: ComponentsUsed
    mean_weights: list[float]
    collapsed: bool  # one kernel has more than 95 % of the weight on average
    spread_mm: dict[str, float | None] = {}
    ambiguous_share: float | None = None
    depth_ratio: float | None = None
    pairwise_distance_mm: float | None = None  # of two kernels' means, averaged over joints and poses
    reprojection_px: Reprojection = Reprojection()


class Loss(Part):
    train: float | None = None
    test: float | None = None


class BestOnTest(Part):
    """The epoch that did best on the test subjects, and the action averages of every prediction there."""

    epoch: float
    by_prediction: dict[str, dict[str, float]] = {}


class Seed(Part):
    seed: int
    predictions: dict[str, Prediction]
    mixture: Mixture | None = None
    loss: Loss | None = None
    best_on_test: BestOnTest | None = None
    generalization: Generalization | None = None  # another data set's test poses, where the preset asks for them

    @property
    def main_prediction(self) -> str:
        """What a model is judged by: its one pose, or the mean of its mixture or of its samples."""
        return "point" if "point" in self.predictions else "mean"


class Input(Part):
    """The 2D joints that were lifted, and how far they lie from the true ones in pixels (None for the true ones)."""

    name: str = GROUND_TRUTH
    source: str = "projection"  # `noise` or `file` where they are no ground truth
    description: str | None = None
    mean_error_px: float | None = None


class Data(Part):
    source: str
    train_poses: int
    test_poses: int
    actions: list[str]
    frames_per_second: float | None = None
    input: Input = Input()  # files from before there were detections have none


class Training(Part):
    epochs: float
    epochs_stated: float
    steps: int
    date: str


class Metrics(Part):
    """One variant's metrics file."""

    variant: str
    paper: str
    title: str
    preset: str
    status: Literal["run", "not run"]
    reason: str | None = None
    parameters: int | None = None
    data: Data | None = None
    training: Training | None = None
    seeds: list[Seed] = []
    # From params.yaml, not from the file:
    closed_form: bool = False  # fitted in one go
    imported: bool = False  # the authors' weights
    input: str = GROUND_TRUTH  # the 2D joints that it is given, by name

    @model_validator(mode="after")
    def _a_run_is_complete(self) -> Metrics:
        needed = ("data", "seeds") if self.imported else ("data", "training", "seeds")
        missing = [name for name in needed if not getattr(self, name)]
        if self.ran and missing:
            raise ValueError(f"{missing[0]} is missing though the variant was run")
        if self.ran and self.data and self.data.input.name != self.input:
            raise ValueError(f"data.input: is {self.data.input.name}, params.yaml says {self.input}")
        return self

    @property
    def ran(self) -> bool:
        return self.status == "run"

    @property
    def trained_here(self) -> bool:
        """Whether it was trained: seeds, epochs and a budget mean nothing for a closed form or for imported weights."""
        return self.ran and not self.closed_form and not self.imported

    @property
    def collapsed(self) -> int:
        """How many seeds ended with a collapsed mixture."""
        return sum(seed.mixture.collapsed for seed in self.seeds if seed.mixture)

    @property
    def full_budget(self) -> bool:
        """Whether it trained for as many epochs as its paper or the authors' code states."""
        return self.training is not None and self.training.epochs >= self.training.epochs_stated


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
        """One error a row: variant, prediction, metric, average (HEADLINE, FRAMES or an `action(...)`), seed, value."""
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
                rows += [(metrics.variant, prediction, metric, name, seed.seed, v) for name, v in averages.items()]
    return rows


# --- reading ----------------------------------------------------------------------------------------------------------


def read(run: Run) -> Results:
    """Read the metrics of every variant in params.yaml. Raises InputError naming file and field."""
    return Results(run.preset_name, {name: _read(run, name) for name in run.lift_variants})


def _read(run: Run, variant: str) -> Metrics:
    path = run.layout.metrics(variant)
    content: Any = artifacts.read_json(path)
    remedy = f"run `python -m pipeline evaluate_lift --variant {variant}` again"
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise InputError(f"{path}: schema: expected {SCHEMA}; {remedy}")
    try:
        metrics = Metrics.model_validate(content | _settings(run, variant))
    except ValidationError as error:
        first = error.errors()[0]
        field = "".join(f"{part}." for part in first["loc"]).rstrip(".")
        problem = first["msg"].removeprefix("Value error, ").lower()
        raise InputError(f"{path}: {f'{field}: ' if field else ''}{problem}; {remedy}") from None
    if (metrics.variant, metrics.preset) != (variant, run.preset_name):
        raise InputError(f"{path}: is of variant {metrics.variant}, preset {metrics.preset}; {remedy}")
    return metrics


def _settings(run: Run, variant: str) -> dict[str, Any]:
    settings = run.variant(variant)
    return {"closed_form": settings.closed_form, "imported": settings.imported, "input": settings.input}
