"""The poses that stages hand on, read from their files."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.poses import PoseSet, PoseSetError


def read_poses(run: Run, split: str, source: str = "ground_truth") -> PoseSet:
    """A split's poses, mapped from the disk."""
    path = run.layout.motion_split(split, source)
    try:
        return PoseSet.from_arrays(artifacts.map_arrays(path))
    except PoseSetError as error:
        raise InputError(f"{path}: {error}; delete it and run prepare_motion again") from None
