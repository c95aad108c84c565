"""Bodies fitted to a data set's people: one person after the other into a working folder, then all of them together.

A pose that four cameras see is one body in the world and is fitted once. The places of the data set's joints in a body
are found from the training people. Each person's shape comes from their own frames, and a test person influences nobody
else.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from pipeline import artifacts
from pipeline.body.coarse_meshes import CoarseBody, coarse_meshes
from pipeline.body.fitting import UNUSABLE, find_offsets, find_shape, fit_frames, quality
from pipeline.body.fitting.rotations import exponential
from pipeline.body.model import BodyModel
from pipeline.geometry.camera import camera_to_world, rotation_matrix
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.poses import PoseSet

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Frames:
    """The F distinct frames of N poses, ordered by subject, take and number."""

    row_frame: NDArray[np.int32]  # [N]: the frame of each pose
    rows: NDArray[np.int64]  # [F]: the first pose of a frame
    subject: NDArray[np.int16]  # [F]
    joints: Tensor  # [F, 17, 3] float64, m, world axes


def distinct_frames(poses: PoseSet) -> Frames:
    """The distinct frames in world axes, each from the first of its views."""
    keys = np.stack((poses.subject, poses.take, poses.frame), axis=1)
    _, rows, row_frame = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    cameras = [poses.cameras[index] for index in poses.camera[rows]]
    orientation = torch.tensor([camera.orientation for camera in cameras], dtype=torch.float64)
    center = torch.tensor([camera.translation for camera in cameras], dtype=torch.float64)
    joints = torch.from_numpy(poses.joints_3d[rows].astype(np.float64))
    world = camera_to_world(joints, orientation[:, None], center[:, None]) / 1000
    return Frames(row_frame.reshape(-1).astype(np.int32), rows, poses.subject[rows], world)


def fit_people(
    model: BodyModel, graphs: MeshGraphs, poses: Mapping[str, PoseSet], working: Path, fingerprint: str
) -> None:
    """Fit every person of both splits into `working`, except those who were fitted with the same fingerprint."""
    averages = np.concatenate((graphs.coarse.average, graphs.fine.average))
    coarse = CoarseBody.of(model, torch.from_numpy(averages))
    _claim(working, fingerprint)
    splits = {split: distinct_frames(poses[split]) for split in SPLITS}
    offsets = _offsets(model, splits["train"], working / "offsets.npz")
    people = [(split, int(s)) for split, frames in splits.items() for s in np.unique(frames.subject)]
    done = {person: person_file(working, *person).exists() for person in people}
    frames_of = {(split, s): int((splits[split].subject == s).sum()) for split, s in people}
    ready = sum(frames_of[person] for person, finished in done.items() if finished)
    with tqdm(
        total=sum(frames_of.values()), initial=ready, desc="fit bodies", unit="frame", unit_scale=True, disable=None
    ) as bar:
        for split, subject in people:
            if not done[split, subject]:
                joints = splits[split].joints[torch.from_numpy(splits[split].subject == subject)]
                artifacts.write_arrays(
                    person_file(working, split, subject), _fit_person(model, coarse, offsets, joints, bar)
                )


def _fit_person(model: BodyModel, coarse: CoarseBody, offsets: Tensor, joints: Tensor, bar: tqdm) -> dict[str, NDArray]:
    """The arrays of a person from world joints [F, 17, 3] m."""
    shape = find_shape(model, offsets, joints)
    betas = shape.betas.to(model.v_template)
    parts: dict[str, list[NDArray]] = {name: [] for name in ("rotations", "translation", "residual", "meshes")}
    root = joints[:, 0].to(model.v_template.device)
    first = 0
    for fit in fit_frames(model, shape, joints):
        count = len(fit.residual)
        about_root = (fit.translation - root[first : first + count]).float()
        meshes = coarse_meshes(coarse, betas, rotation_matrix(exponential(fit.rotations)), about_root)
        parts["rotations"].append(fit.rotations.float().cpu().numpy())
        parts["translation"].append(fit.translation.float().cpu().numpy())
        parts["residual"].append(fit.residual.float().cpu().numpy())
        parts["meshes"].append(meshes.half().cpu().numpy())
        first += count
        bar.update(count)
    arrays = {name: np.concatenate(values) for name, values in parts.items()}
    shapes = {"betas": shape.betas, "offsets": shape.offsets}
    return arrays | {name: values.float().cpu().numpy() for name, values in shapes.items()}


def assemble(model: BodyModel, small: BodyModel, poses: Mapping[str, PoseSet], working: Path, folder: Path) -> None:
    """Turn what `fit_people` left in `working` into the files of the targets."""
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    for split in SPLITS:
        frames = distinct_frames(poses[split])
        fitted = _collect(poses[split], frames, working, split)
        rows += quality.table(split, poses[split], frames.rows, fitted)
        summary[split] = quality.totals(len(poses[split]), fitted)
        artifacts.write_arrays(folder / f"{split}.npz", fitted)
        if split == "test":
            drawn = quality.examples(model, small, poses[split], frames.rows, frames.joints, fitted)
            artifacts.write_arrays(folder / "drawings.npz", drawn)
    quality.write_table(folder / "quality.csv", rows)
    offsets = artifacts.read_arrays(working / "offsets.npz")["offsets"]
    summary["data_set_offsets_mm"] = quality.named_offsets(offsets)
    artifacts.write_json(folder / "summary.json", summary)


def _collect(poses: PoseSet, frames: Frames, working: Path, split: str) -> dict[str, NDArray]:
    """The arrays of a split: one person after the other, as the frames are ordered."""
    people = {int(s): artifacts.map_arrays(person_file(working, split, int(s))) for s in np.unique(frames.subject)}
    arrays: dict[str, NDArray] = {"row_frame": frames.row_frame, "subject": frames.subject}
    for name in ("residual", "rotations", "translation", "meshes"):
        arrays[name] = np.concatenate([person[name] for person in people.values()])
    arrays["usable"] = arrays["residual"] <= UNUSABLE
    for name in ("betas", "offsets"):
        size = len(next(iter(people.values()))[name])
        arrays[name] = np.zeros((len(poses.subjects), size), np.float32)
        for subject, person in people.items():
            arrays[name][subject] = person[name]
    return arrays


def person_file(working: Path, split: str, subject: int) -> Path:
    return working / split / f"{subject}.npz"


def _offsets(model: BodyModel, train: Frames, path: Path) -> Tensor:
    """The data set's offsets [16] m, found from the training people and stored in `path`."""
    if not path.exists():
        people = [train.joints[torch.from_numpy(train.subject == s)] for s in np.unique(train.subject)]
        artifacts.write_arrays(path, {"offsets": find_offsets(model, people).cpu().numpy()})
    return torch.from_numpy(artifacts.read_arrays(path)["offsets"])


def _claim(working: Path, fingerprint: str) -> None:
    """Empty the working folder unless it was made from the same inputs."""
    claim = working / "fingerprint.json"
    if working.exists() and not (claim.exists() and artifacts.read_json(claim) == fingerprint):
        shutil.rmtree(working)
    artifacts.write_json(claim, fingerprint)
