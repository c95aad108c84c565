"""The kinds of answer that a lifting network may give, as plain tensors; no network is needed to hold one.

Lengths are metres, in the camera's frame and relative to the root. What is asked of an answer whatever its kind stands
in `lifting.outputs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PoseMixture:
    """B mixtures of K components over poses of J joints, in metres; `lifting.mixture_density` gives their densities.

    `means` [B, K, J, 3]; `scales` [B, K, J or 1, 3 or 1], where 1 means shared by the joints or the axes; `logits`
    [B, K] at pose level, where a component is a whole pose, or [B, J, K] at node level, where every joint has a
    mixture of its own, independent of the other joints'.

    The root's target is always 0. The loss keeps it, as the authors' does; evaluation puts the root of every component
    to 0.
    """

    means: Tensor
    scales: Tensor
    logits: Tensor
    level: Literal["pose", "node"]

    @staticmethod
    def concatenate(parts: Sequence[PoseMixture]) -> PoseMixture:
        """The mixtures of several batches as one."""
        return PoseMixture(
            torch.cat([part.means for part in parts]),
            torch.cat([part.scales for part in parts]),
            torch.cat([part.logits for part in parts]),
            parts[0].level,
        )


@dataclass(frozen=True, eq=False)
class PoseSamples:
    """S samples of each of B poses of J joints: `poses` [B, S, J, 3] in metres, in the order they were drawn."""

    poses: Tensor

    @staticmethod
    def concatenate(parts: Sequence[PoseSamples]) -> PoseSamples:
        """The samples of several batches as one."""
        return PoseSamples(torch.cat([part.poses for part in parts]))


@dataclass(frozen=True, eq=False)
class PoseAndMeshes:
    """What HGN says of B pictures, in metres, in the camera's frame, relative to the root.

    `pose` [B, J, 3] or a mixture over poses; `coarse` [B, 48, 3] and `fine` [B, 96, 3]: all nodes of the mesh graphs,
    fake ones too, whose positions mean nothing; None where the network has not that graph.
    """

    pose: Tensor | PoseMixture
    coarse: Tensor | None = None
    fine: Tensor | None = None


@dataclass(frozen=True, eq=False)
class RefinedPose:
    """Poses in training: `pose`, refined, and `before`, the base network's; both [B, J, 3] in metres."""

    pose: Tensor
    before: Tensor


@runtime_checkable
class SampleDrawing(Protocol):
    """A model that gives PoseSamples, as many of a pose as it is asked for (`samples`), and has a loss of its own."""

    draws_samples: bool

    def loss(self, keypoints_2d: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """What it minimises, by name, as means over the batch."""


Poses = Tensor | PoseMixture | PoseSamples
Output = Poses | PoseAndMeshes
