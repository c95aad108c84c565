"""What a registered model answers: all poses that a network names, their weights, mean and spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline import load_model
from pipeline.lifting import outputs

MILLIMETRES = 1000.0


class Predictor:
    """A lifting network with arrays in and out."""

    def __init__(self, checkpoint: Path | str) -> None:
        self._model = load_model(checkpoint)

    def predict(self, keypoints: np.ndarray, image_size: np.ndarray) -> dict[str, np.ndarray]:
        """All that is known of N poses.

        `keypoints` [N, J, 2] in pixels, `image_size` [2], the image's width and height in pixels. The answer has
        `poses` [N, K, J, 3] in mm, relative to the pelvis, in the camera's axes; `weights` [N, K]; `mean` [N, J, 3];
        `spread_mm` [N, J]. All are float32. A network that gives one pose has K = 1. Raises ValueError for a wrong
        number of joints, or a size that is not two positive numbers.
        """
        width, height = _size(image_size)
        joints = torch.as_tensor(np.asarray(keypoints, dtype=np.float32))
        output = outputs.poses_of(self._model.output(joints, width, height))
        answer = {
            "poses": outputs.possible_poses(output) * MILLIMETRES,
            "weights": weights(output),
            "mean": outputs.main_prediction(output) * MILLIMETRES,
            "spread_mm": spread(output) * MILLIMETRES,
        }
        return {name: value.float().numpy() for name, value in answer.items()}


def _size(given: np.ndarray) -> tuple[float, float]:
    found = np.asarray(given, dtype=float).ravel()
    if found.shape != (2,) or not (found > 0).all():
        raise ValueError(f"image_size: expected width and height in pixels, found {found.tolist()}")
    return float(found[0]), float(found[1])


def weights(output: outputs.Poses) -> Tensor:
    """[N, K]: of a mixture its mixing weights (at node level their mean over joints), of samples all the same."""
    if isinstance(output, outputs.PoseMixture):
        return outputs.mixing_weights(output).mean(dim=1)
    count = outputs.hypothesis_count(output)
    return torch.full((outputs.length(output), count), 1 / count)


def spread(output: outputs.Poses) -> Tensor:
    """[N, J] in metres: the root of a joint's mean squared distance from the mean.

    Of a mixture the components' own variances count too. A single pose has none, so its spread is 0.
    """
    poses = outputs.possible_poses(output)
    away = (poses - outputs.main_prediction(output)[:, None]).square().sum(dim=-1)  # [N, K, J]
    if not isinstance(output, outputs.PoseMixture):
        return away.mean(dim=1).sqrt()
    within = output.scales.expand_as(output.means).square().sum(dim=-1)
    within = torch.cat((torch.zeros_like(within[..., :1]), within[..., 1:]), dim=-1)  # the root is always at 0
    shares = outputs.mixing_weights(output).expand(-1, poses.shape[2], -1)  # [N, J, K]
    return torch.einsum("njk,nkj->nj", shares.to(away.dtype), away + within).sqrt()
