"""What a lifting network gives for B images: the kinds of output, and what is asked of any of them.

One pose per image, a Tensor [B, J, 3]; a Gaussian mixture over poses (`PoseMixture`); samples of a pose's distribution
(`PoseSamples`); or a pose or mixture with coarse body meshes beside it (`PoseAndMeshes`). Lengths are metres, in the
camera's frame and relative to the root, joint 0. The truth has its root at exactly 0, so every prediction and every
hypothesis gets its root put to 0, as in the authors' evaluation.

A component's means are one pose, a *hypothesis*. Single poses of a mixture at pose level and at node level (GraphMDN,
Sections 3.1, 3.2 and 4.3):

- *mean* is the distribution's mean, joint by joint;
- *highest* is the component with the highest weight. At node level every joint is a mixture of its own and has its own
  highest component, so *highest* is in general none of the K hypotheses;
- the K *hypotheses* at node level are the poses with component k at every joint. Only the output layer ties them: it
  makes component k by the same weights at every joint. *Oracle* chooses among these K, as the authors' code does: a
  per-joint oracle would choose among K^J poses and not be comparable with a pose-level one. It can therefore be worse
  than *highest* there, which is impossible at pose level.

At either level the mean may be better than the oracle: it lies between the hypotheses, where the truth may lie too
(claim GM-9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from pipeline.lifting.metrics import POSES_AT_ONCE, joint_errors
from pipeline.mixture import GaussianMixture

MESHES = ("coarse", "fine")


@dataclass(frozen=True, eq=False)
class PoseMixture:
    """B mixtures of K components over poses of J joints, in metres; `distribution` gives their densities.

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

    def select(self, rows: slice | Tensor) -> PoseMixture:
        """The mixtures of some poses."""
        return replace(self, means=self.means[rows], scales=self.scales[rows], logits=self.logits[rows])

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
    """HGN's output for B images, in metres, in the camera's frame, relative to the root.

    `pose` [B, J, 3] or a mixture over poses; `coarse` [B, 48, 3] and `fine` [B, 96, 3]: all nodes of the mesh graphs,
    fake ones too, whose positions mean nothing; None where the network does not have that graph.
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


# --- of any output ----------------------------------------------------------------------------------------------------


def poses_of(output: Output) -> Poses:
    """An output without its meshes."""
    return output.pose if isinstance(output, PoseAndMeshes) else output


def tensors(output: Output) -> list[Tensor]:
    """The numbers of an output: the poses first, then what belongs to them."""
    if isinstance(output, PoseAndMeshes):
        meshes = (getattr(output, scale) for scale in MESHES)
        return tensors(output.pose) + [mesh for mesh in meshes if mesh is not None]
    if isinstance(output, PoseMixture):
        return [output.means, output.scales, output.logits]
    return [output.poses if isinstance(output, PoseSamples) else output]


def hypothesis_count(output: Output) -> int:
    """How many poses an output names per image."""
    output = poses_of(output)
    return 1 if isinstance(output, Tensor) else tensors(output)[0].shape[1]


def length(output: Output) -> int:
    """The number of images that an output answers for."""
    return len(tensors(output)[0])


def concatenate(parts: Sequence[Output]) -> Output:
    """The outputs of several batches as one; all of one kind."""
    first = parts[0]
    if isinstance(first, PoseAndMeshes):
        poses = concatenate([poses_of(part) for part in parts])
        return PoseAndMeshes(poses, *(_together([getattr(part, scale) for part in parts]) for scale in MESHES))  # type: ignore
    return torch.cat(list(parts)) if isinstance(first, Tensor) else type(first).concatenate(parts)  # type: ignore


def _together(meshes: Sequence[Tensor | None]) -> Tensor | None:
    """One scale's meshes of several batches; None where the network has no such scale."""
    there = [mesh for mesh in meshes if mesh is not None]
    return torch.cat(there) if there else None


def select(output: Output, rows: slice | Tensor) -> Output:
    """The output for some images."""
    if isinstance(output, PoseAndMeshes):
        meshes = [None if mesh is None else mesh[rows] for mesh in (getattr(output, scale) for scale in MESHES)]
        return PoseAndMeshes(select(output.pose, rows), *meshes)  # type: ignore
    if isinstance(output, PoseMixture):
        return output.select(rows)
    return PoseSamples(output.poses[rows]) if isinstance(output, PoseSamples) else output[rows]


def possible_poses(output: Output) -> Tensor:
    """Every pose that an output names, with its root at 0: [N, K, J, 3]."""
    output = poses_of(output)
    if isinstance(output, PoseMixture):
        return hypotheses(output)
    poses = output.poses if isinstance(output, PoseSamples) else output[:, None]
    return root_at_origin(poses)


def main_prediction(output: Output) -> Tensor:
    """The pose a model is judged by, [N, J, 3]: its one pose, the mean of its mixture or of its samples."""
    output = poses_of(output)
    if isinstance(output, PoseMixture):
        return mean_prediction(output)
    return root_at_origin(output.poses.mean(dim=1) if isinstance(output, PoseSamples) else output)


def closest_pose(output: Output, targets: Tensor) -> Tensor:
    """The pose with the smallest MPJPE to the target [N, J, 3] among those that an output names; no fair prediction."""
    poses = possible_poses(output)
    pairs = zip(poses.split(POSES_AT_ONCE), targets[:, None].split(POSES_AT_ONCE), strict=True)
    closest = torch.cat([joint_errors(some, true).mean(dim=-1).argmin(dim=-1) for some, true in pairs])
    return poses[torch.arange(len(poses), device=poses.device), closest]


def root_at_origin(poses: Tensor) -> Tensor:
    """Poses [..., J, 3] with their root, joint 0, put to 0; the other joints stay."""
    return torch.cat((torch.zeros_like(poses[..., :1, :]), poses[..., 1:, :]), dim=-2)


# --- of a mixture -----------------------------------------------------------------------------------------------------


def mean_prediction(mixture: PoseMixture) -> Tensor:
    """Mean of the distribution, [N, J, 3] ("Mean", GraphMDN, Section 4.3)."""
    means = hypotheses(mixture)
    weights = mixing_weights(mixture).expand(-1, means.shape[2], -1)
    return torch.einsum("njk,nkjc->njc", weights.to(means.dtype), means)


def highest_prediction(mixture: PoseMixture) -> Tensor:
    """Mean of the component with the highest weight, [N, J, 3] ("Highest"); at node level joint by joint."""
    means = hypotheses(mixture)
    component = mixing_weights(mixture).argmax(dim=-1).expand(-1, means.shape[2])  # [N, J]
    return means.gather(1, component[:, None, :, None].expand(-1, 1, -1, 3))[:, 0]


def hypotheses(mixture: PoseMixture) -> Tensor:
    """The components' means as poses with their root at 0, [N, K, J, 3]."""
    return root_at_origin(mixture.means)


def mixing_weights(mixture: PoseMixture) -> Tensor:
    """Weights of the components, [N, 1, K] at pose level and [N, J, K] at node level, float64."""
    weights = mixture.logits.double().softmax(dim=-1)
    return weights if mixture.level == "node" else weights[:, None]


def distribution(mixture: PoseMixture) -> GaussianMixture:
    """Pose level: B mixtures over the 3 J coordinates (joint by joint); node level: [B, J] mixtures over 3."""
    if mixture.level == "node":
        return GaussianMixture(mixture.means.transpose(1, 2), mixture.scales.transpose(1, 2), mixture.logits)
    scales = mixture.scales
    if scales.shape[2:] != (1, 1):
        scales = scales.expand_as(mixture.means)
    return GaussianMixture(mixture.means.flatten(2), scales.flatten(2), mixture.logits)
