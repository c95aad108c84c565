"""The viewer's page with predicted poses: each with its hypotheses and its spread, to turn and to play."""

from __future__ import annotations

import numpy as np

from pipeline.lifting.data import joint_choice
from pipeline.predict.result import Prediction
from pipeline.predict.weights import Model
from pipeline.report.viewer import Group, Lens, Scene, page

SHOWN = 300  # poses: a page of 1 MB


def of(prediction: Prediction, model: Model, title: str, frames_per_second: float) -> str:
    """The page of the first SHOWN poses; in a video, a group for each person that can be played."""
    table = prediction.keypoints.table
    chosen = np.arange(min(SHOWN, len(prediction)))
    note = f"The first {SHOWN} of {len(prediction)} poses." if len(prediction) > SHOWN else ""
    if not table.sequence:
        groups = [Group(title, [_scene(prediction, model, row) for row in chosen.tolist()], note)]
    else:
        groups = [
            Group(
                f"{title}, person {person}",
                [_scene(prediction, model, row) for row in chosen[prediction.person[chosen] == person].tolist()],
                note,
                frames_per_second,
            )
            for person in np.unique(prediction.person[chosen]).tolist()
        ]
    return page(groups, f"Poses in {title}")


def _scene(prediction: Prediction, model: Model, row: int) -> Scene:
    placement, size = prediction.placement, prediction.size[row]
    lens = None
    if np.isfinite(placement.root_mm[row]).all():
        focal = placement.root_mm[row, 2] * placement.scale[row]
        lens = Lens(placement.root_mm[row], np.array([focal, focal]), size / 2)
    return Scene(
        label=f"{prediction.images[row]}, person {prediction.person[row]}",
        hypotheses=prediction.poses.hypotheses[row],
        weights=prediction.poses.weights[row],
        keypoints_2d=prediction.joints[row, joint_choice(model.predictor.skeleton)],
        lens=lens,
        note="; ".join(prediction.flags[row]),
    )
