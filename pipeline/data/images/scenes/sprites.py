"""Sprites: things cut out along their outline, and images composed of them, front to back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FINER = 2  # things are drawn with FINER x FINER pixels per pixel of the scene, and averaged
LEAST_SEEN = 0.25  # share of a thing; a thing that is covered more is left out of the image


@dataclass(frozen=True)
class Sprite:
    """A thing's own image, which may extend beyond the scene."""

    colour: NDArray[np.float32]  # [h, w, 3] 0 to 255, times alpha
    alpha: NDArray[np.float32]  # [h, w] 0 to 1
    left: int  # px of the scene
    top: int
    category: int = 0  # index into the scene's categories; -1: not annotated
    keypoints: NDArray[np.float64] | None = None  # [17, 3] x, y in px of the scene; 2 seen, 1 hidden by itself
    back_view: bool = False


@dataclass
class Placed:
    """A sprite as it is seen in its scene."""

    category: int
    box: tuple[float, float, float, float]  # x, y, width, height px of its own outline in the image
    area: int  # px of it
    keypoints: NDArray[np.float64] | None  # [17, 3] with COCO's flags
    back_view: bool


@dataclass
class Scene:
    """An unfinished image: nearest things first, each only where nothing is yet; then the background."""

    size: int
    colour: NDArray[np.float32] = field(init=False)
    free: NDArray[np.float32] = field(init=False)  # [S, S] how much of what is behind still shows
    placed: list[Placed] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.colour = np.zeros((self.size, self.size, 3), dtype=np.float32)
        self.free = np.ones((self.size, self.size), dtype=np.float32)

    def add(self, sprite: Sprite) -> bool:
        """Put a sprite behind all that is there, unless too little of it would be visible. Returns whether it did."""
        tall, wide = sprite.alpha.shape
        x0, y0 = max(sprite.left, 0), max(sprite.top, 0)
        x1, y1 = min(sprite.left + wide, self.size), min(sprite.top + tall, self.size)
        if x0 >= x1 or y0 >= y1:
            return False
        cut = np.s_[y0 - sprite.top : y1 - sprite.top, x0 - sprite.left : x1 - sprite.left]
        here = np.s_[y0:y1, x0:x1]
        alpha, free = sprite.alpha[cut], self.free[here]
        outline = alpha >= 0.5
        if sprite.category >= 0:
            if not outline.any() or (alpha * free).sum() < LEAST_SEEN * sprite.alpha.sum():
                return False
            self.placed.append(self._annotated(sprite, outline, x0, y0))
        self.colour[here] += sprite.colour[cut] * free[..., None]
        self.free[here] = free * (1 - alpha)
        return True

    def _annotated(self, sprite: Sprite, outline: NDArray[np.bool_], x0: int, y0: int) -> Placed:
        columns, rows = np.flatnonzero(outline.any(axis=0)), np.flatnonzero(outline.any(axis=1))
        box = (
            float(x0 + columns[0]),
            float(y0 + rows[0]),
            float(columns[-1] - columns[0] + 1),
            float(rows[-1] - rows[0] + 1),
        )
        keypoints = None if sprite.keypoints is None else flagged(sprite.keypoints, self.free)
        return Placed(sprite.category, box, int(outline.sum()), keypoints, sprite.back_view)

    def finished(self, background: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image [S, S, 3] in front of a background of that shape."""
        return self.colour + background * self.free[..., None]


def flagged(keypoints: NDArray[np.float64], free: NDArray[np.float32]) -> NDArray[np.float64]:
    """COCO's keypoints [17, 3]: outside the image all 0; under what covers it (free [S, S] below half) flag 1."""
    size = len(free)
    result = keypoints.copy()
    cell = np.floor(result[:, :2]).astype(int)
    inside = ((cell >= 0) & (cell < size)).all(axis=1)
    result[~inside] = 0
    column, row = cell.clip(0, size - 1).T
    result[inside & (free[row, column] < 0.5), 2] = 1
    return result


def stack(sprites: Sequence[Sprite], size: int) -> Scene:
    """A scene of these sprites, the nearest first."""
    scene = Scene(size)
    for sprite in sprites:
        scene.add(sprite)
    return scene


def averaged(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """[h, w, C] from [FINER h, FINER w, C]."""
    parts = [fine[row::FINER, column::FINER] for row in range(FINER) for column in range(FINER)]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total * np.float32(1 / FINER**2)
