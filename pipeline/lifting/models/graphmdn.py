"""GraphMDN: SemGCN's network with a Gaussian mixture as its output, several hypotheses for each pose.

Source: Oikarinen et al., "GraphMDN: Leveraging graph structure and deep learning to solve inverse problems", 2020:
Section 2.4 and Figure 1 (network), Section 3.1 (node level, Eq. 5), Section 3.2 (pose level, Eq. 7 and 8), Section 4.4
(settings). The losses, Eq. 5 and 9, are in lifting/losses.py.

The layers are SemGCN's (semgcn.py): SemGConv (its Eq. 2) and non-local layers (its Eq. 4), with dropout. This file has
the network from the 2D joints to the mixture, and the head.

Different from the authors' code: a sigma is computed without the rounding of ELU(raw) + 1, and sigma = ELU + 1 has a
minimum that can be set. A dense layer instead of the average over the joints, which the paper tried, is an option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.models import semgcn
from pipeline.lifting.models.layers import Parts, check_keypoints
from pipeline.lifting.outputs import PoseMixture

if TYPE_CHECKING:
    from pipeline.config import HeadSettings, ModelSettings


class GraphMDN(semgcn.SemGCN):
    """2D joints [B, J, 2], screen-normalised, to a PoseMixture of K components (Figure 1). `head` is a MixtureHead."""

    def forward(self, keypoints_2d: Tensor) -> PoseMixture:
        check_keypoints(keypoints_2d, self.joint_count)
        features = self.input(keypoints_2d)  # [B, J, C]: SemGConv, batch norm, ReLU, dropout
        features = self.input_non_local(features)
        for residual, non_local in zip(self.residuals, self.non_locals, strict=True):
            features = non_local(residual(features))  # two SemGConv blocks and a shortcut, then a non-local layer
        raw = self.output(features)  # [B, J, 5 K]: a last SemGConv, without batch norm and ReLU
        return self.head(raw)  # means [B, K, J, 3], sigma [B, K, 1, 1], logits [B, K] at pose level


class MixtureHead(nn.Module):
    """Raw outputs [B, J, `outputs`] -> PoseMixture: one mixture per pose (Eq. 7), or one per joint (Section 3.1).

    A joint has 5 K raw outputs for K components, in the authors' order: K means (x, y, z each), K sigma, K mixing
    logits. mean = tanh, because targets are metres within [-1, 1]; sigma = ELU + 1, a standard deviation, never below
    `minimum_sigma`. What belongs to the whole pose (the logits at pose level, a sigma shared by all joints) is the
    average of the *raw* outputs over the joints.

    `per_axis` gives x, y and z a sigma each (3 K instead of K raw outputs per joint, as (component, axis)). With
    `dense`, one linear layer on all the raw outputs that would be averaged replaces the averages over the joints.
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


def build(settings: ModelSettings, parts: Parts) -> semgcn.SemGCN:
    """GraphMDN of a variant's settings."""
    return semgcn.build(settings, parts, GraphMDN)


def build_head(settings: HeadSettings, skeleton: Skeleton, head: type[MixtureHead] = MixtureHead) -> MixtureHead:
    """The head of a variant's settings, for any network."""
    return head(
        skeleton.joint_count,
        settings.kernels,
        level=settings.level,
        sigma_per_joint=settings.sigma == "per_joint",
        per_axis=settings.axes == "per_axis",
        dense=settings.pooling == "dense",
        minimum_sigma=settings.minimum_sigma,
    )
