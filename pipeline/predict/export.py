"""From a training of the pipeline to weights that travel: safetensors and a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline import artifacts, device, seeds
from pipeline.config import Run
from pipeline.lifting import reading, task
from pipeline.lifting.checkpoints import LiftingPredictor, load_model
from pipeline.lifting.data import LiftingData
from pipeline.lifting.errors import action_averages, evaluate
from pipeline.lifting.evaluate import describe_data, renew
from pipeline.lifting.lifter import Lifter
from pipeline.predict import flags, weights

SCHEMA = 1
SHOWN = 20_000  # training poses from which the ranges of a card are taken
LICENCES = {  # by the source of the motion that the weights were trained on
    "cmu": (
        "MIT, as the code. Trained on data obtained from mocap.cs.cmu.edu, which is free for all uses; that database "
        "was created with funding from NSF EIA-0196217."
    ),
    "synthetic": "MIT, as the code. Trained on motion made in code.",
}
RESTRICTED = "For research only, under the terms of the data that the weights were trained on; do not pass them on."
NOT_FOR = (
    "identifying people; medical or safety decisions; distances in a room, because a pose is relative to its pelvis; "
    "poses unlike the training data, which `predict` flags"
)


def export(run: Run, variant: str, seed: int, path: Path) -> dict[str, Any]:
    """Write a trained seed's weights to `path` and its card beside it; the answer is the card.

    The batch norms of the written weights have statistics renewed from the training poses, as those of the tables have
    (training.batch_norm). Raises InputError if the training or its data are missing.
    """
    on = device.prepare(run)
    predictor = seeds.read_model(run.layout.checkpoint(variant, seed), load_model, on)
    data = reading.read_data(run, predictor.variant, on)
    renew(predictor, data)
    errors = evaluate(task.predictor(predictor.model, data["test"]), data["test"], describe=False).predictions
    about = {
        "schema": SCHEMA,
        "name": path.stem,
        "variant": variant,
        "title": run.variant(variant).title,
        "preset": run.preset_name,
        "seed": seed,
        "epochs": predictor.epoch,
        "parameters": sum(parameter.numel() for parameter in predictor.model.parameters()),
        "joints": list(predictor.skeleton.names),
        "input": "2D joints in pixels with the image's width and height; Human3.6M's order",
        "output": "3D joints in mm relative to the pelvis, in the camera's axes",
        "data": describe_data(run, variant, data["train"], data["test"]).model_dump(mode="json"),
        "test_errors_mm": action_averages(errors),
        "batch_norm": "statistics renewed from training poses",
        "ranges": _ranges(predictor, data["train"].every(SHOWN)),
        "licence": _licence(run, variant),
        "not_for": NOT_FOR,
    }
    card = {"sha256": weights.write_weights(path, predictor, seed), **about}
    artifacts.write_json(weights.card_of(path), card)
    return card


def _licence(run: Run, variant: str) -> str:
    """The terms of the weights, which are those of the data: of the motion, and of SMPL where meshes were learnt."""
    if run.variant(variant).imported or (run.preset.body == "smpl" and run.variant(variant).learns_meshes):
        return RESTRICTED
    return LICENCES.get(run.preset.motion.source, RESTRICTED)


def _ranges(predictor: LiftingPredictor, train: LiftingData) -> dict[str, list[float]]:
    """What is usual for these weights, measured on training poses."""
    joints = train.keypoints_2d.cpu().numpy().astype(np.float64)
    size = train.sizes[train.camera].cpu().numpy().astype(np.float64)
    predictor.model.cpu()
    return flags.ranges(joints, size[:, 0], Lifter(**vars(predictor)).lift(joints, *size.T))
