"""The seeds of a variant: what training and evaluating one have in common, for lifting and for detection.

`lifting.train` and `detection.train` bring the task, its schedule, and how its checkpoints are written and read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run, made
from pipeline.training import record
from pipeline.training.checkpoint import CheckpointError
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.progress import Progress
from pipeline.training.readings import NotFiniteError
from pipeline.training.schedules import Schedule
from pipeline.training.task import Task

Save = Callable[[Path, int, Mapping[str, Tensor]], None]  # writes a checkpoint: file, epoch, weights


class Predictor(Protocol):
    """A checkpoint, read."""

    @property
    def model(self) -> nn.Module: ...


Read = TypeVar("Read", bound=Predictor)


# --- training ---------------------------------------------------------------------------------------------------------


def learn(run: Run, name: str, task: Task, schedule: Schedule, settings: LoopSettings) -> Progress:
    """Train a seed from its start, or from where it was stopped. Raises InputError if the loss is no longer finite."""
    kind, seed = run.layout.kind(name), settings.seed
    fingerprint = made.fingerprint(run, f"train_{kind}", f"{name}/seed_{seed}")
    resume = Resume(state_file(run, name, seed), fingerprint, save_every_seconds=_save_every_seconds())
    try:
        return train(task, schedule, settings, resume, f"{name}, seed {seed}")
    except NotFiniteError as error:
        raise InputError(f"{kind}_variants.{name}: training stopped at {error}") from None
    except CheckpointError as error:
        raise InputError(str(error)) from None
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):  # torch's words where a batch norm sees one example
            raise
        raise InputError(
            f"{kind}_variants.{name}: {task.examples} training {task.unit} in batches of {task.batch_size} leave a "
            "batch of one, and a batch norm needs two; change its optimizer.batch_size"
        ) from None


def take_over(
    run: Run,
    name: str,
    task: Task,
    load: Callable[[Path, str], Read],
    check: Callable[[Path, Read], None] | None = None,
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
    return untrained(task, run.any_variant(name).epochs)


def untrained(task: Task, epoch: int, step: int = 0) -> Progress:
    """The progress of a model that the loop has not trained: one row, with its validation."""
    task.model.eval()
    figures = task.validate()
    row = {"epoch": float(epoch), "step": step, "learning_rate": 0.0, "loss": figures.get("test_loss", 0.0)} | figures
    return Progress(step=step, rows=[row], best_epoch=epoch, best_model=task.model.state_dict())


def finish(
    run: Run,
    name: str,
    seed: int,
    task: Task,
    progress: Progress,
    epochs: int,
    save: Save,
    measured: Mapping[str, float | None] | None = None,
) -> None:
    """Write the seed's folder, whole or not at all, then remove what a stopped training would resume from.

    `measured` goes into environment.json beside where, when and how fast the seed was trained.
    """
    with artifacts.atomic_folder(run.layout.seed(name, seed)) as folder:
        save(folder / "checkpoint.pt", epochs, task.model.state_dict())
        save(folder / "best.pt", progress.best_epoch, progress.best_model)
        record.write_history(folder / "history.csv", progress.rows)
        environment = record.environment(task, progress, epochs, run.preset.threads, run.root)
        artifacts.write_json(folder / "environment.json", environment | dict(measured or {}))
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
        state = "is not what it was" if path.exists() else "missing"
        raise InputError(
            f"{path}: {state}, though params.yaml: {run.layout.kind(name)}_variants.{name}.weights names it; "
            "run `python -m pipeline import_checkpoint` again, or write `weights: null`"
        )
    return path


def _save_every_seconds() -> float:
    """How many seconds of work a killed training loses at most. It changes no number, so it is no setting."""
    return float(os.environ.get("MIXPOSE_SAVE_EVERY_SECONDS", "30"))


# --- evaluation -------------------------------------------------------------------------------------------------------


def read_model(path: Path, load: Callable[[Path, str], Read], device: str) -> Read:
    """A trained seed's model. Raises InputError, in one line, if its checkpoint cannot be read."""
    try:
        return load(path, device)
    except CheckpointError as error:
        raise InputError(str(error)) from None


def course(run: Run, name: str, unit: str) -> dict[str, Any]:
    """How long a variant was trained, of what it states for its full training; `unit` is `poses` or `images`."""
    records = [artifacts.read_json(run.layout.environment(name, seed)) for seed in run.seeds_of(name)]
    return {
        "epochs": records[0]["epochs"],
        "epochs_stated": run.any_variant(name).epochs,
        "steps": records[0]["steps"],
        unit: records[0][unit],
        "date": max(record["finished"] for record in records)[:10],
    }
