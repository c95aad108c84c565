"""Images and videos of drawn people, and a detector that finds them by the colours of their shirts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import drawn_people
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.predict.detectors import People
from pipeline.predict.pictures.video import WebM

WIDTH, HEIGHT = 320, 240
SHIRTS = {"blue": (30, 40, 220), "red": (220, 30, 30)}
TALL = 150  # px
RATE = 12.5  # frames a second


def frame(feet: dict[str, tuple[int, int]]) -> NDArray[np.uint8]:
    """People with these shirts at these places."""
    image = drawn_people.background(WIDTH, HEIGHT)
    for shirt, place in feet.items():
        drawn_people.draw(image, place, TALL, SHIRTS[shirt])
    return image


def walk(count: int = 12) -> list[dict[str, tuple[int, int]]]:
    """Two people who walk towards each other."""
    return [{"blue": (60 + 5 * i, 220), "red": (260 - 5 * i, 215)} for i in range(count)]


def image(path: Path, feet: dict[str, tuple[int, int]] | None = None) -> Path:
    Image.fromarray(frame(walk()[0] if feet is None else feet)).save(path)
    return path


def video(path: Path, frames: Sequence[dict[str, tuple[int, int]]] | None = None) -> Path:
    with WebM(path, RATE) as film:
        for feet in walk() if frames is None else frames:
            film.write(frame(feet))
    return path


class ByShirt:
    """Finds the people above, to the pixel in images and nearly in videos."""

    name = "shirts"

    def find(self, images: Sequence[NDArray[np.uint8]]) -> list[People]:
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> People:
        found = []
        for shirt, colour in SHIRTS.items():
            rows, columns = np.nonzero(np.abs(image.astype(int) - colour).max(axis=2) < 40)
            if len(rows) > 100:
                top, _ = _shirt_edges(shirt)
                feet = ((columns.min() + columns.max()) // 2, rows.min() + top)
                places = drawn_people.keypoints(feet, TALL)
                found.append(np.concatenate((places, np.full((17, 1), 0.9)), axis=1))
        keypoints = np.array(found, np.float32).reshape(-1, 17, 3)
        return People(keypoints, np.full(len(keypoints), 0.8, np.float32))


def _shirt_edges(shirt: str) -> tuple[int, int]:
    """How far above the feet a shirt begins and ends."""
    rows = np.nonzero((frame({shirt: (160, 220)}) == SHIRTS[shirt]).all(axis=2))[0]
    return 220 - rows.min(), 220 - rows.max()
