"""A split's crops as the networks read them, with the poses in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.geometry.poses import PoseSet
from pipeline.lifting.data import LiftingData, Rows
from pipeline.pixels.models import Crops, normalized


@dataclass(frozen=True)
class CropSet:
    """N crops of one person each and, row by row, their poses."""

    pixels: Tensor  # [N, S, S, 3] uint8, RGB
    corner: Tensor  # [N, 2] px of the camera's picture
    side: Tensor  # [N] px of the camera's picture
    poses: LiftingData

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def of(cls, crops: Mapping[str, NDArray], poses: PoseSet, device: str = "cpu") -> CropSet:
        """`crops` has `pixels`, `row` (of the poses), `corner` and `side`. All is put on the device."""
        pixels, corner, side = (torch.from_numpy(crops[name]).to(device) for name in ("pixels", "corner", "side"))
        return cls(pixels, corner, side, LiftingData.from_pose_set(poses.select(crops["row"]), device))

    @property
    def size(self) -> int:
        """Px of a crop's side."""
        return self.pixels.shape[1]

    def images_of(self, rows: Rows) -> Tensor:
        """[n, 3, S, S], as a ResNet reads them."""
        return normalized(self.pixels[rows])

    def crops_of(self, rows: Rows) -> Crops:
        """Where these crops are on the screen."""
        size = self.poses.sizes[self.poses.camera[rows]]
        scale = 2 * self.side[rows] / (self.size * size[:, 0])
        return Crops(scale, (2 * self.corner[rows] - size) / size[:, :1])

    def keypoints_of(self, rows: Rows) -> Tensor:
        """The true 2D joints [n, J, 2] in px of the crops."""
        places = self.poses.keypoints_2d[rows].index_select(1, self.poses.joints)
        return (places - self.corner[rows][:, None]) / self.enlarged(rows)

    def enlarged(self, rows: Rows) -> Tensor:
        """Px of the picture per px of the crop, [n, 1, 1]."""
        return (self.side[rows] / self.size)[:, None, None]

    def targets_of(self, rows: Rows) -> Tensor:
        """[n, J, 3] metres in the camera's frame, relative to the root."""
        return self.poses.targets_of(rows)
