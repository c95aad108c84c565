"""The poses that figures and the viewer show, as arrays of evaluate_lifting/<variant>.npz.

`example_*` are single poses with their hypotheses, `overlay_*` poses to draw over those of other models, `take_*`
a few seconds of one take.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.geometry.poses import PoseSet
from pipeline.lifting.data import MILLIMETRES, LiftingData
from pipeline.lifting.errors import Evaluation, Predict
from pipeline.lifting.mixture_metrics import hypothesis_weights
from pipeline.lifting.occlusion import occluded
from pipeline.lifting.outputs import (
    MESHES,
    Output,
    PoseAndMeshes,
    PoseMixture,
    main_prediction,
    poses_of,
    possible_poses,
)

OCCLUSION_AT_ONCE = 4096
TAKE_POSES = 100  # three to four seconds
FIT_INT16 = (-32_768, 32_767)
TAKE_HYPOTHESES = 5  # of a pose, those of the largest weights: an auto-encoder draws 200


@torch.no_grad()
def examples(predict: Predict, data: LiftingData, evaluation: Evaluation, count: int = 3) -> dict[str, NDArray]:
    """Poses of `count` different actions, with the model's hypotheses.

    For a model with several hypotheses: the frames where the best one improves most on the mean (GraphMDN, Figure 2),
    the largest gain first. They show hypotheses that differ and are not typical. For a point model: the frame of median
    error in each of the first `count` actions, with one hypothesis of weight 1.
    """
    error, closest = evaluation.main_error, evaluation.closest_error
    actions = data.action.cpu()
    candidates = [torch.nonzero(actions == action)[:, 0] for action in actions.unique()]
    if error is closest or torch.equal(error, closest):
        chosen = [int(rows[error[rows].argsort(stable=True)[len(rows) // 2]]) for rows in candidates[:count]]
    else:
        gain = error - closest
        best = [int(rows[gain[rows].argmax()]) for rows in candidates]
        chosen = sorted(best, key=lambda row: -float(gain[row]))[:count]
    return _arrays(predict, data, chosen) | {
        "example_mpjpe_mean": error[chosen].numpy(),
        "example_mpjpe_oracle": closest[chosen].numpy(),
    }


@torch.no_grad()
def overlays(predict: Predict, data: LiftingData) -> dict[str, NDArray]:
    """Poses to draw over those of other models: the `overlay_*` arrays of evaluate_lifting/<variant>.npz.

    For each action, the pose with the most joints behind another part of the body, the first of equals (HGN, Figure 4).
    The choice depends on no prediction, so that it is the same for every model.
    """
    hidden = torch.cat([occluded(joints) for joints in data.joints_3d.split(OCCLUSION_AT_ONCE)])  # [N, 17]
    actions = data.action
    groups = [torch.nonzero(actions == action)[:, 0] for action in actions.unique()]
    rows = torch.stack([group[hidden[group].sum(dim=-1).argmax()] for group in groups])
    poses, output = data.pose_set.select(rows.cpu().numpy()), predict(rows)
    return {
        "overlay_row": rows.cpu().numpy(),
        "overlay_action": np.array([poses.actions[index] for index in poses.action]),
        "overlay_occluded": hidden[rows].index_select(1, data.joints).cpu().numpy(),
        "overlay_keypoints_2d": data.keypoints_2d[rows].index_select(1, data.joints).cpu().numpy(),
        "overlay_truth": data.targets_of(rows).cpu().numpy(),
        "overlay_pose": main_prediction(output).float().cpu().numpy(),
        "overlay_skeleton": np.array(data.skeleton.name),
    } | _meshes(output)


@torch.no_grad()
def take(predict: Predict, data: LiftingData) -> dict[str, NDArray]:
    """A few seconds to play: the `take_*` arrays of evaluate_lifting/<variant>.npz, in whole millimetres.

    The middle of the longest take, so that the choice depends on no prediction and is the same for every model.
    """
    chosen = middle_of_longest_take(data.pose_set)
    poses, rows = data.pose_set.select(chosen), torch.from_numpy(chosen).to(data.keypoints_2d.device)
    output = predict(rows)
    every, weights = _hypotheses(output)
    likeliest = weights.argsort(dim=1, descending=True, stable=True)[:, :TAKE_HYPOTHESES]
    hypotheses = every.gather(1, likeliest[:, :, None, None].expand(-1, -1, *every.shape[2:]))
    return {
        "take_name": np.array(poses.takes[poses.take[0]]),
        "take_action": np.array(poses.actions[poses.action[0]]),
        "take_frame": poses.frame,
        "take_keypoints_2d": poses.keypoints_2d[:, data.joints.cpu().numpy()],
        "take_truth": _whole_millimetres(data.targets_of(rows)),
        "take_hypotheses": _whole_millimetres(hypotheses),
        "take_weights": weights.gather(1, likeliest).float().cpu().numpy(),
        "take_pose": _whole_millimetres(main_prediction(output)),
    }


def middle_of_longest_take(poses: PoseSet, most: int = TAKE_POSES) -> NDArray:
    """Rows [at most `most`] of what one camera saw of the longest take, the first of equals, in the order of frames."""
    seen = np.stack((poses.take, poses.camera), axis=1)
    _, which, counts = np.unique(seen, axis=0, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(which.reshape(-1) == counts.argmax())
    rows = rows[poses.frame[rows].argsort(kind="stable")]
    first = max(0, (len(rows) - most) // 2)
    return rows[first : first + most]


def _arrays(predict: Predict, data: LiftingData, chosen: list[int]) -> dict[str, NDArray]:
    poses, rows = data.pose_set.select(chosen), torch.tensor(chosen, device=data.keypoints_2d.device)
    hypotheses, weights = _hypotheses(predict(rows))
    return {
        "example_keypoints_2d": poses.keypoints_2d[:, data.joints.cpu().numpy()],
        "example_truth": _millimetres(data.targets_of(rows)),
        "example_hypotheses": _millimetres(hypotheses),
        "example_weights": weights.float().cpu().numpy(),
        "example_action": np.array([poses.actions[index] for index in poses.action]),
        "example_subject": np.array([poses.subjects[index] for index in poses.subject]),
    }


def _hypotheses(output: Output) -> tuple[Tensor, Tensor]:
    """All poses that an output names, [n, K, J, 3] in metres, and their weights [n, K]."""
    poses, found = possible_poses(output), poses_of(output)
    if isinstance(found, PoseMixture):
        return poses, hypothesis_weights(found)
    return poses, torch.full(poses.shape[:2], 1 / poses.shape[1], device=poses.device)


def _meshes(output: Output) -> dict[str, NDArray]:
    """The coarse meshes beside the poses, all nodes, [n, 48 or 96, 3] in metres; nothing for other networks."""
    if not isinstance(output, PoseAndMeshes):
        return {}
    meshes = {scale: getattr(output, scale) for scale in MESHES}
    return {f"overlay_{scale}": mesh.float().cpu().numpy() for scale, mesh in meshes.items() if mesh is not None}


def _millimetres(poses: Tensor) -> NDArray:
    return (MILLIMETRES * poses.double()).float().cpu().numpy()


def _whole_millimetres(poses: Tensor) -> NDArray:
    return np.rint(_millimetres(poses)).clip(*FIT_INT16).astype(np.int16)
