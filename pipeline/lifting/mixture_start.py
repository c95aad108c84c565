"""A mixture over poses whose means start at clusters of the training poses, instead of random ones as in the paper.

K-means imposes a split, so the split is no evidence that training found it. The output layer's biases are shared by the
joints, so they cannot hold a pose. The head therefore has a bias for each component, joint and axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.config import HeadSettings
from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.models import graphmdn
from pipeline.lifting.outputs import PoseMixture
from pipeline.training.clusters import MOST, clusters

FURTHEST = 0.99  # m: a mean is a tanh, so no start can lie further from the root along an axis


class BiasedMixtureHead(graphmdn.MixtureHead):
    """A mixture head with a bias for the raw means of each joint, [J, 3 K], 0 until `start_at_clusters`."""

    def __init__(self, joint_count: int, kernels: int, **settings: Any) -> None:
        super().__init__(joint_count, kernels, **settings)
        self.start = nn.Parameter(torch.zeros(joint_count, 3 * kernels))

    def forward(self, raw: Tensor) -> PoseMixture:
        means, others = raw.split((self.sizes[0], sum(self.sizes[1:])), dim=2)
        return super().forward(torch.cat([means + self.start, others], dim=2))


def build_head(settings: HeadSettings, skeleton: Skeleton) -> graphmdn.MixtureHead:
    """The head of a variant's settings, for any network."""
    return graphmdn.build_head(settings, skeleton, BiasedMixtureHead)


@torch.no_grad()
def start_at_clusters(model: nn.Module, targets: Tensor, seed: int) -> None:
    """Set the bias of the model's head to clusters of the training poses [N, J, 3], one per component.

    It draws no random numbers of torch. Raises ValueError for fewer poses than components.
    """
    head = next(module for module in model.modules() if isinstance(module, BiasedMixtureHead))
    some = targets[:: max(1, len(targets) // MOST)][:MOST]
    poses = some.flatten(1).cpu().numpy().astype(np.float64)  # [n, 3 J]
    centers = torch.from_numpy(clusters(poses, head.kernels, seed)).unflatten(1, (-1, 3))  # [K, J, 3], metres
    raw = torch.atanh(centers.clamp(-FURTHEST, FURTHEST))
    head.start.copy_(raw.transpose(0, 1).flatten(1))
