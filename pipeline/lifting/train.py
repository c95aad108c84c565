"""Training one seed of a lifting variant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from pipeline import device, seeds
from pipeline.artifacts import InputError
from pipeline.config import Run, modules
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.lifting import reading
from pipeline.lifting.checkpoints import LiftingPredictor, load_model, save_model, seeded_model
from pipeline.lifting.task import LiftingTask
from pipeline.training import schedules
from pipeline.training.loop import LoopSettings
from pipeline.training.progress import Progress


def train_seed(run: Run, name: str, seed: int) -> None:
    """Train a seed of a variant, or take its imported weights, and write its folder. A stopped training is resumed."""
    variant = run.variant(name)
    data = reading.read_data(run, variant, device.prepare(run))
    graphs = reading.read_graphs(run) if variant.targets == "meshes" else None
    task = LiftingTask(variant, seeded_model(variant, seed, graphs), data["train"], data["test"])
    if variant.closed_form:
        epochs, progress = 1, _fit(task)
    elif variant.imported:
        epochs, progress = variant.epochs, _take_over(run, name, task, graphs)
    else:
        epochs = run.epochs(name)
        if start := modules.start(variant):
            modules.load(start)(task.model, data["train"].targets, seed)
        bounds = variant.optimizer.max_gradient_norm, variant.optimizer.max_weight_norm
        every = run.preset.lifting.validate_every
        settings = LoopSettings(epochs, seed, *bounds, validate_every=every, recorded=True)
        progress = seeds.learn(run, name, task, schedule(run, name), settings)

    def save(path: Path, epoch: int, weights: Mapping[str, Tensor]) -> None:
        save_model(path, name, variant, seed, epoch, weights, graphs)

    speed = {"inference_poses_per_second": reading.inference_speed(task)}
    seeds.finish(run, name, seed, task, progress, epochs, save, speed)


def _fit(task: LiftingTask) -> Progress:
    """The closed form: one look at all training poses."""
    task.model.fit(task.train.inputs, task.train.targets)  # type: ignore[operator]
    return seeds.untrained(task, epoch=1, step=1)


def _take_over(run: Run, name: str, task: LiftingTask, graphs: MeshGraphs | None) -> Progress:
    def check(path: Path, imported: LiftingPredictor) -> None:
        if graphs is not None and not _same_graphs(graphs, imported.graphs):
            raise InputError(
                f"{path}: trained on other mesh graphs than {run.layout.mesh_graphs} has; import weights that were "
                "trained on these, or write `weights: null`"
            )

    return seeds.take_over(run, name, task, load_model, check)


def _same_graphs(one: MeshGraphs, other: MeshGraphs | None) -> bool:
    """Whether networks over these graphs mean the same by a node; weights of the same shapes may still not."""
    return other is not None and all(
        np.array_equal(getattr(one, scale).adjacency, getattr(other, scale).adjacency) for scale in ("coarse", "fine")
    )


def schedule(run: Run, name: str) -> schedules.Schedule:
    """The variant's schedule, stretched from the epochs that it states to those that the preset grants."""
    variant = run.variant(name)
    rate, stated = variant.optimizer.learning_rate, variant.epochs
    if variant.schedule is None:
        return schedules.Schedule(rate)
    match variant.schedule.kind:
        case "step":
            return schedules.Step(rate, variant.schedule.factor, variant.schedule.every_epochs, stated)
        case "exponential":
            return schedules.Exponential(rate, variant.schedule.factor, stated)
        case "one_cycle":
            return schedules.OneCycle(variant.schedule.peak)
        case "warm_up":
            return schedules.WarmUp(variant.schedule.peak, variant.schedule.rise)
