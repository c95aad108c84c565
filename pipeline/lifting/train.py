"""The work of stage train_lifting: one seed of a variant. Results go to the stage's working folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import artifacts, running
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.lifting import reading
from pipeline.lifting.checkpoints import load_model, save_model, seeded_model
from pipeline.lifting.task import LiftingTask
from pipeline.training import schedules
from pipeline.training.checkpoint import CheckpointError
from pipeline.training.loop import LoopSettings, NotFiniteError, Progress, train


def train_seed(run: Run, name: str, seed: int, working: Path) -> None:
    """Train into `working`/seed_<seed>; environment.json is written last and says that the seed is done."""
    folder, state = working / f"seed_{seed}", working / f"seed_{seed}.state.pt"
    variant = run.variant(name)
    fingerprint = _fingerprint(run, name, seed)
    done = folder / "environment.json"
    if done.exists() and artifacts.read_json(done)["fingerprint"] == fingerprint:
        return
    data = reading.read_data(run, variant, running.device(run))
    graphs = reading.read_graphs(run) if variant.targets == "meshes" else None
    started = running.started(working / f"seed_{seed}.started.json", fingerprint)
    task = LiftingTask(variant, seeded_model(variant, seed, graphs), data["train"], data["test"])
    if variant.closed_form:
        progress, epochs = _fit(task), 1
    elif variant.imported:
        progress, epochs = _take_over(run, name, task, graphs), variant.epochs
    else:
        epochs = run.epochs(name)
        progress = _learn(
            run,
            name,
            seed,
            task,
            LoopSettings(
                epochs=epochs,
                seed=seed,
                fingerprint=fingerprint,
                max_gradient_norm=variant.optimizer.max_gradient_norm,
                max_weight_norm=variant.optimizer.max_weight_norm,
                save_every_seconds=running.save_every_seconds(),
            ),
            state,
        )
    save_model(folder / "checkpoint.pt", name, variant, seed, epochs, task.model.state_dict(), graphs)
    save_model(folder / "best.pt", name, variant, seed, progress.best_epoch, progress.best_model, graphs)
    running.write_history(folder / "history.csv", progress.rows)
    environment = running.environment(run, task, started, progress, epochs)
    environment["inference_poses_per_second"] = reading.inference_speed(task)
    artifacts.write_json(done, environment | {"fingerprint": fingerprint})
    state.unlink(missing_ok=True)


def _learn(run: Run, name: str, seed: int, task: LiftingTask, settings: LoopSettings, state: Path) -> Progress:
    try:
        return train(task, schedule(run, name), settings, state, f"{name}, seed {seed}")
    except NotFiniteError as error:
        raise InputError(f"params.yaml: lifting_variants.{name}: training stopped at {error}") from None
    except CheckpointError as error:
        raise InputError(str(error)) from None


def _fit(task: LiftingTask) -> Progress:
    """The closed form: one look at all training poses."""
    task.model.fit(task.train.inputs, task.train.targets)  # type: ignore[operator]
    figures = task.validate()
    row = {"epoch": 1.0, "step": 1, "learning_rate": 0.0, "loss": figures["test_loss"]} | figures
    return Progress(step=1, rows=[row], best_epoch=1, best_model=task.model.state_dict())


def _same_graphs(one: MeshGraphs, other: MeshGraphs | None) -> bool:
    """Whether networks over these graphs mean the same by a node; weights of the same shapes may still not."""
    return other is not None and all(
        np.array_equal(getattr(one, scale).adjacency, getattr(other, scale).adjacency) for scale in ("coarse", "fine")
    )


def _take_over(run: Run, name: str, task: LiftingTask, graphs: MeshGraphs | None) -> Progress:
    """Weights trained elsewhere, checked against the digest that params.yaml states."""
    variant = run.variant(name)
    path = running.imported_weights(run, name)
    try:
        imported = load_model(path, task.device)
        if graphs is not None and not _same_graphs(graphs, imported.graphs):
            raise InputError(
                f"{path}: trained on other mesh graphs than {run.layout.mesh_graphs} has; import weights that were "
                "trained on these, or write `weights: null`"
            )
        task.model.load_state_dict(imported.model.state_dict())
    except (CheckpointError, RuntimeError) as error:
        raise InputError(f"{path}: not the weights of {name}: {' '.join(str(error).split()[:24])}") from None
    figures = task.validate()
    row = {"epoch": float(variant.epochs), "step": 0, "learning_rate": 0.0, "loss": figures["test_loss"]} | figures
    return Progress(rows=[row], best_epoch=variant.epochs, best_model=task.model.state_dict())


def schedule(run: Run, name: str) -> schedules.Schedule:
    """The variant's schedule, stretched from the epochs that it states to those that the preset grants."""
    variant = run.variant(name)
    rate, stated = variant.optimizer.learning_rate, variant.epochs
    match variant.schedule.kind:
        case "constant":
            return schedules.Constant(rate)
        case "step":
            return schedules.Step(rate, variant.schedule.factor, variant.schedule.every_epochs, stated)
        case "exponential":
            return schedules.Exponential(rate, variant.schedule.factor, stated)
        case "plateau":
            return schedules.Plateau(rate, variant.schedule.factor, variant.schedule.patience)
        case "one_cycle":
            return schedules.OneCycle(variant.schedule.peak)


def _fingerprint(run: Run, name: str, seed: int) -> str:
    """What a run's weights depend on: its resume state is good for exactly this."""
    variant = run.variant(name)
    parts: dict[str, Any] = {
        "variant": variant.model_dump(mode="json"),
        "epochs": None if variant.closed_form or variant.imported else run.epochs(name),
        "code": run.code,
        "seed": seed,
        "threads": run.preset.threads,
        "data": {split: artifacts.digest(run.layout.motion_split(split, variant.input)) for split in ("train", "test")},
    }
    if variant.targets == "meshes":
        files = (run.layout.mesh_graphs, *(run.layout.mesh_split(split) for split in ("train", "test")))
        parts["meshes"] = [artifacts.digest(file) for file in files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
