"""The example poses that figures show, as the `example_*` arrays of evaluate_lifting/<variant>.npz."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.lifting.data import MILLIMETRES, LiftingData
from pipeline.lifting.errors import Evaluation, Predict
from pipeline.lifting.mixture_metrics import hypothesis_weights
from pipeline.lifting.occlusion import occluded
from pipeline.lifting.outputs import PoseMixture, main_prediction, poses_of, possible_poses

OCCLUSION_AT_ONCE = 4096


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
    poses = data.pose_set.select(rows.cpu().numpy())
    return {
        "overlay_row": rows.cpu().numpy(),
        "overlay_action": np.array([poses.actions[index] for index in poses.action]),
        "overlay_occluded": hidden[rows].index_select(1, data.joints).cpu().numpy(),
        "overlay_keypoints_2d": data.keypoints_2d[rows].index_select(1, data.joints).cpu().numpy(),
        "overlay_truth": data.targets_of(rows).cpu().numpy(),
        "overlay_pose": main_prediction(predict(rows)).float().cpu().numpy(),
        "overlay_skeleton": np.array(data.skeleton.name),
    }


def _arrays(predict: Predict, data: LiftingData, chosen: list[int]) -> dict[str, NDArray]:
    poses, rows = data.pose_set.select(chosen), torch.tensor(chosen, device=data.keypoints_2d.device)
    output = poses_of(predict(rows))
    hypotheses = possible_poses(output)
    if isinstance(output, PoseMixture):
        weights = hypothesis_weights(output)
    else:
        weights = torch.full(hypotheses.shape[:2], 1 / hypotheses.shape[1])
    return {
        "example_keypoints_2d": poses.keypoints_2d[:, data.joints.cpu().numpy()],
        "example_truth": _millimetres(data.targets_of(rows)),
        "example_hypotheses": _millimetres(hypotheses),
        "example_weights": weights.float().cpu().numpy(),
        "example_action": np.array([poses.actions[index] for index in poses.action]),
        "example_subject": np.array([poses.subjects[index] for index in poses.subject]),
    }


def _millimetres(poses: Tensor) -> NDArray:
    return (MILLIMETRES * poses.double()).float().cpu().numpy()
