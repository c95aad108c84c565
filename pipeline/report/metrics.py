"""A preset's results: what params.yaml says of each variant, joined with its metrics file; statistics over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection import results as detection
from pipeline.detection.results import DetectionResults as DetectionFile
from pipeline.lifting import results as lifting
from pipeline.lifting.results import GROUND_TRUTH
from pipeline.lifting.results import LiftingResults as LiftingFile

HEADLINE = "action_average"  # the mean over actions of each action's mean, as the papers print it
FRAMES = "frame_average"  # the mean over all frames, in which long actions count more
GRAPH_NETWORKS = ("graph_network", "graph_stacked_hourglass", "hierarchical_graph_network")
NETWORK = "network"  # the speed without decoding; other speeds have the names of detection.results.Mode

File = TypeVar("File", LiftingFile, DetectionFile)


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


# --- reading ----------------------------------------------------------------------------------------------------------


def read(run: Run) -> Results:
    """Every lifting variant of params.yaml, with its metrics file if it was run.

    Raises InputError naming file and field.
    """
    return Results(run.preset_name, {name: _read_lifting(run, name) for name in run.lifting_variants})


def read_detection(run: Run) -> DetectionResults:
    """Every detection variant of params.yaml, likewise, and its speeds."""
    return DetectionResults(run.preset_name, {name: _read_detection(run, name) for name in run.detection_variants})


def _read_lifting(run: Run, variant: str) -> Metrics:
    settings = run.variant(variant)
    weighed = settings.targets == "meshes" and settings.loss != "joints_and_meshes_authors"
    file = _read(run, variant, LiftingFile)
    if file and file.data.input.name != settings.input:
        problem = f"data.input: is {file.data.input.name}, params.yaml says {settings.input}"
        raise InputError(f"{run.layout.metrics(variant)}: {problem}; {_remedy(run, variant)}")
    return Metrics(
        variant,
        run.preset_name,
        settings.paper,
        settings.title,
        run.why_left_out(variant),
        file,
        settings.closed_form,
        settings.imported,
        settings.input,
        settings.mesh_weight if weighed else None,
        settings.model.channels if settings.model.name in GRAPH_NETWORKS else None,
    )


def _read_detection(run: Run, variant: str) -> DetectionMetrics:
    settings = run.detection_variant(variant)
    file, reason = _read(run, variant, DetectionFile), run.why_left_out(variant)
    return DetectionMetrics(
        variant, run.preset_name, settings.paper, settings.title, reason, file, _speeds(run, variant) if file else {}
    )


def _read(run: Run, variant: str, kind: type[File]) -> File | None:
    """A variant's own metrics file; None if the variant was not run."""
    if run.why_left_out(variant):
        return None
    path, remedy = run.layout.metrics(variant), _remedy(run, variant)
    found = artifacts.read_model(path, kind, remedy)
    if (found.variant, found.preset) != (variant, run.preset_name):
        raise InputError(f"{path}: is of variant {found.variant}, preset {found.preset}; {remedy}")
    if found.training is None and not run.any_variant(variant).imported:
        raise InputError(f"{path}: training: is missing though the variant was run; {remedy}")
    return found


def _remedy(run: Run, variant: str) -> str:
    stage = "evaluate_detection" if variant in run.detection_variants else "evaluate_lifting"
    return f"run `python -m pipeline {stage} --variant {variant}` again"


def _speeds(run: Run, variant: str) -> dict[str, float]:
    """Images per second by mode. Speed is measured beside the metrics, and may not have been."""
    path, remedy = run.layout.detection_speed(variant), _remedy(run, variant)
    content: Any = artifacts.read_json(path) if path.exists() else {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected speeds by mode; {remedy}")
    for mode, speed in content.items():
        if isinstance(speed, bool) or not isinstance(speed, int | float) or speed <= 0:
            raise InputError(f"{path}: {mode}: expected images per second, found {speed!r}; {remedy}")
    return content
