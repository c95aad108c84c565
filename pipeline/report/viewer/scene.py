"""What the viewer shows: a pose with its hypotheses (`Scene`), several of them in order (`Group`), and their packing.

All places are in millimetres relative to the pose's root, in the camera's axes (x right, y down, z away). K is the
number of hypotheses, J of joints, V of a mesh's vertices.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton

SKELETONS = {skeleton.joint_count: skeleton for skeleton in (HUMAN36M_16, HUMAN36M_17)}
THINNEST = 18.0  # mm: half axes of ellipsoids are drawn at least so long
FARTHEST = np.iinfo(np.int16).max  # mm, or the largest index of a vertex


@dataclass(frozen=True)
class Lens:
    """The pinhole camera that saw a pose, without distortion."""

    root: NDArray  # [3] mm: the pose's root in the camera's frame
    focal_length: NDArray  # [2] px
    center: NDArray  # [2] px

    def project(self, points: NDArray) -> NDArray:
        """Points [..., 3] relative to the root, as pixels [..., 2]."""
        seen = points + self.root
        return self.focal_length * seen[..., :2] / seen[..., 2:] + self.center


@dataclass(frozen=True)
class Mesh:
    """Nodes joined by edges [E, 2], or a surface of triangles [F, 3] whose corners run anticlockwise from outside."""

    label: str
    vertices: NDArray  # [V, 3]
    cells: NDArray  # [E, 2] or [F, 3]


@dataclass(frozen=True)
class Scene:
    """One pose. Errors are in mm: that of the prediction the model is judged by, and each hypothesis's own."""

    label: str
    hypotheses: NDArray  # [K, J, 3]
    weights: NDArray  # [K], which need not sum to 1
    truth: NDArray | None = None  # [J, 3]
    error: float | None = None
    keypoints_2d: NDArray | None = None  # [J, 2] px: the network's input
    lens: Lens | None = None
    up: NDArray | None = None  # [3] in the camera's axes; None if the camera is level
    meshes: tuple[Mesh, ...] = ()
    note: str = ""

    @property
    def errors(self) -> NDArray | None:
        """The mean joint error of each hypothesis, [K] mm; None without truth."""
        if self.truth is None:
            return None
        return np.linalg.norm(self.hypotheses - self.truth, axis=-1).mean(axis=-1)


@dataclass(frozen=True)
class Group:
    """Scenes that a slider runs through: chosen poses, or the frames of a take in their order."""

    title: str
    scenes: Sequence[Scene]
    note: str = ""  # how they were chosen
    frames_per_second: float | None = None  # of a take, which can be played


def spread(hypotheses: NDArray, weights: NDArray) -> NDArray:
    """Each joint's ellipsoid of one standard deviation [J, 3, 3] mm: its columns are the ellipsoid's half axes.

    The standard deviation is that of the hypotheses around their weighted mean. The longest axis is the first.
    """
    shares = weights / weights.sum()
    away = hypotheses - mean_pose(hypotheses, weights)
    covariance = np.einsum("k,kji,kjl->jil", shares, away, away)
    variances, directions = np.linalg.eigh(covariance)
    return (directions * np.sqrt(np.clip(variances, 0.0, None))[:, None])[..., ::-1]


def thickened(ellipsoids: NDArray, least: float = THINNEST) -> NDArray:
    """Ellipsoids [J, 3, 3] whose half axes are at least so many mm, so that one without width can be seen."""
    left, sizes, right = np.linalg.svd(ellipsoids)
    return np.einsum("jia,ja,jak->jik", left, np.maximum(sizes, least), right)


def mean_pose(hypotheses: NDArray, weights: NDArray) -> NDArray:
    """The weighted mean of hypotheses [K, J, 3], [J, 3]."""
    return np.einsum("k,kji->ji", weights / weights.sum(), hypotheses)


# --- packing ----------------------------------------------------------------------------------------------------------


class Packer:
    """Collects arrays as 16-bit integers in one text. An array is then `[first number, how many]` in it."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int16]] = []
        self._known: dict[bytes, list[int]] = {}
        self._count = 0

    def add(self, values: NDArray) -> list[int]:
        """Where the rounded values are. Equal arrays are stored once. Raises ValueError for what no int16 holds."""
        rounded = np.rint(np.asarray(values, dtype=np.float64))
        if not (np.abs(rounded) <= FARTHEST).all():  # a NaN fails too
            raise ValueError(f"the viewer holds numbers up to {FARTHEST} (mm, or vertices of a mesh); one is beyond")
        part = rounded.astype("<i2").reshape(-1)
        key = part.tobytes()
        if key not in self._known:
            self._known[key] = [self._count, part.size]
            self._parts.append(part)
            self._count += part.size
        return self._known[key]

    def text(self) -> str:
        return base64.b64encode(b"".join(part.tobytes() for part in self._parts)).decode()


def packed(groups: Sequence[Group]) -> dict[str, Any]:
    """The groups as JSON for the scripts: words and single numbers as they are, arrays in one text."""
    packer = Packer()
    content = [
        {
            "title": group.title,
            "note": group.note,
            "framesPerSecond": group.frames_per_second,
            "scenes": [_scene(scene, packer) for scene in group.scenes],
        }
        for group in groups
    ]
    joints = {scene.hypotheses.shape[1] for group in groups for scene in group.scenes}
    skeletons = {str(count): _skeleton(SKELETONS[count]) for count in sorted(joints)}
    return {"groups": content, "skeletons": skeletons, "numbers": packer.text()}


def _scene(scene: Scene, packer: Packer) -> dict[str, Any]:
    several, errors, lens = len(scene.hypotheses) > 1, scene.errors, scene.lens
    ellipsoids = spread(scene.hypotheses, scene.weights) if several else None
    return {
        "label": scene.label,
        "note": scene.note,
        "joints": scene.hypotheses.shape[1],
        "hypotheses": packer.add(scene.hypotheses),
        "weights": _rounded(scene.weights / scene.weights.sum(), 4),
        "truth": None if scene.truth is None else packer.add(scene.truth),
        "error": None if scene.error is None else round(float(scene.error), 1),
        "errors": None if errors is None else _rounded(errors, 1),
        "mean": packer.add(mean_pose(scene.hypotheses, scene.weights)) if several else None,
        "ellipsoids": None if ellipsoids is None else packer.add(thickened(ellipsoids)),
        "spread": None if ellipsoids is None else _rounded(np.linalg.norm(ellipsoids[..., 0], axis=-1), 0),
        "input": None if scene.keypoints_2d is None else _rounded(scene.keypoints_2d.reshape(-1), 1),
        "lens": lens and {
            "root": _rounded(lens.root, 1), "focal": _rounded(lens.focal_length, 2), "center": _rounded(lens.center, 2)
        },
        "up": _rounded(np.array([0.0, -1.0, 0.0]) if scene.up is None else scene.up, 5),
        "meshes": [
            {
                "label": mesh.label,
                "vertices": packer.add(mesh.vertices),
                "cells": packer.add(mesh.cells),
                "corners": mesh.cells.shape[1],
            }
            for mesh in scene.meshes
        ],
    }  # fmt: skip


def _skeleton(skeleton: Skeleton) -> dict[str, Any]:
    sides = ["left" if j in skeleton.left else "right" if j in skeleton.right else "middle" for j in
             range(skeleton.joint_count)]  # fmt: skip
    return {"names": skeleton.names, "parents": skeleton.parents, "sides": sides}


def _rounded(values: NDArray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
