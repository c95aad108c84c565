"""The pose set, which the stages pass on: the 2D and 3D joints of the poses in one split of a data set."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.geometry.camera import Camera
from pipeline.geometry.skeleton import HUMAN36M_17

JOINT_COUNT = HUMAN36M_17.joint_count
TABLES = "tables"  # the key of the four tables in `to_arrays`: the bytes of a JSON text


class PoseSetError(ValueError):
    """An inconsistent pose set; the message names the field."""


@dataclass
class PoseSet:
    """N poses of 17 joints in Human3.6M's order, each seen by one camera.

    `camera`, `subject`, `action` and `take` are indices into `cameras`, `subjects`, `actions` and `takes`. `frame` is
    the number of the frame in its take, as the source counts. A pose that four cameras see has four rows.
    """

    keypoints_2d: NDArray[np.float32]  # [N, 17, 2] px
    joints_3d: NDArray[np.float32]  # [N, 17, 3] mm, in the camera's frame
    camera: NDArray[np.int16]  # [N]
    subject: NDArray[np.int16]  # [N]
    action: NDArray[np.int16]  # [N]
    take: NDArray[np.int16]  # [N]
    frame: NDArray[np.int32]  # [N]
    cameras: list[Camera] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    takes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.joints_3d)

    def check(self) -> "PoseSet":
        """Return this pose set if it is consistent. Raises PoseSetError, which names the first field that is not."""
        shapes = {"keypoints_2d": (len(self), JOINT_COUNT, 2), "joints_3d": (len(self), JOINT_COUNT, 3)}
        for name, dtype in ARRAY_TYPES.items():
            values, shape = getattr(self, name), shapes.get(name, (len(self),))
            if values.shape != shape:
                raise PoseSetError(f"{name}: expected shape {shape}, got {values.shape}")
            if values.dtype != dtype:
                raise PoseSetError(f"{name}: expected {np.dtype(dtype)}, got {values.dtype}")
            broken = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
            if broken.any():
                raise PoseSetError(f"{name}: not finite in row {broken.argmax()} ({broken.sum()} such rows)")
        for name, table_name in TABLE_OF.items():
            indices, table = getattr(self, name), getattr(self, table_name)
            outside = (indices < 0) | (indices >= len(table))
            if outside.any():
                row = outside.argmax()
                raise PoseSetError(f"{name}: row {row} points to entry {indices[row]} of {len(table)} {table_name}")
        return self

    def select(self, rows: ArrayLike) -> "PoseSet":
        """The poses of a slice, a mask or a list of row numbers; the tables are not changed."""
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        return replace(self, **{name: getattr(self, name)[index] for name in ARRAY_TYPES})

    def to_arrays(self) -> dict[str, NDArray]:
        """All fields as plain arrays, for `np.savez` and `np.load(allow_pickle=False)`."""
        tables = {name: getattr(self, name) for name in TABLE_OF.values()}
        text = json.dumps(tables | {"cameras": [camera.to_dict() for camera in self.cameras]}, sort_keys=True)
        arrays = {name: getattr(self, name) for name in ARRAY_TYPES}
        return arrays | {TABLES: np.frombuffer(text.encode(), dtype=np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> "PoseSet":
        """The inverse of `to_arrays`, checked. Raises PoseSetError for a missing key or an inconsistent field."""
        missing = [name for name in (*ARRAY_TYPES, TABLES) if name not in arrays]
        if missing:
            raise PoseSetError(f"{missing[0]}: missing from the file")
        tables = json.loads(bytes(arrays[TABLES]).decode())
        tables["cameras"] = [Camera.from_dict(camera) for camera in tables["cameras"]]
        columns: dict[str, Any] = {name: arrays[name] for name in ARRAY_TYPES}
        return cls(**columns, **tables).check()


ARRAY_TYPES: dict[str, type] = {
    "keypoints_2d": np.float32,
    "joints_3d": np.float32,
    "camera": np.int16,
    "subject": np.int16,
    "action": np.int16,
    "take": np.int16,
    "frame": np.int32,
}
TABLE_OF = {"camera": "cameras", "subject": "subjects", "action": "actions", "take": "takes"}
assert [*ARRAY_TYPES, *TABLE_OF.values()] == [entry.name for entry in fields(PoseSet)]


def read_poses(path: Path) -> PoseSet:
    """The pose set in a file, mapped from the disk. Raises InputError, in one line, if it is not consistent."""
    try:
        return PoseSet.from_arrays(artifacts.map_arrays(path))
    except PoseSetError as error:
        raise InputError(f"{path}: {error}; delete it and run the stage that writes it again") from None


def concatenate(parts: Sequence[PoseSet]) -> PoseSet:
    """All poses in the given order. Tables are merged: equal entries become one, in order of first appearance."""
    if not parts:
        raise PoseSetError("concatenate: no pose sets given")
    columns: dict[str, Any] = {name: [getattr(part, name) for part in parts] for name in ARRAY_TYPES}
    tables: dict[str, Any] = {}
    for name, table_name in TABLE_OF.items():
        merged = list(dict.fromkeys(entry for part in parts for entry in getattr(part, table_name)))
        position = {entry: index for index, entry in enumerate(merged)}
        if len(merged) > np.iinfo(np.int16).max:
            raise PoseSetError(f"{table_name}: {len(merged)} entries do not fit 16-bit indices")
        renumbered = [np.array([position[e] for e in getattr(part, table_name)], dtype=np.int16) for part in parts]
        columns[name] = [new[old] for new, old in zip(renumbered, columns[name], strict=True)]
        tables[table_name] = merged
    columns = {name: np.concatenate(column) for name, column in columns.items()}
    return PoseSet(**columns, **tables)
