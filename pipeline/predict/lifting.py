"""Poses in 3D for keypoints of many people at once, each with its own image size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.geometry.camera import normalize_screen
from pipeline.lifting import outputs, uncertainty
from pipeline.lifting.checkpoints import LiftingPredictor
from pipeline.lifting.data import MILLIMETRES, joint_choice
from pipeline.lifting.task import predict

SAMPLES = 10  # per pose, of a model that draws samples
SEED = 0  # of these samples


@dataclass(frozen=True)
class Poses:
    """N poses of J joints in mm, relative to the pelvis (joint 0), in the camera's axes: x right, y down, z away.

    A network that gives one pose has K = 1 and no spread.
    """

    hypotheses: NDArray[np.float32]  # [N, K, J, 3]
    weights: NDArray[np.float32]  # [N, K]
    mean: NDArray[np.float32]  # [N, J, 3]
    spread_mm: NDArray[np.float32]  # [N, J], a joint's standard deviation, all three axes together

    def __len__(self) -> int:
        return len(self.mean)


def lift(predictor: LiftingPredictor, joints: NDArray, size: NDArray) -> Poses:
    """The poses of `joints` [N, 17, 2] px in Human3.6M's order; `size` [N, 2] px is their images' width and height."""
    chosen = torch.from_numpy(joints[:, joint_choice(predictor.skeleton)]).double()
    width, height = torch.from_numpy(size).double()[:, None].unbind(dim=-1)
    inputs = normalize_screen(chosen, width, height).float()
    with torch.random.fork_rng([]):
        torch.manual_seed(SEED)
        output = outputs.poses_of(predict(predictor.model, inputs, SAMPLES))
    return Poses(
        hypotheses=_array(outputs.possible_poses(output) * MILLIMETRES),
        weights=_array(uncertainty.weights(output)),
        mean=_array(outputs.main_prediction(output) * MILLIMETRES),
        spread_mm=_array(uncertainty.spread(output) * MILLIMETRES),
    )


def _array(values: torch.Tensor) -> NDArray[np.float32]:
    return values.float().numpy()
