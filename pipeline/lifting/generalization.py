"""Errors on a data set that the model was not trained on: MPI-INF-3DHP's test set by scene, or HDM05 by kind of motion.

HGN, Section 4.4 and Table 7, as published there for MPI-INF-3DHP:

- Poses are compared relative to the root, without rescaling, alignment or transfer of bone lengths, although the data
  sets' skeletons differ. Table 7 and the papers that it quotes do the same. The test set's truth is already scaled to
  the height of Human3.6M's universal skeleton, see `pipeline/data/motion/mpi_inf_3dhp.py`.
- `pck` and `auc` count the 14 joints in `COUNTED`: limbs, neck and top of the head. The test set's own evaluation has
  groups for these (`mpii_get_pck_auc_joint_groups.m`), with spine, head and pelvis commented out.
  EvoSkeleton and PoseAug count every joint, the root too. That gives higher numbers because the root is always right.
  `counted=data.skeleton.names` does the same.
- `mpjpe` is over all joints of the skeleton, the root too, in mm, as on Human3.6M (the evaluation's is over its 17).
- Every frame has the same weight, in a scene and in `all`: `mpii_evaluate_errors.m` pools the frames of all sequences,
  and the test set's README weights the two sequences of a scene by their frames. Table 7 agrees: HGN's 87.0, 84.9
  and 82.7 on 1143, 1058 and 728 frames give its 85.2; the plain mean of the scenes is 84.9.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pipeline.lifting.data import MILLIMETRES, LiftingData
from pipeline.lifting.metrics import auc, mpjpe, pck
from pipeline.lifting.results import Generalization, Measures

COUNTED = (
    *("Head", "Thorax", "LShoulder", "RShoulder", "LElbow", "RElbow", "LWrist", "RWrist"),
    *("LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle"),
)
POSES_AT_ONCE = 4096


@torch.no_grad()
def evaluate(
    predict: Callable[[slice], Tensor], data: LiftingData, name: str, counted: Sequence[str] = COUNTED
) -> Generalization:
    """3D-PCK at 150 mm, its area under the curve over 0, 5, ..., 150 mm (percent), MPJPE (mm) and poses, by scene.

    `predict` gives the poses of a slice of rows, [n, J, 3] in metres with the root at 0, of the J joints of
    `data.skeleton`; the scenes are the actions of `data.pose_set`. The same is measured by subject. What has no pose is
    left out. `name` is the data set's. ValueError for a joint to count that the skeleton lacks, and for data without a
    pose.
    """
    joints = _indices(data.skeleton.names, counted)
    if not len(data):
        raise ValueError("generalization: there is no pose to measure on")
    slices = [slice(start, min(start + POSES_AT_ONCE, len(data))) for start in range(0, len(data), POSES_AT_ONCE)]
    # Summed on the CPU: a GPU would add in another order on another day.
    predictions = MILLIMETRES * torch.cat([predict(rows).double().cpu() for rows in slices])
    targets = MILLIMETRES * torch.cat([data.batch(rows)[1].double().cpu() for rows in slices])
    assert predictions.shape == targets.shape, f"predictions {predictions.shape} for targets {targets.shape}"

    def measures(rows: Tensor) -> Measures:
        prediction, target = predictions[rows], targets[rows]
        return Measures(
            pck=float(pck(prediction[:, joints], target[:, joints])),
            auc=float(auc(prediction[:, joints], target[:, joints])),
            mpjpe=float(mpjpe(prediction, target)),
            poses=len(prediction),
        )

    def by_group(group: Tensor, names: Sequence[str]) -> dict[str, Measures]:
        chosen = {name: group.cpu() == index for index, name in enumerate(names)}
        return {name: measures(rows) for name, rows in chosen.items() if rows.any()}

    return Generalization(
        data=name,
        scenes=by_group(data.action, data.pose_set.actions),
        subjects=by_group(data.subject, data.pose_set.subjects),
        all=measures(torch.ones(len(data), dtype=torch.bool)),
    )


def _indices(names: Sequence[str], counted: Sequence[str]) -> list[int]:
    unknown = [name for name in counted if name not in names]
    if unknown:
        raise ValueError(f"generalization: no joint {unknown[0]!r} to count among {', '.join(names)}")
    return [names.index(name) for name in counted]
