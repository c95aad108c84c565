"""`python -m pipeline fit_joint_map`: how COCO's keypoints become the joints of CMU's skeleton, fitted and measured."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.body.fitting import find_offsets, find_shape, fit_frames
from pipeline.body.fitting.people import distinct_frames
from pipeline.body.fitting.rotations import exponential
from pipeline.body.model import read_body
from pipeline.data.images.scenes.figure import Figure, figure
from pipeline.geometry.camera import rotation_matrix
from pipeline.geometry.poses import PoseSet, read_poses
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.predict import joint_map
from pipeline.predict.human36m import RECIPES, Recipe, to_human36m
from pipeline.predict.keypoints.layouts import COCO_17
from pipeline.tools import options
from pipeline.user_files import check_output

DESCRIPTION = """\
Fit the weights with which COCO's keypoints become the joints of CMU's motion capture, and measure them.

  python -m pipeline fit_joint_map --preset mini

The poses are those of the preset, whose bodies must have been fitted (data/mini/targets/meshes). The fitted bodies have
a face, so COCO's nose, eyes and ears are points of their skin, and COCO's other keypoints are their joints. The weights
are fitted to the training subjects and measured on the test subjects, and on HDM05's actors where the preset has them.
"""
EVERY = {"train": 25, "test": 5}  # of the poses: neighbours in time are nearly equal
AT_ONCE = 256  # bodies with all their skin


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    command.add_argument("--preset", help="a preset of CMU's motion (default: the preset in params.yaml)")
    command.add_argument("--output", type=Path, default=joint_map.FILE, help="the file of weights (default: predict's)")


def run(root: Path, preset: str | None = None, output: Path = joint_map.FILE) -> int:
    """Write the weights and print the table. Raises InputError if the preset's bodies are not there."""
    settings = config.load(preset, root)
    if settings.preset.motion.source != "cmu":
        raise InputError(f"--preset {settings.preset_name}: its motion is not CMU's; name a preset with `source: cmu`")
    check_output(output, "--output")
    drawn = figure(read_body(settings.layout.body_file("body.npz")))
    train, test = (_fitted(drawn, settings, split) for split in ("train", "test"))
    recipes = joint_map.fit(train.keypoints, train.poses.keypoints_2d, train.poses.subject)
    corrected = joint_map.merged(recipes)
    sets = {"test subjects": test}
    if settings.preset.generalization == "hdm05":
        sets["HDM05"] = _hdm05(drawn, read_poses(settings.layout.motion_split("test", "hdm05")))
    errors: dict[str, Any] = {
        name: {"before": _errors(found, RECIPES), "after": _errors(found, corrected)} for name, found in sets.items()
    }
    about = {
        "made_by": f"python -m pipeline fit_joint_map --preset {settings.preset_name}",
        "data": "the data used in this project was obtained from mocap.cs.cmu.edu",
        "train_subjects": list(settings.preset.motion.train_subjects),
        "train_poses": len(train.poses),
        "error": "mean distance to the true joint, in mm in the camera's axes",
        "errors_mm": errors,
        "joints": recipes,
    }
    artifacts.write_json(output, about)
    for line in _table(errors):
        print(line)
    print(f"written: {output}")
    return 0


class Filmed:
    """Poses with COCO's keypoints of the bodies that were fitted to them: [N, 17, 2] px and [N, 17, 3] mm."""

    def __init__(self, poses: PoseSet, world: Tensor, row_frame: NDArray, every: int = 1) -> None:
        rows = np.arange(0, len(poses), every)
        self.poses = poses.select(rows)
        self.keypoints, self.places = np.zeros((len(rows), 17, 2)), np.zeros((len(rows), 17, 3))
        points = world[torch.from_numpy(row_frame[rows].astype(np.int64))]
        for index in np.unique(self.poses.camera):
            seen, camera = np.flatnonzero(self.poses.camera == index), poses.cameras[index]
            inside = camera.to_camera(points[seen])
            self.places[seen], self.keypoints[seen] = inside.numpy(), camera.to_image(inside).numpy()


def _fitted(drawn: Figure, settings: config.Run, split: str) -> Filmed:
    """Some poses of a split, with the bodies of `fit_body`."""
    poses = read_poses(settings.layout.motion_split(split))
    bodies = artifacts.read_arrays(settings.layout.mesh_split(split))
    row_frame, every = bodies["row_frame"], EVERY[split]
    needed = np.unique(row_frame[::every])
    world = torch.zeros(len(bodies["subject"]), 17, 3, dtype=torch.float64)
    betas = torch.from_numpy(bodies["betas"])[torch.from_numpy(bodies["subject"][needed].astype(np.int64))]
    parts = (torch.from_numpy(bodies[name][needed]) for name in ("rotations", "translation"))
    world[torch.from_numpy(needed.astype(np.int64))] = _keypoints(drawn, betas, *parts)
    return Filmed(poses, world, row_frame, every)


def _hdm05(drawn: Figure, poses: PoseSet) -> Filmed:
    """HDM05's poses; their bodies are fitted here."""
    frames = distinct_frames(poses)
    world = torch.zeros(len(frames.subject), 17, 3, dtype=torch.float64)
    rows_of = [torch.from_numpy(np.flatnonzero(frames.subject == subject)) for subject in np.unique(frames.subject)]
    offsets = find_offsets(drawn.body, [frames.joints[rows] for rows in rows_of])
    for rows in rows_of:
        shape = find_shape(drawn.body, offsets, frames.joints[rows])
        fits = list(fit_frames(drawn.body, shape, frames.joints[rows]))
        rotations, translation = (
            torch.cat([getattr(fit, name) for fit in fits]) for name in ("rotations", "translation")
        )
        betas = shape.betas.float().expand(len(rows), -1)
        world[rows] = _keypoints(drawn, betas, rotations.float(), translation.float())
    return Filmed(poses, world, frames.row_frame)


def _keypoints(drawn: Figure, betas: Tensor, rotations: Tensor, translation: Tensor) -> Tensor:
    """COCO's keypoints [F, 17, 3] in mm in the world, of bodies with betas [F, B] and rotation vectors [F, 24, 3]."""
    found = [
        torch.from_numpy(drawn.posed(shapes, rotation_matrix(exponential(turns)))[1])
        for shapes, turns in zip(betas.split(AT_ONCE), rotations.split(AT_ONCE), strict=True)
    ]
    return 1000 * (torch.cat(found) + translation[:, None]).double()


def _errors(found: Filmed, recipes: Mapping[str, Sequence[Recipe]]) -> dict[str, float]:
    """The mean distance in mm between each joint made of the keypoints and the true one."""
    none, all_sure = np.zeros(found.places.shape[:2], dtype=bool), np.ones(found.places.shape[:2])
    parts = [found.places[..., axes] for axes in ([0, 1], [1, 2])]  # recipes are the same for all axes
    sideways, deep = (to_human36m(part, none, all_sure, COCO_17, recipes)[0] for part in parts)
    made = np.concatenate((sideways, deep[..., 1:]), axis=-1)
    distance = np.linalg.norm(made - found.poses.joints_3d, axis=-1).mean(axis=0)
    named = {name: round(float(value), 1) for name, value in zip(HUMAN36M_17.names, distance, strict=True)}
    return named | {"mean": round(float(distance.mean()), 1)}


def _table(errors: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    """A Markdown table: a row for each joint, before and after on each set."""
    columns = [f"{name}, {when}" for name in errors for when in ("before", "after")]
    yield f"| joint | {' | '.join(columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for joint in (*HUMAN36M_17.names, "mean"):
        values = [f"{of[when][joint]:.0f}" for of in errors.values() for when in ("before", "after")]
        yield f"| {joint} | {' | '.join(values)} |"
