"""The non-local layer: every joint looks at all joints (SemGCN, Eq. 4 and appendix A.3).

    affinity_ij = relu(w_theta . theta(x_i) + w_phi . phi(x_j)) / P
    out_i       = x_i + BN(W sum_j affinity_ij g(x_j) + b)

over P pooled joints j: phi and g are max-pooled over groups of joints, 16 -> 8 in SemGCN. Eq. 10 projects the
concatenation of theta and phi; as the projection is linear it splits into the two dot products above, and the first
needs no theta: w_theta . theta(x) is x times one folded vector. For the same reason W goes before the sum over j, where
there are fewer joints. BN starts at 0, so that the layer starts as the identity (Section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.models.joint_linear import joint_linear

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


class NonLocal(nn.Module):
    """features [B, J, C] -> [B, J, C].

    `group_size` joints are pooled together, consecutive ones of `order` (default: as they come); 1 pools nothing.
    `theta`, `phi`, `g` [C / 2, C], `affinity` [2, C / 2] (w_theta, w_phi) and `output` [C, C / 2] are the authors'
    1x1 convolutions. Weights start Xavier-uniform, as both papers say.
    """

    order: Tensor | None

    def __init__(self, channels: int, group_size: int, order: Sequence[int] | None = None) -> None:
        super().__init__()
        half = channels // 2
        self.group_size = group_size
        self.register_buffer("order", None if order is None else torch.tensor(order), persistent=False)
        self.g = nn.Linear(channels, half)
        self.theta = nn.Linear(channels, half)
        self.phi = nn.Linear(channels, half)
        self.affinity = nn.Parameter(torch.empty(2, half))
        self.output = nn.Linear(half, channels)
        self.normalisation = nn.BatchNorm1d(channels)
        for linear in (self.g, self.theta, self.phi, self.output):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        nn.init.xavier_uniform_(self.affinity.view(1, -1))
        nn.init.zeros_(self.normalisation.weight)

    def forward(self, features: Tensor) -> Tensor:
        joints, channels = features.shape[1:]
        if joints % self.group_size or (self.order is not None and joints != len(self.order)):
            raise ValueError(f"{joints} joints do not fall into the layer's groups of {self.group_size}")
        values, keys = self._pooled(features)  # [B, P, C], [B, P]
        queries = features @ (self.affinity[0] @ self.theta.weight) + self.affinity[0] @ self.theta.bias  # [B, J]
        affinity = torch.relu(queries.unsqueeze(2) + keys.unsqueeze(1)) / keys.shape[1]  # [B, J, P]
        gathered = torch.bmm(affinity, values) + self.output.bias
        return features + self.normalisation(gathered.view(-1, channels)).view_as(features)

    def _pooled(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """W g(x_j) and w_phi . phi(x_j) of the pooled joints; g and phi are one product."""
        weight = torch.cat([self.g.weight, self.phi.weight])
        bias = torch.cat([self.g.bias, self.phi.bias])
        projected = joint_linear(features, weight, bias)
        if self.order is not None:
            projected = projected.index_select(1, self.order)
        if self.group_size > 1:
            projected = projected.unflatten(1, (-1, self.group_size)).amax(dim=2)
        g, phi = projected.chunk(2, dim=2)
        return joint_linear(g, self.output.weight, None), phi @ self.affinity[1]


def build(settings: ModelSettings, skeleton: Skeleton) -> NonLocal:
    """The layer over a skeleton's joints; "grouped" pools its groups and raises ValueError if it has none."""
    if settings.non_local == "ungrouped":
        return NonLocal(settings.channels, group_size=1)
    if not skeleton.groups:
        raise ValueError(f"{skeleton.name} has no groups of joints to pool: take non_local: ungrouped")
    order = [joint for group in skeleton.groups for joint in group]
    return NonLocal(settings.channels, group_size=len(skeleton.groups[0]), order=order)
