"""A preset's metrics files of its detection variants, and their speeds, read and checked; figures over seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.detection_schema import DetectionMetrics, Seed
from pipeline.report.metrics import Statistic, first_problem, from_plan, require_its_own

NETWORK = "network"  # the speed without decoding; the others are called as the modes of detection_schema


@dataclass(frozen=True)
class DetectionResults:
    """The detection variants' metrics files. `speeds`: {variant: {mode: images per second}}, {} if not run."""

    preset: str
    variants: dict[str, DetectionMetrics]
    speeds: dict[str, dict[str, float]] = field(default_factory=dict)

    def __getitem__(self, variant: str) -> DetectionMetrics:
        return self.variants[variant]

    def by_seed(self, variant: str, value: Callable[[Seed], float | None]) -> dict[int, float]:
        """A figure as {seed: value}, of those seeds that have it; empty if the variant was not run."""
        metrics = self.variants[variant]
        seeds = metrics.seeds if metrics.ran else []
        return {seed.seed: found for seed in seeds if (found := value(seed)) is not None}

    def over_seeds(self, variant: str, value: Callable[[Seed], float | None]) -> Statistic | None:
        """The same as mean, standard deviation and count; None if no seed has it."""
        values = list(self.by_seed(variant, value).values())
        return Statistic.of(values) if values else None


def read(run: Run) -> DetectionResults:
    """The metrics of every detection variant in params.yaml, read from its file if it was run.

    Raises InputError naming file and field.
    """
    variants = {name: _read(run, name) for name in run.detection_variants}
    return DetectionResults(run.preset_name, variants, {name: _speed(run, name) for name in variants})


def _read(run: Run, variant: str) -> DetectionMetrics:
    named = from_plan(run, variant)
    if named["reason"]:
        return DetectionMetrics(variant=variant, preset=run.preset_name, **named)
    path = run.layout.metrics(variant)
    content: Any = artifacts.read_json(path)
    remedy = f"run `python -m pipeline evaluate_detection --variant {variant}` again"
    try:
        metrics = DetectionMetrics.model_validate(content | named if isinstance(content, dict) else content)
    except ValidationError as error:
        raise InputError(f"{path}: {first_problem(error)}; {remedy}") from None
    require_its_own(run, variant, metrics, remedy)
    missing = [] if run.detection_variant(variant).imported or metrics.training else ["training"]
    missing += [name for name in ("seeds", "data") if not getattr(metrics, name)]
    if missing:
        raise InputError(f"{path}: {missing[0]}: is missing though the variant was run; {remedy}")
    return metrics


def _speed(run: Run, variant: str) -> dict[str, float]:
    """Images a second by mode; speed is measured beside the metrics, and may not have been."""
    path = run.layout.detection_speed(variant)
    content: Any = artifacts.read_json(path) if path.exists() and not run.why_left_out(variant) else {}
    remedy = f"run `python -m pipeline evaluate_detection --variant {variant}` again"
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected speeds by mode; {remedy}")
    for mode, speed in content.items():
        if isinstance(speed, bool) or not isinstance(speed, int | float) or speed <= 0:
            raise InputError(f"{path}: {mode}: expected images a second, found {speed!r}; {remedy}")
    return content
