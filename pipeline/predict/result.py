"""One run of `predict`: from a file of keypoints and a model to everything that is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.data import joint_choice
from pipeline.lifting.uncertainty import Poses
from pipeline.pixels.lifter import ImageLifter
from pipeline.predict import angles, flags, joint_map, looking, placing
from pipeline.predict.angles import Angles
from pipeline.predict.human36m import fill, to_human36m
from pipeline.predict.keypoints import Keypoints
from pipeline.predict.pictures import Pictures
from pipeline.predict.placing import Placement
from pipeline.predict.weights import Model

LEAST_JOINTS = 8  # of Human3.6M's 17 that must have been found: with fewer, a pose would be mostly guessed

LARGEST_IMAGE = 1_000_000  # px
FARTHEST = 30_000.0  # mm from the pelvis: beyond, a prediction is no pose


@dataclass(frozen=True)
class Prediction:
    """N poses with their place in the input. `rows` [N] are the rows of the keypoints that they belong to."""

    keypoints: Keypoints
    rows: NDArray  # [N]
    joints: NDArray  # [N, 17, 2] px in Human3.6M's order; absent ones guessed
    there: NDArray  # [N, 17] which were found
    confidence: NDArray  # [N, 17]
    size: NDArray  # [N, 2] px
    person: NDArray  # [N]
    poses: Poses
    placement: Placement
    angles: Angles
    flags: list[list[str]]
    trained_on: str | None = None  # the source of motion whose joints `joints` are meant to be
    outside: int = 0  # people whom a model that reads images could not see

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def images(self) -> list[str]:
        return [self.keypoints.table.images[row] for row in self.rows]

    @property
    def frame(self) -> NDArray:
        return self.keypoints.table.frame[self.rows]

    def absent(self, row: int) -> list[str]:
        """The names of the joints that were not found."""
        return [name for name, found in zip(HUMAN36M_17.names, self.there[row], strict=True) if not found]


def predict(
    keypoints: Keypoints,
    size: NDArray,
    model: Model,
    focal_length: float | None = None,
    path: object = "input",
    trained_on: str | None = None,
    pictures: Pictures | None = None,
) -> Prediction:
    """Poses of all rows with enough joints, with flags. `size` [rows, 2] px. Raises InputError if there are none.

    A model that reads images needs the `pictures` that the keypoints are of. `trained_on` is the source of motion that
    the model was trained on, if not the one that its card names.
    """
    trained_on = trained_on or model.trained_on
    joints, absent, confidence = to_human36m(
        keypoints.places, keypoints.absent, keypoints.confidence, keypoints.layout, joint_map.recipes(trained_on)
    )
    rows = np.flatnonzero((~absent).sum(axis=1) >= LEAST_JOINTS)
    if not len(rows):
        raise InputError(f"{path}: no person has {LEAST_JOINTS} of Human3.6M's 17 joints, which a pose needs")
    joints, absent, confidence, size = joints[rows], absent[rows], confidence[rows], size[rows]
    filled = fill(joints, absent)
    poses, outside = _poses(model, filled, ~absent, size, [keypoints.table.images[row] for row in rows], pictures)
    wild = np.flatnonzero(~(np.abs(poses.hypotheses) < FARTHEST).all(axis=(1, 2, 3)))  # NaN too
    if len(wild):
        raise InputError(
            f"{path}: image {keypoints.table.images[rows[wild[0]]]}: the model puts joints farther than "
            f"{FARTHEST / 1000:.0f} m from the pelvis; check that the keypoints and the image size are pixels"
        )
    chosen = joint_choice(model.predictor.skeleton)
    placement = placing.place(poses.mean, filled[:, chosen], ~absent[:, chosen], size, focal_length)
    usual = flags.of_card(model.card, model.path)
    return Prediction(
        keypoints=keypoints,
        rows=rows,
        joints=filled,
        there=~absent,
        confidence=confidence,
        size=size,
        person=_people(keypoints, rows),
        poses=poses,
        placement=placement,
        angles=angles.of(poses, model.predictor.skeleton),
        flags=flags.find(filled, ~absent, size, poses, np.isfinite(placement.scale), usual),
        trained_on=trained_on,
        outside=outside,
    )


def _poses(
    model: Model, joints: NDArray, there: NDArray, size: NDArray, names: list[str], pictures: Pictures | None
) -> tuple[Poses, int]:
    """The model's poses, and how many people are wholly outside the picture that it should see them in."""
    if not isinstance(model.predictor, ImageLifter):
        return model.predictor.lift(joints, *size.T), 0
    if pictures is None:
        raise InputError(f"{model.path}: reads images; give images or a video, or the keypoints' images with --images")
    boxes = looking.Boxes.around(joints, there)
    return looking.lift(model.predictor, pictures, names, boxes, size), int(boxes.outside(size).sum())


def image_sizes(keypoints: Keypoints, width: int | None, height: int | None, path: Path) -> NDArray:
    """Width and height of each row's image in px, [rows, 2]: what the user says, else what the file says.

    Raises InputError if neither does.
    """
    if (width is None) != (height is None):
        raise InputError("--width and --height: give both, in pixels")
    if width is not None and height is not None:
        if min(width, height) < 1 or max(width, height) > LARGEST_IMAGE:
            raise InputError(f"--width {width} --height {height}: expected a size in pixels up to {LARGEST_IMAGE:,}")
        return np.tile([float(width), float(height)], (len(keypoints.table), 1))
    size = keypoints.table.size
    if not (size > 0).all():
        raise InputError(
            f"{path}: {keypoints.table.source}: the file does not say how large the images are; "
            "add --width and --height, in pixels"
        )
    if size.max() > LARGEST_IMAGE:
        raise InputError(f"{path}: an image of {size.max():g} pixels; expected a size up to {LARGEST_IMAGE:,}")
    return size


def _people(keypoints: Keypoints, rows: NDArray) -> NDArray:
    """The file's own numbers of people, else 0, 1, 2, ... within each image."""
    table = keypoints.table
    if (table.person[rows] >= 0).all():
        return table.person[rows]
    seen: dict[int, int] = {}
    numbers = []
    for frame in table.frame[rows]:
        numbers.append(seen.get(frame, 0))
        seen[frame] = numbers[-1] + 1
    return np.array(numbers)
