"""A trained network on images for arrays: 3D poses of crops of anybody's pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_16, Skeleton
from pipeline.lifting import uncertainty
from pipeline.lifting.uncertainty import Poses
from pipeline.pixels.checkpoints import FORMAT, PixelsPredictor, load_model
from pipeline.pixels.data import on_screen
from pipeline.pixels.models import normalized
from pipeline.pixels.task import AT_ONCE
from pipeline.training import checkpoint
from pipeline.training.checkpoint import CheckpointError


@dataclass(frozen=True)
class ImageLifter(PixelsPredictor):
    """A network that finds 2D joints in a crop of one person and lifts them with what it sees there."""

    skeleton: Skeleton = HUMAN36M_16

    @torch.no_grad()
    def lift(self, pixels: NDArray[np.uint8], corner: NDArray, side: NDArray, size: NDArray) -> Poses:
        """Poses of crops [N, S, S, 3] RGB, S being `self.size`.

        `corner` [N, 2] and `side` [N] say where they are in pictures of `size` [N, 2], all in px of the pictures.
        """
        corners, sides, sizes = (torch.from_numpy(np.asarray(of, dtype=np.float32)) for of in (corner, side, size))
        found = []
        for rows in torch.arange(len(pixels)).split(AT_ONCE):
            crops = on_screen(corners[rows], sides[rows], sizes[rows], self.size)
            found.append(self.model(normalized(torch.from_numpy(pixels[rows.numpy()])), crops).joints_3d)
        return uncertainty.describe(torch.cat(found))


def is_of_images(path: Path) -> bool:
    """Whether a file is a checkpoint of a network on images. Raises CheckpointError for one that cannot be read."""
    return checkpoint.load(path).get("format") == FORMAT


def load(path: Path) -> ImageLifter:
    """Raises CheckpointError for another file, and for a stage of training that cannot lift what is in an image."""
    found = load_model(path)
    if found.settings.stage == "detector" or found.settings.joints_2d != "found":
        raise CheckpointError(f"{path}: {found.variant_name} gives no 3D pose of an image; name a later stage's")
    return ImageLifter(**vars(found))
