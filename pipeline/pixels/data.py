"""A split's crops as the networks read them, with the poses in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.poses import PoseSet, read_poses
from pipeline.lifting.data import LiftingData, Rows
from pipeline.pixels.images import JpegImages
from pipeline.pixels.models import Crops, normalized

PLACES = ("row", "corner", "side")  # arrays of a file of crops, beside those of the images


@dataclass(frozen=True)
class CropSet:
    """N crops of one person each and, row by row, their poses."""

    pixels: Tensor | JpegImages  # [N, S, S, 3] uint8, RGB
    corner: Tensor  # [N, 2] px of the camera's picture
    side: Tensor  # [N] px of the camera's picture
    poses: LiftingData

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def of(cls, crops: Mapping[str, NDArray], poses: PoseSet, device: str = "cpu", path: Path = Path()) -> CropSet:
        """`crops` has `row` (of the poses), `corner`, `side`, and `pixels` or JPEGs (`jpegs`, `first`, `size`).

        All is put on the device, but for JPEGs. `path` is where the crops are from.
        """
        corner, side = (torch.from_numpy(crops[name]).to(device) for name in ("corner", "side"))
        pixels: Tensor | JpegImages
        if "jpegs" in crops:
            pixels = JpegImages(crops["jpegs"], crops["first"], int(crops["size"]), device, path)
        else:
            pixels = torch.from_numpy(crops["pixels"]).to(device)
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
        return on_screen(self.corner[rows], self.side[rows], self.poses.sizes[self.poses.camera[rows]], self.size)

    def keypoints_of(self, rows: Rows) -> Tensor:
        """The true 2D joints [n, J, 2] in px of the crops."""
        places = self.poses.keypoints_2d[rows].index_select(1, self.poses.joints)
        return (places - self.corner[rows][:, None]) / self.enlarged(rows)

    def distances(self, keypoints_2d: Tensor, rows: Rows) -> Tensor:
        """How far 2D joints [n, J, 2] in px of the crops are from the true ones: [n, J] px of the picture."""
        return ((keypoints_2d - self.keypoints_of(rows)) * self.enlarged(rows)).norm(dim=-1)

    def enlarged(self, rows: Rows) -> Tensor:
        """Px of the picture per px of the crop, [n, 1, 1]."""
        return (self.side[rows] / self.size)[:, None, None]

    def targets_of(self, rows: Rows) -> Tensor:
        """[n, J, 3] metres in the camera's frame, relative to the root."""
        return self.poses.targets_of(rows)

    def every(self, count: int) -> CropSet:
        """About `count` crops spread evenly over the split, or all of them if it has no more."""
        rows = torch.arange(0, len(self), max(1, len(self) // count))
        poses = LiftingData.from_pose_set(self.poses.pose_set.select(rows.numpy()), self.poses.device)
        there = rows.to(self.side.device)
        return CropSet(self.pixels[there], self.corner[there], self.side[there], poses)


def on_screen(corner: Tensor, side: Tensor, size: Tensor, crop_size: int) -> Crops:
    """Where crops of `crop_size` px are on the screen: squares of pictures of `size` [n, 2] px."""
    return Crops(2 * side / (crop_size * size[:, 0]), (2 * corner - size) / size[:, :1])


def read_crops(run: Run, device: str) -> dict[str, CropSet]:
    """The splits `train` and `test` on the device. Raises InputError, in one line, for crops of other poses."""
    found = {}
    for split in ("train", "test"):
        path, poses = run.layout.crops_split(split), read_poses(run.layout.motion_split(split))
        arrays = artifacts.map_arrays(path)
        problem = _problem(arrays, len(poses))
        if problem:
            raise InputError(f"{path}: {problem}; delete it and run prepare_crops again")
        found[split] = CropSet.of(arrays, poses, device, path)
    return found


def _problem(arrays: Mapping[str, NDArray], poses: int) -> str | None:
    """Why arrays are no crops of so many poses; None if they are."""
    images = ("jpegs", "first", "size") if "jpegs" in arrays else ("pixels",)
    missing = [name for name in (*images, *PLACES) if name not in arrays]
    if missing:
        return f"{missing[0]}: missing"
    count = len(arrays["row"])
    if not count:
        return "no images"
    stored = len(arrays["first"]) - 1 if "first" in arrays else len(arrays["pixels"])
    if {stored, *(len(arrays[name]) for name in PLACES)} != {count}:
        return "its arrays differ in length"
    return "row: of other poses" if arrays["row"].min() < 0 or arrays["row"].max() >= poses else None
