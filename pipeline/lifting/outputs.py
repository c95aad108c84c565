"""What is asked of a lifting network's answer for N pictures, whatever its kind (output_types.py).

One pose each, [N, J, 3]; a Gaussian mixture over poses (`PoseMixture`); samples of a pose's distribution
(`PoseSamples`); or one of the first two with coarse body meshes beside it (`PoseAndMeshes`). Lengths are metres, in the
camera's frame and relative to the root.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pipeline.lifting.metrics import POSES_AT_ONCE, joint_errors
from pipeline.lifting.mixture_poses import hypotheses, mean_prediction, root_at_origin
from pipeline.lifting.mixture_poses import select as select_mixture
from pipeline.lifting.output_types import Output, PoseAndMeshes, PoseMixture, Poses, PoseSamples

MESHES = ("coarse", "fine")


def poses_of(output: Output) -> Poses:
    """What an output says of the joints."""
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
    """Poses that an output names for a picture."""
    output = poses_of(output)
    return 1 if isinstance(output, Tensor) else tensors(output)[0].shape[1]


def length(output: Output) -> int:
    """The number of images that an output answers for."""
    return len(tensors(output)[0])


def concatenate(parts: Sequence[Output]) -> Output:
    """The outputs of several batches as one; all of a kind."""
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
    """The output for some pictures."""
    if isinstance(output, PoseAndMeshes):
        meshes = [None if mesh is None else mesh[rows] for mesh in (getattr(output, scale) for scale in MESHES)]
        return PoseAndMeshes(select(output.pose, rows), *meshes)  # type: ignore
    if isinstance(output, PoseMixture):
        return select_mixture(output, rows)
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
    """Of the poses that an output names the one with the smallest MPJPE to the target [N, J, 3]; no fair prediction."""
    poses = possible_poses(output)
    pairs = zip(poses.split(POSES_AT_ONCE), targets[:, None].split(POSES_AT_ONCE), strict=True)
    closest = torch.cat([joint_errors(some, true).mean(dim=-1).argmin(dim=-1) for some, true in pairs])
    return poses[torch.arange(len(poses), device=poses.device), closest]
