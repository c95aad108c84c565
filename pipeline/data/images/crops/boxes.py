"""The square around a person that is cut out of a camera's picture, and the way between the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MARGIN = 1.3  # a box's side over the longer side of the box around the joints: hands, feet and hair go beyond them


@dataclass(frozen=True)
class Boxes:
    """B squares of camera pictures, each a crop of `size` px."""

    corner: NDArray[np.float32]  # [B, 2] px of the picture, left and top
    side: NDArray[np.float32]  # [B] px of the picture
    size: int  # px of the crop

    def part(self, rows: slice) -> Boxes:
        return Boxes(self.corner[rows], self.side[rows], self.size)

    def in_crop(self, places: Tensor) -> Tensor:
        """Places [B, J, 2] in px of the picture as px of the crop."""
        return (places - torch.from_numpy(self.corner)[:, None]) * self._enlarged

    def in_picture(self, places: Tensor) -> Tensor:
        """The inverse."""
        return places / self._enlarged + torch.from_numpy(self.corner)[:, None]

    @property
    def _enlarged(self) -> Tensor:
        """Px of the crop per px of the picture, [B, 1, 1]."""
        return (self.size / torch.from_numpy(self.side))[:, None, None]


def boxes_of(keypoints_2d: NDArray[np.float32], size: int) -> Boxes:
    """A square around the middle of each pose's joints [B, J, 2] px, with all joints inside it."""
    low, high = keypoints_2d.min(axis=1), keypoints_2d.max(axis=1)
    side = MARGIN * (high - low).max(axis=1)
    return Boxes((low + high) / 2 - side[:, None] / 2, side, size)
