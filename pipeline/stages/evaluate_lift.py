"""Measure a trained variant on the test subjects, once for every seed: one metrics file, one file of arrays to draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.lift import evaluation
from pipeline.lift.checkpoints import LiftPredictor, load_model
from pipeline.lift.dataset import LiftData
from pipeline.lift.models import learned_edge_weights
from pipeline.lift.task import loss_terms, predict
from pipeline.params import Run
from pipeline.stages import common
from pipeline.training.checkpoint import CheckpointError

LOSS_POSES = 20_000  # training poses on which the loss is compared with the test loss


def run(run: Run, variant: str) -> None:
    status = artifacts.read_json(run.layout.training_status(variant))
    settings = run.variant(variant)
    metrics: dict[str, Any] = {"schema": 1, "variant": variant, "paper": settings.paper, "title": settings.title}
    metrics |= {"preset": run.preset_name, **status, "parameters": None, "data": None, "training": None, "seeds": []}
    arrays: dict[str, np.ndarray] = {}
    if status["status"] == "run":
        device = common.device(run)
        train, test = (LiftData.from_pose_set(common.read_poses(run, split), device) for split in ("train", "test"))
        predictors = {seed: read_model(run, variant, seed, device) for seed in run.seeds}
        first = predictors[run.seeds[0]]
        metrics["parameters"] = sum(parameter.numel() for parameter in first.model.parameters())
        metrics["data"] = describe_data(run, train, test)
        metrics["training"] = describe_training(run, variant)
        for seed, predictor in predictors.items():
            metrics["seeds"].append(measure(run, seed, predictor, train.every(LOSS_POSES), test))
            arrays |= _edge_arrays(predictor, seed)
        arrays |= evaluation.examples(predict(first.model, test.inputs), test)
    artifacts.write_arrays(run.layout.evaluation(variant), arrays)
    artifacts.write_json(run.layout.metrics(variant), metrics)


def measure(run: Run, seed: int, predictor: LiftPredictor, train: LiftData, test: LiftData) -> dict[str, Any]:
    """All figures of one seed: of its last epoch and, beside them, those of its best epoch on the test subjects."""
    output = predict(predictor.model, test.inputs)
    variant = predictor.variant
    losses = {
        "train": loss_terms(variant, train.skeleton, predict(predictor.model, train.inputs), train.targets),
        "test": loss_terms(variant, test.skeleton, output, test.targets),
    }
    figures = evaluation.evaluate(output, test)
    best = read_model(run, predictor.variant_name, seed, str(test.inputs.device), best=True)
    if best.epoch == predictor.epoch:
        best_predictions = figures["predictions"]
    else:
        best_predictions = evaluation.evaluate(predict(best.model, test.inputs), test)["predictions"]
    return {
        "seed": seed,
        **figures,
        "loss": {split: float(sum(terms.values())) for split, terms in losses.items()},
        "best_on_test": {
            "epoch": best.epoch,
            "selected_by": "oracle mpjpe" if variant.head.name == "mixture" else "mpjpe",
            **evaluation.action_averages(best_predictions),
        },
    }


def read_model(run: Run, variant: str, seed: int, device: str, best: bool = False) -> LiftPredictor:
    path = run.layout.best_checkpoint(variant, seed) if best else run.layout.checkpoint(variant, seed)
    try:
        return load_model(path, device)
    except CheckpointError as error:
        raise InputError(str(error)) from None


def describe_data(run: Run, train: LiftData, test: LiftData) -> dict[str, Any]:
    """Which data the figures belong to, down to the digests of its files."""
    motion = run.preset.motion
    return {
        "source": motion.source,
        "description": run.preset.description,
        "frames_per_second": motion.frames_per_second,
        "train_digest": artifacts.digest(run.layout.motion_split("train")),
        "test_digest": artifacts.digest(run.layout.motion_split("test")),
        "train_poses": len(train),
        "test_poses": len(test),
        "actions": test.pose_set.actions,
        "subjects_train": train.pose_set.subjects,
        "subjects_test": test.pose_set.subjects,
    }


def describe_training(run: Run, variant: str) -> dict[str, Any]:
    """How long the variant was trained, of what it states for its full training."""
    records = [artifacts.read_json(run.layout.environment(variant, seed)) for seed in run.seeds]
    return {
        "epochs": records[0]["epochs"],
        "epochs_stated": run.variant(variant).epochs,
        "steps": records[0]["steps"],
        "poses": records[0]["poses"],
        "batch_size": run.variant(variant).optimizer.batch_size,
        "date": max(record["finished"] for record in records)[:10],
    }


def _edge_arrays(predictor: LiftPredictor, seed: int) -> dict[str, np.ndarray]:
    """The learned edge weights of every SemGConv layer, with the layers' names; nothing for other networks."""
    learned = learned_edge_weights(predictor.model)
    if not learned:
        return {}
    return {
        f"seed_{seed}/edge_weights": np.stack([weights.cpu().numpy() for weights in learned.values()]),
        f"seed_{seed}/edge_layers": np.array(list(learned)),
    }
