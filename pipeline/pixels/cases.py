"""Images with the network's pose, successes and failures, for SemGCN's Figure 5: chosen by error, not by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.lifting.data import MILLIMETRES, Rows
from pipeline.lifting.outputs import main_prediction
from pipeline.pixels.data import CropSet
from pipeline.pixels.models import Poses

COUNT = 4  # of each kind


def cases(predict: Callable[[Rows], Poses], data: CropSet, error: Tensor) -> dict[str, NDArray]:
    """The `case_*` arrays of evaluate_pixels/<variant>.npz: successes first, then as many failures.

    `error` [N] is each pose's, in mm. Successes are the smallest errors of different actions, failures the largest.
    """
    rows = torch.tensor([*_first_of_actions(error, data), *_first_of_actions(-error, data)])
    there = rows.to(data.side.device)
    found, poses = predict(there), data.poses.pose_set.select(rows.numpy())
    return {
        "case_pixels": data.pixels[there].cpu().numpy(),
        "case_keypoints_2d": found.keypoints_2d.cpu().numpy(),  # px of the crops
        "case_pose": (MILLIMETRES * main_prediction(found.joints_3d)).cpu().numpy(),
        "case_truth": (MILLIMETRES * data.targets_of(there)).cpu().numpy(),
        "case_error": error[rows].numpy(),
        "case_action": np.array([poses.actions[index] for index in poses.action]),
        "case_subject": np.array([poses.subjects[index] for index in poses.subject]),
    }


def _first_of_actions(order: Tensor, data: CropSet) -> list[int]:
    """The row with the smallest value of each action, of the COUNT actions where it is smallest."""
    actions = data.poses.action.cpu()
    groups = [torch.nonzero(actions == action)[:, 0] for action in actions.unique()]
    best = [int(group[order[group].argmin()]) for group in groups]
    return sorted(best, key=lambda row: float(order[row]))[:COUNT]
