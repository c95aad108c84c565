"""Detections on Human3.6M's images from VideoPose3D's files, one row per pose.

`data_2d_h36m_<detector>.npz`: `positions_2d`, a pickled dictionary of subject, take and a list of four arrays
[T, J, 2] in px, one per camera, in the order of the poses' rig; `metadata`, whose pairs of mirrored joints show the
order of the joints. Orders known: Human3.6M's 17 joints (`gt`, the cascaded pyramid network's `cpn_ft_h36m_dbb`),
its 16 without Neck/Nose (the stacked hourglass's `sh_ft_h36m` as SemGCN's preparation sorts them) and MPII's 16 (the
same file, of the same name, as VideoPose3D's preparation leaves them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data import safe_pickle
from pipeline.data.motion.human36m.takes import CAMERA_COUNT, take_name
from pipeline.geometry import human36m as calibration
from pipeline.geometry.absent import absent
from pipeline.geometry.poses import JOINT_COUNT, PoseSet
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, NECK_NOSE

MPII_NAMES = (
    *("RAnkle", "RKnee", "RHip", "LHip", "LKnee", "LAnkle", "Hip", "Spine", "Thorax", "Head"),
    *("RWrist", "RElbow", "RShoulder", "LShoulder", "LElbow", "LWrist"),
)
REMEDY = "get the file again from where it was published"


@dataclass(frozen=True)
class Order:
    """The order of a file's joints, and the sides by which it is recognised in a file's metadata."""

    what: str
    names: tuple[str, ...]

    @property
    def sides(self) -> tuple[frozenset[int], frozenset[int]]:
        left, right = (
            frozenset(j for j, name in enumerate(self.names) if name.startswith(side) and name[1].isupper())
            for side in "LR"
        )
        return left, right


ORDERS = (
    Order("Human3.6M's 17 joints", HUMAN36M_17.names),
    Order("Human3.6M's 16 joints", HUMAN36M_16.names),
    Order("MPII's 16 joints", MPII_NAMES),
)


def read(path: Path, poses: PoseSet) -> NDArray[np.float32]:
    """The detections of every pose, [N, 17, 2] px, in Human3.6M's order.

    Where the file has no Neck/Nose, it is the middle of Thorax and Head. Detections beyond a take's last pose are left
    out: some videos are longer than their motion capture. Raises InputError, naming the file and the take, for a file
    that is damaged or no such file, joints in an unknown order, a take or frame that is missing, and what is no number.
    """
    members = safe_pickle.read(path, ["positions_2d", "metadata"])
    order = _order(members["metadata"], path)
    detected = np.empty((len(poses), JOINT_COUNT, 2), dtype=np.float32)
    for (subject, take, camera), rows in _groups(poses):
        views = _views(members["positions_2d"], subject, take, path)
        place = next(index for index, lens in enumerate(calibration.rig(subject)) if lens.id == camera)
        where = f"{path}: {subject} {take}, camera {camera}"
        detected[rows] = _in_order(_checked(views[place], poses.frame[rows], order, where), order)
    return detected


def _order(metadata: Any, path: Path) -> Order:
    """Which of the known orders the metadata describe: the lists of joints on the left and on the right say it."""
    try:
        left, right = (frozenset(int(joint) for joint in side) for side in metadata["keypoints_symmetry"])
        joint_count = int(metadata["num_joints"])
    except (TypeError, KeyError, ValueError, IndexError):
        raise InputError(f"{path}: metadata without num_joints and keypoints_symmetry; {REMEDY}") from None
    for order in ORDERS:
        if (len(order.names), order.sides) == (joint_count, (left, right)):
            return order
    known = "; ".join(order.what for order in ORDERS)
    raise InputError(
        f"{path}: metadata: {joint_count} joints with {sorted(left)} on the left and {sorted(right)} on the right: an "
        f"unknown order; known: {known}"
    )


def _groups(poses: PoseSet) -> list[tuple[tuple[str, str, str], NDArray[np.int64]]]:
    """(Subject, take, camera id) and row numbers of each take as one camera saw it, in the order of the rows."""
    columns = np.stack((poses.subject, poses.take, poses.camera), axis=1).astype(np.int64)
    keys = (columns[:, 0] * len(poses.takes) + columns[:, 1]) * len(poses.cameras) + columns[:, 2]
    by_key = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[by_key], prepend=-1))
    groups = []
    for rows in np.split(by_key, starts[1:]) if len(keys) else []:
        subject, take, camera = columns[rows[0]]
        groups.append(((poses.subjects[subject], poses.takes[take], poses.cameras[camera].id), rows))
    return groups


def _views(subjects: Any, subject: str, take: str, path: Path) -> Any:
    """The four cameras' detections of a take, under either spelling of its name."""
    if not isinstance(subjects, Mapping) or not isinstance(subjects.get(subject), Mapping):
        raise InputError(f"{path}: positions_2d has no takes of {subject}; {REMEDY}")
    spelled = {take_name(str(name), f"{path}: {subject}"): name for name in subjects[subject]}
    if take not in spelled:
        raise InputError(f"{path}: positions_2d has no take {take} of {subject}; {REMEDY}")
    views = subjects[subject][spelled[take]]
    if not isinstance(views, list | tuple | np.ndarray) or len(views) != CAMERA_COUNT:
        raise InputError(f"{path}: {subject} {take}: expected detections of {CAMERA_COUNT} cameras; {REMEDY}")
    return views


def _checked(view: Any, frames: NDArray[np.int32], order: Order, where: str) -> NDArray[np.floating[Any]]:
    """The detections of these frames, [n, J, 2], of one camera's [T, J, 2]."""
    joint_count = len(order.names)
    if not isinstance(view, np.ndarray) or view.dtype.kind != "f" or view.shape[1:] != (joint_count, 2):
        found = f"{view.dtype} {view.shape}" if isinstance(view, np.ndarray) else type(view).__name__
        raise InputError(f"{where}: expected detections [T, {joint_count}, 2] ({order.what}), got {found}; {REMEDY}")
    if frames.max() >= len(view):
        raise InputError(
            f"{where}: detections of {len(view)} frames, but the poses have frame {frames.max()} (the first is 0); "
            f"the file is cut short or of another release: {REMEDY}"
        )
    chosen = view[frames]
    broken = np.argwhere(~np.isfinite(chosen).all(axis=-1))
    if len(broken):
        row, joint = broken[0]
        raise InputError(f"{where}: frame {frames[row]}, joint {order.names[joint]}: not a number; {REMEDY}")
    missing = np.argwhere(absent(chosen))
    if len(missing):
        row, joint = missing[0]
        raise InputError(
            f"{where}: frame {frames[row]}, joint {order.names[joint]}: {chosen[row, joint].tolist()}, which means not "
            f"found ({len(missing)} such joints); take a file in which they are filled in, or {REMEDY}"
        )
    if np.abs(chosen).max() <= 1:
        raise InputError(f"{where}: coordinates from -1 to 1; detections must be in pixels: {REMEDY}")
    return chosen


def _in_order(detections: NDArray[np.floating[Any]], order: Order) -> NDArray[np.floating[Any]]:
    """Detections [n, J, 2] as [n, 17, 2] in Human3.6M's order."""
    filled = (*order.names, HUMAN36M_17.names[NECK_NOSE])  # where it is there already, its first place counts
    middle = detections[:, [order.names.index("Thorax"), order.names.index("Head")]].mean(axis=1, keepdims=True)
    return np.concatenate((detections, middle), axis=1)[:, [filled.index(name) for name in HUMAN36M_17.names]]
