"""Pose errors: how far predicted joints lie from the true ones.

Pure functions on [..., J, 3] tensors of any float type and device. Lengths come out in the unit they went in, except
where a threshold is given in mm. Everything is computed in float64 and a pose's error depends on that pose alone, so
neither the size of a batch nor its order changes a result.

| here       | also called                                                                                         |
| ---------- | --------------------------------------------------------------------------------------------------- |
| `mpjpe`    | mean per-joint position error, Protocol 1 of Human3.6M                                              |
| `p_mpjpe`  | Procrustes-aligned or reconstruction error, PA-MPJPE, Protocol 2 of Human3.6M                       |
| `mpvpe`    | mean per-vertex position error, PVE: `mpjpe` over the vertices of a mesh                            |
| `pck`      | percentage of correct keypoints, 3DPCK of MPI-INF-3DHP                                              |
| `auc`      | area under the curve of `pck` over its threshold, MPI-INF-3DHP                                      |
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipeline.geometry.alignment import procrustes

PCK_THRESHOLD = 150.0  # mm
AUC_THRESHOLDS = tuple(5.0 * step for step in range(31))  # 0, 5, ..., 150 mm
POSES_AT_ONCE = 16_384  # aligned at a time: small enough for a processor's cache, large enough for a GPU


def joint_errors(prediction: Tensor, target: Tensor) -> Tensor:
    """Distance of every joint from its true place, [..., J] float64. Leading dimensions broadcast."""
    _check_poses(prediction, target)
    return (prediction.double() - target.double()).square().sum(dim=-1).sqrt()


def aligned_joint_errors(prediction: Tensor, target: Tensor) -> Tensor:
    """The same after each pose is moved, turned and scaled onto its target, reflections forbidden; [..., J] float64."""
    _check_poses(prediction, target)
    prediction, target = torch.broadcast_tensors(prediction, target)
    poses, truths = prediction.reshape(-1, *prediction.shape[-2:]), target.reshape(-1, *target.shape[-2:])
    errors = [
        joint_errors(procrustes(some.double(), true.double()), true)
        for some, true in zip(poses.split(POSES_AT_ONCE), truths.split(POSES_AT_ONCE), strict=True)
    ]
    return torch.cat(errors).reshape(prediction.shape[:-1])


def mpjpe(prediction: Tensor, target: Tensor, per_pose: bool = False) -> Tensor:
    """Mean per-joint position error (Protocol 1) over all poses, or one [...] for each pose.

    Both are [..., J, 3] relative to the root, which counts as a joint (with error 0) as in all published numbers.
    """
    errors = joint_errors(prediction, target)
    return errors.mean(dim=-1) if per_pose else errors.mean()


def p_mpjpe(prediction: Tensor, target: Tensor, per_pose: bool = False) -> Tensor:
    """MPJPE after similarity alignment of each pose (Protocol 2), over all poses or one [...] for each pose."""
    errors = aligned_joint_errors(prediction, target)
    return errors.mean(dim=-1) if per_pose else errors.mean()


def mpvpe(prediction: Tensor, target: Tensor, per_pose: bool = False) -> Tensor:
    """Mean per-vertex position error of meshes [..., V, 3]: `mpjpe` by the name it has for vertices."""
    return mpjpe(prediction, target, per_pose)


def pck(prediction: Tensor, target: Tensor, threshold: float = PCK_THRESHOLD) -> Tensor:
    """Share of joints closer to the truth than `threshold` mm, in percent. Strict: an error of `threshold` is a miss.

    Poses in mm. Mehta et al., "Monocular 3D human pose estimation in the wild using improved CNN supervision", 2017.
    """
    return 100 * (joint_errors(prediction, target) < threshold).double().mean()


def auc(prediction: Tensor, target: Tensor, thresholds: Sequence[float] = AUC_THRESHOLDS) -> Tensor:
    """Mean of `pck` over the thresholds, in percent. Poses in mm.

    Nothing is closer than the first threshold, 0 mm, so a perfect prediction scores 30 / 31 = 96.77.
    """
    errors = joint_errors(prediction, target)
    limits = torch.tensor(sorted(thresholds), dtype=errors.dtype, device=errors.device)
    missed = torch.searchsorted(limits, errors.contiguous(), right=True)  # how many thresholds are <= the error
    return 100 * (1 - missed.double().mean() / len(limits))


def average_by_group(values: Tensor, group: Tensor, names: Sequence[str]) -> dict[str, float]:
    """Mean of `values` [N] in each group that occurs, by name; `group` [N] holds indices into `names`.

    A group without a member is left out: an average over nothing is no number.
    """
    assert values.shape == group.shape and values.dim() == 1, f"one group a value: {values.shape}, {group.shape}"
    values, group = values.double().cpu(), group.long().cpu()  # summed in a fixed order, which a GPU would not keep
    if len(group) and not 0 <= int(group.min()) <= int(group.max()) < len(names):
        raise ValueError(f"groups run from {int(group.min())} to {int(group.max())}, but there are {len(names)} names")
    counts = torch.bincount(group, minlength=len(names))
    sums = torch.zeros(len(names), dtype=torch.float64).index_add_(0, group, values)
    return {name: float(sums[i] / counts[i]) for i, name in enumerate(names) if counts[i]}


def _check_poses(prediction: Tensor, target: Tensor) -> None:
    assert prediction.shape[-2:] == target.shape[-2:] and target.shape[-1] == 3, (
        f"poses must be [..., J, 3] with the same J, got {tuple(prediction.shape)} and {tuple(target.shape)}"
    )
