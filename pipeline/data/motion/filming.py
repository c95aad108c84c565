"""From a take's joints in the world to the poses that cameras see, and how many views were kept and dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.data.motion import rig
from pipeline.geometry.camera import Camera
from pipeline.geometry.poses import PoseSet


@dataclass(frozen=True)
class Filmed:
    """One take as its cameras see it. A view is a frame seen by one camera."""

    poses: PoseSet
    dropped: dict[str, int]  # views by reason
    subject: str
    action: str


def film_take(
    joints_world: NDArray[np.floating],
    frames: NDArray[np.integer],
    cameras: list[Camera],
    subject: str,
    action: str,
    take: str,
) -> Filmed:
    """Joints [T, 17, 3] mm with their frame numbers [T]; a view is kept if every joint is in the image."""
    keypoints_2d, joints_3d, keep = rig.film(joints_world, cameras)
    camera, row = np.nonzero(keep)
    behind = (joints_3d[..., 2] <= 0).any(axis=-1)
    zeros = np.zeros(len(row), dtype=np.int16)
    poses = PoseSet(
        keypoints_2d=keypoints_2d[keep],
        joints_3d=joints_3d[keep],
        camera=camera.astype(np.int16),
        subject=zeros,
        action=zeros,
        take=zeros,
        frame=frames[row].astype(np.int32),
        cameras=cameras,
        subjects=[subject],
        actions=[action],
        takes=[take],
    )
    dropped = {"behind the camera": int(behind.sum()), "outside the picture": int((~keep & ~behind).sum())}
    return Filmed(poses, dropped, subject, action)


def summarize(takes: Sequence[Filmed]) -> dict[str, Any]:
    """The numbers of takes, views, poses and dropped views of a split: in all, per subject and per action."""
    subjects = sorted({take.subject for take in takes})
    actions = sorted({take.action for take in takes})
    return {
        **_count(takes),
        "subjects": {name: _count([take for take in takes if take.subject == name]) for name in subjects},
        "actions": {name: _count([take for take in takes if take.action == name]) for name in actions},
    }


def _count(takes: Sequence[Filmed]) -> dict[str, Any]:
    dropped: Counter[str] = Counter()
    for take in takes:
        dropped.update(take.dropped)
    poses = sum(len(take.poses) for take in takes)
    return {"takes": len(takes), "views": poses + dropped.total(), "poses": poses, "dropped": dict(dropped)}
