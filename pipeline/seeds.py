"""The seeds of a variant: what training and evaluating one have in common, for lifting and for detection.

`lifting.train` and `detection.train` bring the task, its schedule, and how its checkpoints are written and read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run, plan
from pipeline.config.made import Digests
from pipeline.training import record
from pipeline.training.checkpoint import CheckpointError
from pipeline.training.loop import LoopSettings, NotFiniteError, Progress, Resume, train
from pipeline.training.schedules import Schedule
from pipeline.training.task import Task

Save = Callable[[Path, int, Mapping[str, Tensor]], None]  # writes a checkpoint: file, epoch, weights


class Predictor(Protocol):
    """A checkpoint, read."""

    @property
    def model(self) -> nn.Module: ...


Read = TypeVar("Read", bound=Predictor)


# --- training ---------------------------------------------------------------------------------------------------------


def learn(
    run: Run, name: str, task: Task, schedule: Schedule, settings: LoopSettings
) -> Progress:
    """Train a seed from its start, or from where it was stopped. Raises InputError if the loss is no longer finite."""
    stage = f"train_{run.kind(name)}"
    resume = Resume(state_file(run, name, settings.seed), _fingerprint(run, stage, name, settings.seed), _seconds())
    try:
        return train(task, schedule, settings, resume, f"{name}, seed {settings.seed}")
    except NotFiniteError as error:
        raise InputError(f"params.yaml: {run.kind(name)}_variants.{name}: training stopped at {error}") from None
    except CheckpointError as error:
        raise InputError(str(error)) from None


def take_over(
    run: Run, name: str, task: Task, load: Callable[[Path, str], Read], check: Callable[[Path, Read], None] | None = None
) -> Progress:
    """Give the task's model the weights that were trained elsewhere; they must have the digest in params.yaml.

    Raises InputError if the file is missing, has changed, or is not of this network; `check` may refuse more.
    """
    path = imported_weights(run, name)
    try:
        imported = load(path, task.device)
        if check:
            check(path, imported)
        task.model.load_state_dict(imported.model.state_dict())
    except (CheckpointError, RuntimeError) as error:
        raise InputError(f"{path}: not the weights of {name}: {' '.join(str(error).split()[:24])}") from None
    return without_steps(task, run.any_variant(name).epochs)


def without_steps(task: Task, epoch: int, step: int = 0) -> Progress:
    """The progress of a model that no loop has trained: one row, with its validation."""
    task.model.eval()
    figures = task.validate()
    row = {"epoch": float(epoch), "step": step, "learning_rate": 0.0, "loss": figures.get("test_loss", 0.0)} | figures
    return Progress(step=step, rows=[row], best_epoch=epoch, best_model=task.model.state_dict())


def finish(
    run: Run, name: str, seed: int, task: Task, progress: Progress, epochs: int, save: Save, **measured: Any
) -> None:
    """Write the seed's folder, whole or not at all, then remove what a stopped training would have resumed from."""
    with artifacts.atomic_folder(run.layout.seed(name, seed)) as folder:
        save(folder / "checkpoint.pt", epochs, task.model.state_dict())
        save(folder / "best.pt", progress.best_epoch, progress.best_model)
        record.write_history(folder / "history.csv", progress.rows)
        environment = record.environment(task, progress, epochs, run.preset.threads, run.root)
        artifacts.write_json(folder / "environment.json", environment | measured)
    state = state_file(run, name, seed)
    for left in (state, *state.parent.glob(f".{state.name}.*")):  # a kill leaves half a file
        left.unlink(missing_ok=True)


def state_file(run: Run, name: str, seed: int) -> Path:
    """What a stopped training resumes from."""
    return run.layout.resume(name) / f"seed_{seed}.state.pt"


def imported_weights(run: Run, name: str) -> Path:
    """The file of an imported variant's weights, checked against the digest that params.yaml states."""
    digest = str(run.any_variant(name).weights)
    path = run.layout.imported(digest)
    if not path.exists() or artifacts.digest(path) != digest:
        raise InputError(
            f"{path}: {'is not what it was' if path.exists() else 'missing'}, though params.yaml: "
            f"{run.kind(name)}_variants.{name}.weights names it; run `python -m pipeline import_checkpoint` again, or "
            "write `weights: null`"
        )
    return path


def _fingerprint(run: Run, stage: str, name: str, seed: int) -> str:
    """What a seed's weights depend on: its plan (settings and code) and its data. Resume state is good for this alone."""
    job = run.layout.plan(stage, f"{name}/seed_{seed}")
    content = artifacts.read_json(job)
    digests = Digests(run.root)
    parts = [artifacts.digest(job), *(str(digests.of(path)) for path in content["inputs"])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _seconds() -> float:
    """How many seconds of work a killed training loses at most. It changes no number, so it is no setting."""
    return float(os.environ.get("MIXPOSE_SAVE_EVERY_SECONDS", "30"))


# --- evaluation -------------------------------------------------------------------------------------------------------


def read_model(path: Path, load: Callable[[Path, str], Read], device: str) -> Read:
    """A trained seed's model. Raises InputError, in one line, if its checkpoint cannot be read."""
    try:
        return load(path, device)
    except CheckpointError as error:
        raise InputError(str(error)) from None
