"""The cameras of a batch of images: each image has its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.geometry.camera import Camera, project, world_to_camera


@dataclass(frozen=True)
class Views:
    """B cameras as tensors."""

    orientation: Tensor  # [B, 4]
    centre: Tensor  # [B, 3] m, float64
    focal_length: Tensor  # [B, 2] px
    middle: Tensor  # [B, 2] px
    radial: Tensor  # [B, 3]
    tangential: Tensor  # [B, 2]

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> Views:
        return cls(
            torch.tensor([one.orientation for one in cameras]),
            torch.tensor([one.translation for one in cameras], dtype=torch.float64) / 1000,
            torch.tensor([one.focal_length for one in cameras]),
            torch.tensor([one.center for one in cameras]),
            torch.tensor([one.radial_distortion for one in cameras]),
            torch.tensor([one.tangential_distortion for one in cameras]),
        )

    def turned(self, vectors: Tensor) -> Tensor:
        """Vectors [B, V, 3] in the world's axes, in those of the cameras: x right, y down, z away."""
        return world_to_camera(vectors, self.orientation[:, None], torch.zeros_like(vectors[:, :1]))

    def in_picture(self, points: Tensor) -> Tensor:
        """Points [B, V, 3] in the cameras' axes as px [B, V, 2] of their pictures."""
        constants = (self.focal_length, self.middle, self.radial, self.tangential)
        return project(points, *(values[:, None] for values in constants))
