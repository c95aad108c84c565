"""Train one variant for every seed. What is done stays done: a stopped run goes on with its unfinished seed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.lift.checkpoints import save_model, seeded_model
from pipeline.lift.dataset import LiftData
from pipeline.lift.task import LiftTask
from pipeline.params import Run
from pipeline.stages import common
from pipeline.training import schedules
from pipeline.training.checkpoint import CheckpointError
from pipeline.training.loop import LoopSettings, NotFiniteError, Progress, train


def run(run: Run, variant: str) -> None:
    reason = run.why_not_run(variant)
    working = run.layout.resume(variant)
    if reason is None:
        device = common.device(run)
        data = {split: LiftData.from_pose_set(common.read_poses(run, split), device) for split in ("train", "test")}
        for seed in run.seeds:
            _train_seed(run, variant, seed, data, working)
    with artifacts.atomic_folder(run.layout.training(variant)) as folder:
        artifacts.write_json(folder / "status.json", common.status(reason))
        for seed in run.seeds if reason is None else ():
            shutil.copytree(working / f"seed_{seed}", folder / f"seed_{seed}")
    shutil.rmtree(working, ignore_errors=True)


def _train_seed(run: Run, name: str, seed: int, data: dict[str, LiftData], working: Path) -> None:
    """Train into the working folder; environment.json is written last and says that the seed is done."""
    folder, state = working / f"seed_{seed}", working / f"seed_{seed}.state.pt"
    variant, epochs = run.variant(name), run.epochs(name)
    fingerprint = _fingerprint(run, name, seed)
    done = folder / "environment.json"
    if done.exists() and artifacts.read_json(done)["fingerprint"] == fingerprint:
        return
    started = common.started(working / f"seed_{seed}.started.json", fingerprint)
    task = LiftTask(variant, seeded_model(variant, seed), data["train"], data["test"])
    if variant.closed_form:
        progress, epochs = _fit(task), 1
    else:
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
                save_every_seconds=run.preset.lift.save_every_seconds,
            ),
            state,
        )
    save_model(folder / "checkpoint.pt", name, variant, seed, epochs, task.model.state_dict())
    save_model(folder / "best.pt", name, variant, seed, progress.best_epoch, progress.best_model)
    common.write_history(folder / "history.csv", progress.rows)
    environment = common.environment(run, task.device, started, progress, epochs, task.examples)
    artifacts.write_json(done, environment | {"fingerprint": fingerprint})
    state.unlink(missing_ok=True)


def _learn(run: Run, name: str, seed: int, task: LiftTask, settings: LoopSettings, state: Path) -> Progress:
    try:
        return train(task, schedule(run, name), settings, state, f"{name}, seed {seed}")
    except NotFiniteError as error:
        raise InputError(f"params.yaml: lift_variants.{name}: training stopped at {error}") from None
    except CheckpointError as error:
        raise InputError(str(error)) from None


def _fit(task: LiftTask) -> Progress:
    """The closed form: one look at all training poses."""
    task.model.fit(task.train.inputs, task.train.targets)  # type: ignore[operator]
    figures = task.validate()
    row = {"epoch": 1.0, "step": 1, "learning_rate": 0.0, "loss": figures["test_loss"]} | figures
    return Progress(step=1, rows=[row], best_epoch=1, best_model=task.model.state_dict())


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
    parts = {
        "variant": run.variant(name).model_dump(mode="json"),
        "epochs": run.epochs(name),
        "seed": seed,
        "threads": run.preset.threads,
        "data": {split: artifacts.digest(run.layout.motion_split(split)) for split in ("train", "test")},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
