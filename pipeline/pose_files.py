"""Reads the poses that stages write."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.poses import PoseSet, PoseSetError


def read_poses(run: Run, split: str, source: str = "ground_truth") -> PoseSet:
    """The poses of a split, mapped from the disk. Raises InputError if the file is missing or inconsistent."""
    path = run.layout.motion_split(split, source)
    try:
        return PoseSet.from_arrays(artifacts.map_arrays(path))
    except PoseSetError as error:
        raise InputError(f"{path}: {error}; delete it and run prepare_motion again") from None
