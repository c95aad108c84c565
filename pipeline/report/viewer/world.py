"""Where example poses come from: the camera that saw each, what is up, and the meshes that fit it.

The evaluations keep poses relative to their root. The prepared test set has them in the camera's frame, and is searched
for the same pose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.skeleton import HUMAN36M_17, KEEP_16
from pipeline.report.viewer.scene import Lens, Mesh

MILLIMETRES = 1000.0
SAME = 0.6  # mm: how far two copies of a pose may differ, which float32 metres round
MESHES = ("coarse", "fine")
UP = np.array([0.0, 0.0, 1.0])  # in the world
WRIST = HUMAN36M_17.names.index("RWrist")


@dataclass(frozen=True)
class World:
    """The prepared test poses [N, 17, 3] mm in the camera's frame, their cameras, and the fitted meshes if any."""

    poses: NDArray
    camera: NDArray  # [N], index into cameras
    cameras: list[dict[str, Any]] = field(default_factory=list)
    fits: Mapping[str, NDArray] = field(default_factory=dict)
    graphs: Mapping[str, NDArray] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> World:
        return cls(np.zeros((0, HUMAN36M_17.joint_count, 3)), np.zeros(0, dtype=np.int64))

    @classmethod
    def read(cls, run: Run) -> World:
        """Without the files, a world in which no pose is found. Raises InputError on a damaged file."""
        path, meshes, graphs = run.layout.motion_split("test"), run.layout.mesh_split("test"), run.layout.mesh_graphs
        if not path.exists():
            return cls.empty()
        arrays = artifacts.map_arrays(path)
        try:
            cameras = json.loads(bytes(arrays["tables"]).decode())["cameras"]
            poses, camera = arrays["joints_3d"], arrays["camera"]
        except (KeyError, ValueError) as error:
            raise InputError(f"{path}: no pose set ({error}); delete it and run prepare_motion again") from None
        if run.why_no_targets("meshes") or not (meshes.exists() and graphs.exists()):
            return cls(poses, camera, cameras)
        return cls(poses, camera, cameras, artifacts.map_arrays(meshes), artifacts.read_arrays(graphs))

    def find(self, truth: NDArray) -> tuple[Lens, NDArray] | None:
        """The camera that saw a pose [J, 3] (mm, relative to its root), and what is up in its axes; None if unknown."""
        row = self._row(truth)
        if row is None:
            return None
        camera = self.cameras[self.camera[row]]
        lens = Lens(
            np.array(self.poses[row, 0], dtype=float), np.array(camera["focal_length"]), np.array(camera["center"])
        )
        return lens, UP @ self._axes(row)

    def meshes(self, truth: NDArray) -> tuple[Mesh, ...]:
        """The coarse meshes of the body that was fitted to a pose of 17 joints."""
        row = self._row(truth) if len(truth) == HUMAN36M_17.joint_count and self.fits else None
        if row is None:
            return ()
        frame = self.fits["row_frame"][row]
        nodes = MILLIMETRES * self.fits["meshes"][frame].astype(float) @ self._axes(row)
        if not self.fits["usable"][frame]:
            return ()
        sizes = [int(self.graphs[f"{scale}_real"].sum()) for scale in MESHES]
        parts = np.split(nodes[: sum(sizes)], [sizes[0]])
        return tuple(self._mesh(scale, part, "fitted") for scale, part in zip(MESHES, parts, strict=True))

    def predicted(self, meshes: Mapping[str, NDArray]) -> tuple[Mesh, ...]:
        """Coarse meshes [all nodes, 3] in metres, by scale, without the nodes that stand for no vertex."""
        shown = {scale: nodes for scale, nodes in meshes.items() if f"{scale}_real" in self.graphs}
        return tuple(
            self._mesh(scale, MILLIMETRES * nodes[self.graphs[f"{scale}_real"]].astype(float), "predicted")
            for scale, nodes in shown.items()
        )

    def _mesh(self, scale: str, nodes: NDArray, what: str) -> Mesh:
        real = self.graphs[f"{scale}_real"]
        edges = np.argwhere(np.triu(self.graphs[f"{scale}_adjacency"][np.ix_(real, real)] > 0, k=1))
        return Mesh(f"{len(real)} nodes ({len(nodes)} real), {what}", nodes, edges)

    def _row(self, truth: NDArray) -> int | None:
        """Where the pose is among the test poses."""
        if not len(self.poses):
            return None
        joints = KEEP_16 if len(truth) == len(KEEP_16) else range(HUMAN36M_17.joint_count)
        wrist = np.abs(self.poses[:, WRIST] - self.poses[:, 0] - truth[-1]).max(axis=1)
        for row in np.flatnonzero(wrist < SAME):
            if np.abs(self.poses[row, list(joints)] - self.poses[row, 0] - truth).max() < SAME:
                return int(row)
        return None

    def _axes(self, row: int) -> NDArray:
        """The matrix [3, 3] that turns camera axes into world axes; a row of world axes times it is in camera axes."""
        w, x, y, z = self.cameras[self.camera[row]]["orientation"]
        return Rotation.from_quat([x, y, z, w]).as_matrix()


def by_row(arrays: Mapping[str, NDArray]) -> Iterator[dict[str, Any]]:
    """One dictionary for each row of arrays of equal length."""
    for row in zip(*arrays.values(), strict=True):
        yield dict(zip(arrays, row, strict=True))
