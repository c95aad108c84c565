"""Poses by a network that reads images: everybody is cut out of their picture, around the joints that were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.artifacts import InputError
from pipeline.lifting.uncertainty import Poses
from pipeline.pixels.lifter import ImageLifter
from pipeline.predict.pictures import Pictures

MARGIN = 1.3  # a box's side over the longer side of the box around the joints, as in training
LEAST_SIDE = 2.0  # px


@dataclass(frozen=True)
class Boxes:
    """Squares around N people, in px of their pictures."""

    corner: NDArray  # [N, 2]
    side: NDArray  # [N]

    @classmethod
    def around(cls, joints: NDArray, there: NDArray) -> Boxes:
        """Around the joints [N, J, 2] that are `there` [N, J]; every person has one."""
        low = np.where(there[..., None], joints, np.inf).min(axis=1)
        high = np.where(there[..., None], joints, -np.inf).max(axis=1)
        side = np.maximum(MARGIN * (high - low).max(axis=1), LEAST_SIDE)
        return cls((low + high) / 2 - side[:, None] / 2, side)

    def outside(self, size: NDArray) -> NDArray:
        """[N] which are wholly outside their pictures of size [N, 2]."""
        end = self.corner + self.side[:, None]
        return ((end <= 0) | (self.corner >= size)).any(axis=1)


def lift(model: ImageLifter, pictures: Pictures, names: Sequence[str], boxes: Boxes, size: NDArray) -> Poses:
    """Poses of the people in boxes of the pictures with these names. Raises InputError if a picture is not there."""
    pixels = np.zeros((len(names), model.size, model.size, 3), np.uint8)
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    for name, image in pictures:
        for row in rows.pop(name, []):
            pixels[row] = cut(image, boxes.corner[row], float(boxes.side[row]), model.size)
    if rows:
        lost = sum(map(len, rows.values()))
        raise InputError(
            f"{pictures.path}: has no image {next(iter(rows))}, in which {lost} of {len(names)} people are; "
            "give all images that the keypoints are of, or take these people out"
        )
    return model.lift(pixels, boxes.corner, boxes.side, size)


def cut(image: NDArray[np.uint8], corner: NDArray, side: float, size: int) -> NDArray[np.uint8]:
    """A square of an image [H, W, 3] as [size, size, 3]. What is outside the image is black."""
    left, upper = corner
    whole = [round(edge) for edge in (left, upper, left + side, upper + side)]
    whole[2:] = max(whole[2], whole[0] + 1), max(whole[3], whole[1] + 1)
    part = Image.fromarray(image).crop((whole[0], whole[1], whole[2], whole[3]))
    return np.asarray(part.resize((size, size), Image.Resampling.BOX if side > size else Image.Resampling.BILINEAR))
