"""GraphMDN's head: the network's raw outputs of every joint become one Gaussian mixture a pose, or one a joint.

Source: GraphMDN, Sections 3.1 (node level) and 3.2 (pose level). A joint has 5 K raw outputs for K components, in the
authors' order: K means (x, y, z each), K sigma, K mixing logits. mean = tanh, since targets are metres within [-1, 1];
sigma = ELU + 1, a standard deviation, never below a minimum. What belongs to the whole pose (the logits at pose level,
a sigma shared by all joints) is the average of the *raw* outputs over the joints or, as the paper also tried, made from
them by a dense layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.output_types import PoseMixture

if TYPE_CHECKING:
    from pipeline.config import HeadSettings


class MixtureHead(nn.Module):
    """Raw outputs [B, J, `outputs`] -> PoseMixture.

    `per_axis` gives x, y and z a sigma each (3 K instead of K raw outputs a joint, as (component, axis)). With `dense`
    the averages over the joints are replaced by one linear layer on all the raw outputs that would be averaged.
    """

    def __init__(
        self,
        joint_count: int,
        kernels: int,
        level: Literal["pose", "node"] = "pose",
        sigma_per_joint: bool = False,
        per_axis: bool = False,
        dense: bool = False,
        minimum_sigma: float = 1e-10,
    ) -> None:
        super().__init__()
        self.kernels = kernels
        self.level = level
        self.sigma_per_joint = sigma_per_joint
        self.axes = 3 if per_axis else 1
        self.minimum_sigma = minimum_sigma
        self.sizes = (3 * kernels, self.axes * kernels, kernels)
        if level == "node" and (dense or not sigma_per_joint):
            raise ValueError("joints share nothing in a node-level mixture: sigma is per joint and nothing is pooled")
        pooled = sum(self.sizes[2 if sigma_per_joint else 1 :])
        self.dense = nn.Linear(joint_count * pooled, pooled) if dense else None
        if self.dense is not None:
            nn.init.xavier_uniform_(self.dense.weight)
            nn.init.zeros_(self.dense.bias)

    @property
    def outputs(self) -> int:
        """Raw outputs that a joint must have."""
        return sum(self.sizes)

    def forward(self, raw: Tensor) -> PoseMixture:
        means, sigma, logits = raw.split(self.sizes, dim=2)  # [B, J, 3 K], [B, J, K or 3 K], [B, J, K]
        if self.level == "pose" and self.sigma_per_joint:
            logits = self._pool(logits).squeeze(1)
        elif self.level == "pose":  # together, so that a dense layer sees all that it replaces
            sigma, logits = self._pool(torch.cat([sigma, logits], dim=2)).split(self.sizes[1:], dim=2)
            logits = logits.squeeze(1)
        return PoseMixture(
            means=torch.tanh(means).unflatten(2, (self.kernels, 3)).transpose(1, 2),
            scales=positive(sigma, self.minimum_sigma).unflatten(2, (self.kernels, self.axes)).transpose(1, 2),
            logits=logits,
            level=self.level,
        )

    def _pool(self, shared: Tensor) -> Tensor:
        """What the joints share, [B, J, n] -> [B, 1, n]."""
        if self.dense is None:
            return shared.mean(dim=1, keepdim=True)
        return self.dense(shared.flatten(1)).unsqueeze(1)


def positive(raw: Tensor, minimum: float) -> Tensor:
    """ELU(raw) + 1, at least `minimum`: raw + 1 above 0, e^raw below.

    ELU itself computes e^raw - 1, and adding the 1 again would round a small sigma away: to nothing below 6e-8.
    """
    return torch.where(raw > 0, raw + 1, raw.clamp(max=0).exp()).clamp(min=minimum)


def build(settings: HeadSettings, skeleton: Skeleton) -> MixtureHead:
    return MixtureHead(
        skeleton.joint_count,
        settings.kernels,
        level=settings.level,
        sigma_per_joint=settings.sigma == "per_joint",
        per_axis=settings.axes == "per_axis",
        dense=settings.pooling == "dense",
        minimum_sigma=settings.minimum_sigma,
    )
