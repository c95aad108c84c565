"""The work of stage evaluate_lifting: every figure of a trained variant, for the metrics file and for the pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from pipeline import artifacts, running
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.lifting import generalization, reading, task
from pipeline.lifting.checkpoints import LiftingPredictor, load_model
from pipeline.lifting.data import LiftingData
from pipeline.lifting.errors import Evaluation, action_averages, bone_lengths, evaluate
from pipeline.lifting.examples import examples, overlays
from pipeline.lifting.models import learned_edge_weights
from pipeline.lifting.outputs import main_prediction
from pipeline.training.checkpoint import CheckpointError

LOSS_POSES = 20_000  # training poses on which the loss is compared with the test loss


def measure_variant(run: Run, variant: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the metrics file says of a variant that was run, and the arrays that figures need."""
    device = running.device(run)
    data = reading.read_data(run, run.variant(variant), device)
    other = reading.read_generalization(run, run.variant(variant), device)
    seeds = run.seeds_of(variant)
    predictors = {seed: read_model(run, variant, seed, device) for seed in seeds}
    first = predictors[seeds[0]]
    bones = bone_lengths(data["train"].targets, first.skeleton).double().mean().item()
    entries: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for seed, predictor in predictors.items():
        evaluation = evaluate(task.predictor(predictor.model, data["test"]), data["test"], bones)
        entries.append(measure(run, seed, predictor, data, evaluation, bones))
        if other is not None:
            entries[-1]["generalization"] = generalization.evaluate(main_poses(predictor, other), other)
        arrays |= _edge_arrays(predictor, seed)
        if seed == seeds[0]:
            predict = task.predictor(predictor.model, data["test"])
            arrays |= examples(predict, data["test"], evaluation) | overlays(predict, data["test"])
    found = {
        "parameters": sum(parameter.numel() for parameter in first.model.parameters()),
        "data": describe_data(run, variant, data["train"], data["test"]),
        "training": describe_training(run, variant),
        "seeds": entries,
    }
    return found, arrays


def measure(
    run: Run, seed: int, predictor: LiftingPredictor, data: dict[str, LiftingData], evaluation: Evaluation, bones: float
) -> dict[str, Any]:
    """All figures of one seed: of its last epoch and, beside them, those of its best epoch on the test subjects."""
    variant, test = predictor.variant, data["test"]
    best = read_model(run, predictor.variant_name, seed, test.device, best=True)
    best_predictions = evaluation.predictions
    if best.epoch != predictor.epoch:
        best_predictions = evaluate(task.predictor(best.model, test), test, bones, describe=False).predictions
    few = task.WATCHED_SAMPLES
    splits = {"train": data["train"].every(LOSS_POSES), "test": test}
    return {
        "seed": seed,
        **evaluation.figures,
        "meshes": evaluation.meshes if variant.learns_meshes else None,
        "loss": {
            split: task.mean_loss(variant, task.predictor(predictor.model, part, few), part)
            for split, part in splits.items()
        },
        "generalization": None,
        "best_on_test": {
            "epoch": best.epoch,
            "selected_by": "oracle mpjpe" if variant.head.name == "mixture" else "mpjpe",
            **action_averages(best_predictions),
        },
    }


def main_poses(predictor: LiftingPredictor, data: LiftingData) -> Callable[[slice], Tensor]:
    """The pose that the model is judged by, for some rows, [n, J, 3] in metres."""
    return lambda rows: main_prediction(task.predict(predictor.model, data.inputs_of(rows)))


def read_model(run: Run, variant: str, seed: int, device: str, best: bool = False) -> LiftingPredictor:
    path = run.layout.best_checkpoint(variant, seed) if best else run.layout.checkpoint(variant, seed)
    try:
        return load_model(path, device)
    except CheckpointError as error:
        raise InputError(str(error)) from None


def describe_data(run: Run, variant: str, train: LiftingData, test: LiftingData) -> dict[str, Any]:
    """Which data the figures belong to, down to the digests of its files."""
    motion, source = run.preset.motion, run.variant(variant).input
    return {
        "source": motion.source,
        "description": run.preset.description,
        "frames_per_second": motion.frames_per_second,
        "input": describe_input(run, source),
        "train_digest": artifacts.digest(run.layout.motion_split("train", source)),
        "test_digest": artifacts.digest(run.layout.motion_split("test", source)),
        "train_poses": len(train),
        "test_poses": len(test),
        "actions": test.pose_set.actions,
        "subjects_train": _subjects(train),
        "subjects_test": _subjects(test),
    }


def _subjects(data: LiftingData) -> list[str]:
    """Those with a pose: a split that was made of others keeps their tables."""
    return [data.pose_set.subjects[index] for index in np.unique(data.pose_set.subject)]


def describe_input(run: Run, source: str) -> dict[str, Any]:
    """Where the 2D joints come from, and how far the test subjects' are off."""
    if source == "ground_truth":
        nothing = dict.fromkeys(("description", "mean_error_px", "median_error_px", "p95_error_px"))
        return {"name": source, "source": "projection", **nothing}
    return artifacts.read_json(run.layout.motion_summary(source))


def describe_training(run: Run, variant: str) -> dict[str, Any]:
    """How long the variant was trained, of what it states for its full training."""
    records = [artifacts.read_json(run.layout.environment(variant, seed)) for seed in run.seeds_of(variant)]
    return {
        "epochs": records[0]["epochs"],
        "epochs_stated": run.variant(variant).epochs,
        "steps": records[0]["steps"],
        "poses": records[0]["poses"],
        "batch_size": run.variant(variant).optimizer.batch_size,
        "date": max(record["finished"] for record in records)[:10],
    }


def _edge_arrays(predictor: LiftingPredictor, seed: int) -> dict[str, np.ndarray]:
    """The learned edge weights of every SemGConv layer, with the layers' names; nothing for other networks."""
    learned = learned_edge_weights(predictor.model)
    if not learned:
        return {}
    return {
        f"seed_{seed}/edge_weights": np.stack([weights.cpu().numpy() for weights in learned.values()]),
        f"seed_{seed}/edge_layers": np.array(list(learned)),
    }
