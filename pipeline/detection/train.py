"""The work of stage train_detection: one seed of a variant. Results go to the stage's working folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pipeline import artifacts, running
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection import data as detection_data
from pipeline.detection.checkpoints import load_model, save_model, seeded_model
from pipeline.detection.mixture_start import start_at_clusters
from pipeline.detection.task import DetectionTask
from pipeline.training import schedules
from pipeline.training.checkpoint import CheckpointError
from pipeline.training.loop import LoopSettings, NotFiniteError, Progress, train


def train_seed(run: Run, name: str, seed: int, working: Path) -> None:
    """Train into `working`/seed_<seed>; environment.json is written last and says that the seed is done."""
    folder, state = working / f"seed_{seed}", working / f"seed_{seed}.state.pt"
    variant, detection = run.detection_variant(name), run.preset.detection
    epochs = variant.epochs if variant.imported else run.epochs(name)
    fingerprint = _fingerprint(run, name, seed)
    done = folder / "environment.json"
    if done.exists() and artifacts.read_json(done)["fingerprint"] == fingerprint:
        return
    device = running.device(run)
    data = {split: detection_data.read(run, variant, split) for split in ("train", "val")}
    started = running.started(working / f"seed_{seed}.started.json", fingerprint)
    categories = data["train"].category_names
    networks = None if variant.imported else detection.networks
    sigma_start = detection.recipe.sigma_start.get(variant.task, 0.0) if detection.recipe else 0.0
    settings = detection_data.settings(run, name)
    model = seeded_model(variant, len(categories), networks, sigma_start, seed)
    if settings.input_size % model.divisor:
        raise InputError(
            f"params/{run.preset_name}.yaml: detection.input_size: {settings.input_size} px, but the network of {name} "
            f"takes a multiple of {model.divisor}; change it, or give detection.networks fewer widths"
        )
    if detection.recipe and detection.recipe.start.get(variant.task) == "clusters" and not variant.imported:
        start_at_clusters(model, variant, data["train"], settings.input_size, seed)
    task = DetectionTask(variant, model, data["train"], data["val"], settings, device)
    progress = _take_over(run, name, task) if variant.imported else _learn(run, name, seed, task, fingerprint, state)
    for file, epoch, weights in (
        ("checkpoint.pt", epochs, model.state_dict()),
        ("best.pt", progress.best_epoch, progress.best_model),
    ):
        save_model(
            folder / file,
            name,
            variant,
            categories,
            seed,
            epoch,
            weights,
            networks,
            settings.input_size,
            settings.sigma_factor,
        )
    running.write_history(folder / "history.csv", progress.rows)
    environment = running.environment(run, task, started, progress, epochs)
    artifacts.write_json(done, environment | {"fingerprint": fingerprint})
    state.unlink(missing_ok=True)


def _learn(run: Run, name: str, seed: int, task: DetectionTask, fingerprint: str, state: Path) -> Progress:
    detection = run.preset.detection
    settings = LoopSettings(
        epochs=run.epochs(name),
        seed=seed,
        fingerprint=fingerprint,
        betas=(0.9, detection.recipe.beta2 if detection.recipe else 0.999),
        validate_every=detection.validate_every,
        save_every_seconds=running.save_every_seconds(),
    )
    try:
        return train(task, schedule(run, name), settings, state, f"{name}, seed {seed}")
    except NotFiniteError as error:
        raise InputError(f"params.yaml: detection_variants.{name}: training stopped at {error}") from None
    except CheckpointError as error:
        raise InputError(str(error)) from None


def _take_over(run: Run, name: str, task: DetectionTask) -> Progress:
    """Weights trained elsewhere, checked against the digest that params.yaml states."""
    variant = run.detection_variant(name)
    path = running.imported_weights(run, name)
    try:
        task.model.load_state_dict(load_model(path, task.device).model.state_dict())
    except (CheckpointError, RuntimeError) as error:
        raise InputError(f"{path}: not the weights of {name}: {' '.join(str(error).split()[:24])}") from None
    task.model.eval()
    row = {"epoch": float(variant.epochs), "step": 0, "learning_rate": 0.0, "loss": 0.0} | task.validate()
    return Progress(rows=[row], best_epoch=variant.epochs, best_model=task.model.state_dict())


def schedule(run: Run, name: str) -> schedules.Schedule:
    """The variant's schedule, stretched from the epochs that it states to those of the preset, or the preset's own."""
    variant, recipe = run.detection_variant(name), run.preset.detection.recipe
    rate = recipe.learning_rate if recipe else variant.optimizer.learning_rate
    if recipe and recipe.schedule == "cosine":
        return schedules.Cosine(rate)
    return schedules.Drops(rate, variant.drop_at, variant.epochs)


def _fingerprint(run: Run, name: str, seed: int) -> str:
    """What a run's weights depend on: its resume state is good for exactly this."""
    variant, layout = run.detection_variant(name), run.layout
    files = [path(variant.task, split) for path in (layout.images_split, layout.pixels) for split in ("train", "val")]
    parts = {
        "variant": variant.model_dump(mode="json"),
        "detection": run.preset.detection.model_dump(mode="json", exclude={"variants", "test_scales"}),
        "seed": seed,
        "code": run.code,
        "threads": run.preset.threads,
        "data": [artifacts.digest(file) for file in files if file.exists()],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
