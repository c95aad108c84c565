"""The non-local layer as HGN uses it: the same function and weights, ordered for many nodes.

A layer that pools nothing needs only a number of every node for either partner, each the features times one folded
vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.joint_linear import joint_linear
from pipeline.lifting.models.non_local import NonLocal

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


class HierarchicalNonLocal(NonLocal):
    """`NonLocal` that pools nothing: affinity_ij = relu(w_theta . theta(x_i) + w_phi . phi(x_j)) / nodes."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, group_size=1)

    def forward(self, features: Tensor) -> Tensor:
        nodes, channels = features.shape[1:]
        folded = torch.stack([self.affinity[0] @ self.theta.weight, self.affinity[1] @ self.phi.weight])
        offsets = torch.stack([self.affinity[0] @ self.theta.bias, self.affinity[1] @ self.phi.bias])
        queries, keys = nn.functional.linear(features, folded, offsets).unbind(2)  # [B, nodes] each
        values = joint_linear(features, self.g.weight, self.g.bias)  # [B, nodes, C / 2]
        affinity = torch.relu(queries.unsqueeze(2) + keys.unsqueeze(1)) / nodes
        gathered = joint_linear(torch.bmm(affinity, values), self.output.weight, self.output.bias)
        return features + self.normalisation(gathered.view(-1, channels)).view_as(features)


def build(settings: ModelSettings) -> HierarchicalNonLocal:
    return HierarchicalNonLocal(settings.channels)
