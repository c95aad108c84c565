"""A preset's results: what params.yaml says of each variant, joined with its metrics file; statistics over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.detection import results as detection
from pipeline.detection.results import DetectionResults as DetectionFile
from pipeline.lifting import results as lifting
from pipeline.lifting.results import GROUND_TRUTH
from pipeline.lifting.results import LiftingResults as LiftingFile

HEADLINE = "action_average"  # the mean over actions of each action's mean, as the papers print it
FRAMES = "frame_average"  # the mean over all frames, in which long actions count more
NETWORK = "network"  # the speed without decoding; other speeds have the names of detection.results.Mode


# --- over seeds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Statistic:
    """Mean and sample standard deviation (None for a single value) of n values, one per seed."""

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


# --- one variant ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Variant:
    """What params.yaml says of a variant. `reason`: why the preset does not run it; None if it was run."""

    variant: str
    preset: str
    paper: str = ""
    title: str = ""
    reason: str | None = None

    @property
    def ran(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Metrics(_Variant):
    """A lifting variant: its settings that tables show, and its metrics file if it was run."""

    file: LiftingFile | None = None
    closed_form: bool = False  # fitted in one go
    imported: bool = False  # the authors' weights
    input: str = GROUND_TRUTH  # the name of the 2D joints that it is given
    mesh_weight: float | None = None  # lambda_M, where there is such a weight
    channels: int | None = None  # of a graph network

    @property
    def parameters(self) -> int | None:
        return self.file.parameters if self.file else None

    @property
    def data(self) -> lifting.Data | None:
        return self.file.data if self.file else None

    @property
    def training(self) -> lifting.Training | None:
        return self.file.training if self.file else None

    @property
    def seeds(self) -> list[lifting.Seed]:
        return self.file.seeds if self.file else []

    @property
    def trained_here(self) -> bool:
        """Whether it was trained: seeds and epochs mean nothing for a closed form or for imported weights."""
        return self.ran and not self.closed_form and not self.imported

    @property
    def seedless(self) -> bool:
        """Whether no seed plays a part, so that one seed is as good as three."""
        return self.closed_form or self.imported

    @property
    def collapsed(self) -> int:
        """How many seeds ended with a collapsed mixture."""
        return sum(seed.mixture.collapsed for seed in self.seeds if seed.mixture)

    @property
    def full_budget(self) -> bool:
        """Whether it trained for as many epochs as its paper or the authors' code states."""
        return self.training is not None and self.training.epochs >= self.training.epochs_stated


@dataclass(frozen=True)
class DetectionMetrics(_Variant):
    """A detection variant, its metrics file if it was run, and its speeds {mode: images per second}."""

    file: DetectionFile | None = None
    speeds: dict[str, float] = field(default_factory=dict)
    imported: bool = False  # the authors' weights

    @property
    def parameters(self) -> int | None:
        return self.file.parameters if self.file else None

    @property
    def data(self) -> detection.Data | None:
        return self.file.data if self.file else None

    @property
    def training(self) -> detection.Training | None:
        return self.file.training if self.file else None

    @property
    def truth(self) -> detection.Truth | None:
        return self.file.truth if self.file else None

    @property
    def seeds(self) -> list[detection.Seed]:
        return self.file.seeds if self.file else []

    @property
    def trained_here(self) -> bool:
        return self.ran

    @property
    def seedless(self) -> bool:
        """Whether no seed plays a part, so that one seed is as good as three."""
        return self.imported

    @property
    def full_budget(self) -> bool:
        """Whether it trained for the epochs that its paper states, by the recipe that it states."""
        training = self.training
        return training is not None and training.epochs >= training.epochs_stated and not training.own_recipe


# --- a preset's variants ----------------------------------------------------------------------------------------------

Key = tuple[str, str, str, str]  # variant, prediction, metric, average


@dataclass(frozen=True)
class Results:
    """The lifting variants of a preset."""

    preset: str
    variants: dict[str, Metrics]

    def __getitem__(self, variant: str) -> Metrics:
        return self.variants[variant]

    @cached_property
    def errors(self) -> dict[Key, dict[int, float]]:
        """Every error: {(variant, prediction, metric, average): {seed: mm}}."""
        found: dict[Key, dict[int, float]] = {}
        for metrics in self.variants.values():
            # A seed plays no part in a closed form.
            for seed in metrics.seeds[:1] if metrics.closed_form else metrics.seeds:
                for prediction, errors in seed.predictions.items():
                    for metric, error in (("mpjpe", errors.mpjpe), ("p_mpjpe", errors.p_mpjpe)):
                        for average, value in _averages(error).items():
                            found.setdefault((metrics.variant, prediction, metric, average), {})[seed.seed] = value
        return found

    def error(self, variant: str, prediction: str, metric: str, average: str = HEADLINE) -> Statistic | None:
        """One error over seeds; None if the variant was not run or makes no such prediction."""
        values = self.by_seed(variant, prediction, metric, average)
        return Statistic.of(list(values.values())) if values else None

    def by_seed(self, variant: str, prediction: str, metric: str, average: str = HEADLINE) -> dict[int, float]:
        """The same as {seed: value}, empty if there is none."""
        return self.errors.get((variant, prediction, metric, average), {})

    @property
    def actions(self) -> list[str]:
        """The actions that test poses have, in the data's order."""
        for metrics in self.variants.values():
            if metrics.data:
                measured = {average for (variant, _, _, average) in self.errors if variant == metrics.variant}
                return [name for name in metrics.data.actions if action(name) in measured]
        return []


@dataclass(frozen=True)
class DetectionResults:
    """The detection variants of a preset."""

    preset: str
    variants: dict[str, DetectionMetrics]

    def __getitem__(self, variant: str) -> DetectionMetrics:
        return self.variants[variant]

    def by_seed(self, variant: str, value: Callable[[detection.Seed], float | None]) -> dict[int, float]:
        """A number as {seed: value}, of those seeds that have it; empty if the variant was not run."""
        return {seed.seed: found for seed in self.variants[variant].seeds if (found := value(seed)) is not None}

    def over_seeds(self, variant: str, value: Callable[[detection.Seed], float | None]) -> Statistic | None:
        """The same as mean, standard deviation and count; None if no seed has it."""
        values = list(self.by_seed(variant, value).values())
        return Statistic.of(values) if values else None


def action(name: str) -> str:
    """The key of an action's average: prefixed, so that no action's name can be taken for another average's."""
    return f"action {name}"


def joint(name: str) -> str:
    """The key of a joint's average over all frames."""
    return f"joint {name}"


def _averages(error: lifting.Error | None) -> dict[str, float]:
    if error is None:
        return {}
    averages = {HEADLINE: error.action_average, FRAMES: error.frame_average}
    averages |= {action(name): value for name, value in error.per_action.items()}
    return averages | {joint(name): value for name, value in error.per_joint.items()}
