"""Detectors: from images to COCO's 17 keypoints of every person in them.

movenet.py       MoveNet, whose weights the user fetches (package.py); graph.py and operations.py compute its graphs
centernet.py     the detection variants of this project, from a checkpoint of train_detection
overlap.py       how much two people's keypoints agree

All of them are a `Detector`: `find` takes any number of images of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import coco_keypoints


@dataclass(frozen=True)
class People:
    """P people in one image, the surest first."""

    keypoints: NDArray[np.float32]  # [P, 17, 3] x, y in px of the image, and a confidence from 0 to 1
    score: NDArray[np.float32]  # [P] 0 to 1

    def __len__(self) -> int:
        return len(self.keypoints)

    def rows(self, chosen: NDArray) -> People:
        """Some of the people, by a mask [P] or by indices."""
        return People(self.keypoints[chosen], self.score[chosen])

    @classmethod
    def none(cls) -> People:
        return cls(np.zeros((0, coco_keypoints.COUNT, 3), np.float32), np.zeros(0, np.float32))


class Detector(Protocol):
    """A network that finds people. `name` is for the user."""

    name: str

    def find(self, images: Sequence[NDArray[np.uint8]]) -> list[People]:
        """The people in each of the images [H, W, 3] RGB."""
        ...
