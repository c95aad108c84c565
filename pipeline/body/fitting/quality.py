"""Quality of the fits: a table by subject and action, totals, and the best, the median and the worst fit to draw."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline import artifacts
from pipeline.body.fitting import Shape, fitted_landmarks, spine_rotation, wrong_way
from pipeline.body.fitting.calibration import mirrored_offsets
from pipeline.body.fitting.rotations import exponential
from pipeline.body.model import BodyModel
from pipeline.geometry.camera import rotation_matrix
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17

Arrays = Mapping[str, NDArray]


def table(split: str, poses: PoseSet, rows: NDArray[np.int64], fitted: Arrays) -> list[dict[str, Any]]:
    """One row per subject and action; `rows` [F] are the poses of the frames."""
    actions = poses.action[rows]
    spine, wrong = _angles(fitted)
    lines = []
    for subject, action in sorted(set(zip(fitted["subject"].tolist(), actions.tolist(), strict=True))):
        chosen = (fitted["subject"] == subject) & (actions == action)
        lines.append(
            {"split": split, "subject": poses.subjects[subject], "action": poses.actions[action]}
            | _figures(fitted["residual"][chosen], spine[chosen], wrong[chosen], fitted["usable"][chosen])
        )
    return lines


def totals(pose_count: int, fitted: Arrays) -> dict[str, Any]:
    spine, wrong = _angles(fitted)
    figures = _figures(fitted["residual"], spine, wrong, fitted["usable"])
    left_out = int((~fitted["usable"][fitted["row_frame"]]).sum())
    beta = round(float(np.abs(fitted["betas"]).max()), 3)
    return {"poses": pose_count, "poses_left_out": left_out} | figures | {"largest_beta": beta}


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    with artifacts.atomic(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def named_offsets(offsets: NDArray) -> dict[str, list[float]]:
    """Offsets [16] m as mm in body axes (to the person's left, up, forward) by joint."""
    places = 1000 * mirrored_offsets().numpy().astype(np.float64) @ offsets
    moved = np.flatnonzero(mirrored_offsets().abs().sum(dim=(1, 2)).numpy())
    return {HUMAN36M_17.names[joint]: [round(float(value), 1) for value in places[joint]] for joint in moved}


def examples(
    model: BodyModel, small: BodyModel, poses: PoseSet, rows: NDArray[np.int64], joints: Tensor, fitted: Arrays
) -> dict[str, NDArray]:
    """The best, the median and the worst fit, of different actions if possible, in metres relative to the root."""
    chosen = _chosen(fitted["residual"], poses.action[rows])
    vertices, landmarks, labels = [], [], []
    for word, frame in chosen.items():
        subject = int(fitted["subject"][frame])
        shape = Shape(torch.from_numpy(fitted["betas"][subject]), torch.from_numpy(fitted["offsets"][subject]))
        rotations = torch.from_numpy(fitted["rotations"][frame : frame + 1])
        translation = torch.from_numpy(fitted["translation"][frame : frame + 1]).double() - joints[frame, 0]
        matrices = rotation_matrix(exponential(rotations))
        vertices.append(small.skin(shape.betas[None], matrices, translation.float())[0][0].numpy())
        landmarks.append(fitted_landmarks(model.to("cpu"), shape, rotations, translation)[0].float().numpy())
        labels.append(f"{word}: {poses.subjects[subject]}, {poses.actions[poses.action[rows[frame]]]}")
    frames = list(chosen.values())
    return {
        "faces": small.faces.numpy().astype(np.int32),
        "vertices": np.stack(vertices),
        "joints": (joints[frames] - joints[frames, :1]).float().numpy(),
        "fitted": np.stack(landmarks),
        "residual": fitted["residual"][frames],
        "label": np.array(labels),
    }


def _angles(fitted: Arrays) -> tuple[NDArray, NDArray]:
    rotations = torch.from_numpy(fitted["rotations"])
    return spine_rotation(rotations).numpy(), wrong_way(rotations).numpy()


def _figures(residual: NDArray, spine: NDArray, wrong: NDArray, usable: NDArray) -> dict[str, Any]:
    numbers = residual.astype(np.float64)
    return {
        "frames": len(numbers),
        "mean_mm": round(float(numbers.mean()), 2),
        "p95_mm": round(float(np.percentile(numbers, 95)), 2),
        "worst_mm": round(float(numbers.max()), 2),
        "spine_rotation_rad": round(float(spine.astype(np.float64).mean()), 3),
        "wrong_way_hinges": int(wrong.sum()),
        "frames_left_out": int((~usable).sum()),
    }


def _chosen(residual: NDArray, actions: NDArray) -> dict[str, int]:
    """Frames by word, of different actions unless there are too few."""
    aims = {"best": residual.min(), "worst": residual.max(), "median": np.median(residual)}
    chosen: dict[str, int] = {}
    for word, aim in aims.items():
        taken = np.isin(actions, [actions[frame] for frame in chosen.values()])
        away = np.abs(residual.astype(np.float64) - aim)
        chosen[word] = int(np.where(taken & ~taken.all(), np.inf, away).argmin())
    return {word: chosen[word] for word in ("best", "median", "worst")}
