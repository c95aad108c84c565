"""How sure an output is: its poses in mm, their weights, and the spread of each joint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.lifting import outputs
from pipeline.lifting.data import MILLIMETRES


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


def describe(output: outputs.Output) -> Poses:
    """All that a network's output says of poses, as arrays."""
    poses = outputs.poses_of(output)
    found = (
        outputs.possible_poses(poses) * MILLIMETRES,
        weights(poses),
        outputs.main_prediction(poses) * MILLIMETRES,
        spread(poses) * MILLIMETRES,
    )
    return Poses(*(values.float().numpy() for values in found))


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
