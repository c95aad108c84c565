"""Poses in 3D for keypoints of many people at once, each with its own image size."""

from __future__ import annotations

import torch
from numpy.typing import NDArray

from pipeline.geometry.camera import normalize_screen
from pipeline.lifting import uncertainty
from pipeline.lifting.checkpoints import LiftingPredictor
from pipeline.lifting.data import joint_choice
from pipeline.lifting.task import predict
from pipeline.lifting.uncertainty import Poses

SAMPLES = 10  # per pose, of a model that draws samples
SEED = 0  # of these samples


def lift(predictor: LiftingPredictor, joints: NDArray, size: NDArray) -> Poses:
    """The poses of `joints` [N, 17, 2] px in Human3.6M's order; `size` [N, 2] px is their images' width and height."""
    chosen = torch.from_numpy(joints[:, joint_choice(predictor.skeleton)]).double()
    width, height = torch.from_numpy(size).double()[:, None].unbind(dim=-1)
    inputs = normalize_screen(chosen, width, height).float()
    with torch.random.fork_rng([]):
        torch.manual_seed(SEED)
        return uncertainty.describe(predict(predictor.model, inputs, SAMPLES))
