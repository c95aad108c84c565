"""Drawing a triangle mesh: Lambert shading with smooth normals, no back faces, far triangles under near ones.

Points are in body axes (y up, the person faces +z, x to the person's left; metres). There is no perspective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

SKIN = "#CAD6E6"
PALE = "#F0F0F1"  # for a mesh that something is drawn over
GHOST = "#E8EAED"

# Where light comes from, as the viewer sees it (right, up, towards the viewer), and how strong it is.
LIGHTS = (((-0.5, 0.6, 0.8), 0.78), ((0.85, -0.1, 0.3), 0.2))
AMBIENT = 0.2
EDGE = 0.3  # how much darker a surface seen edge-on is, which outlines an arm in front of the trunk
SHADOW = np.array([0.30, 0.33, 0.42])  # a colour without light is multiplied by this: bluish, never black
ROUNDNESS = 0.7  # 0: flat triangles; 1: curved as far as the normals at their corners say


@dataclass(frozen=True)
class View:
    """The viewer's direction, in degrees. Azimuth 0 is in front of the person, 90 at the left; elevation 0 is level."""

    azimuth: float = 0.0
    elevation: float = 0.0

    def __call__(self, points: ArrayLike) -> NDArray:
        """Points or directions [..., 3] as the viewer sees them: to the right, up, towards the viewer."""
        x, y, z = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        across = x * math.cos(azimuth) - z * math.sin(azimuth)
        near = x * math.sin(azimuth) + z * math.cos(azimuth)
        up = y * math.cos(elevation) - near * math.sin(elevation)
        return np.stack((across, up, near * math.cos(elevation) + y * math.sin(elevation)), axis=-1)


def from_world(points: ArrayLike) -> NDArray:
    """World axes (z up) [..., 3] as body axes (y up). A person who faces -y in the world faces +z."""
    x, y, z = np.moveaxis(np.asarray(points, dtype=np.float64), -1, 0)
    return np.stack((x, z, -y), axis=-1)


def draw(
    axes: Axes,
    vertices: ArrayLike,  # [V, 3]
    faces: ArrayLike,  # [F, 3], corners anticlockwise as seen from outside
    view: View,
    color: str = SKIN,
    rounds: int = 1,
) -> None:
    """Draw a mesh. Each round cuts every triangle into four, for smoother shading and outlines."""
    corners, normals = _rounded(view(vertices), np.asarray(faces), rounds)
    (ax, ay), (bx, by) = ((corners[:, k, :2] - corners[:, 0, :2]).T for k in (1, 2))
    facing = ax * by - ay * bx > 0
    corners, normals = corners[facing], _unit(normals[facing].mean(axis=1))
    order = np.argsort(corners[..., 2].mean(axis=1), kind="stable")
    colors = _shaded(normals[order], color)
    _add(axes, corners[order, :, :2], colors, 0.35)


def silhouette(axes: Axes, vertices: ArrayLike, faces: ArrayLike, view: View, color: str = GHOST) -> None:
    """The mesh as a flat shape of one colour."""
    _add(axes, view(vertices)[np.asarray(faces), :2], color, 0.6)


def _add(axes: Axes, triangles: NDArray, colors: NDArray | str, width: float) -> None:
    """Triangles [F, 3, 2], the last on top. Edges in the same colour close the hairlines between triangles.

    An SVG has them as pixels: as paths, ten thousand triangles would take megabytes.
    """
    corners: Any = triangles  # matplotlib asks for a list, and is quicker with an array
    axes.add_collection(PolyCollection(corners, facecolors=colors, edgecolors=colors, lw=width, rasterized=True))


def frame(axes: Axes, low: ArrayLike, high: ArrayLike) -> None:
    """Show the frame between two corners [2] (across, up), undistorted and as large as the axes allow."""
    (left, bottom), (right, top) = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")


def bounds(*points: ArrayLike, margin: float = 0.04) -> tuple[NDArray, NDArray]:
    """The corners [2] of the smallest frame around all points [..., 2 or more], with a margin in metres."""
    flat = np.concatenate([np.asarray(some, dtype=float)[..., :2].reshape(-1, 2) for some in points])
    return flat.min(axis=0) - margin, flat.max(axis=0) + margin


def _rounded(vertices: NDArray, faces: NDArray, rounds: int) -> tuple[NDArray, NDArray]:
    """Corners and unit normals of all triangles, both [F 4^rounds, 3, 3].

    Phong tessellation (Boubekeur and Alexa, 2008): the middle of an edge moves towards the tangent planes at
    its ends. Neighbours share an edge's ends, so they share its middle and no gap opens.
    """
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # weighs a face by its area
    sums = [np.bincount(faces.reshape(-1), np.repeat(across[:, axis], 3), len(vertices)) for axis in range(3)]
    normals = _unit(np.stack(sums, axis=-1))[faces]
    for _ in range(rounds):
        ends, end_normals = np.roll(corners, -1, axis=1), np.roll(normals, -1, axis=1)
        half = (ends - corners) / 2
        bulge = _along(half, end_normals) - _along(half, normals)  # what the two planes add to the middle
        middles, middle_normals = (corners + ends) / 2 + ROUNDNESS / 2 * bulge, _unit(normals + end_normals)
        corners, normals = _quartered(corners, middles), _quartered(normals, middle_normals)
    return corners, normals


def _quartered(corners: NDArray, middles: NDArray) -> NDArray:
    """Three triangles at the corners and one between, from [F, 3, 3] and the middles of edges 01, 12, 20."""
    at_corners = [np.stack((corners[:, k], middles[:, k], middles[:, k - 1]), axis=1) for k in range(3)]
    return np.concatenate((*at_corners, middles))


def _along(vectors: NDArray, normals: NDArray) -> NDArray:
    return (vectors * normals).sum(axis=-1, keepdims=True) * normals


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _shaded(normals: NDArray, color: str) -> NDArray:
    """The RGB colours [F, 3] of a surface of this colour with these normals [F, 3], in the viewer's axes."""
    light = np.full(len(normals), AMBIENT)
    for direction, strength in LIGHTS:
        light += strength * np.maximum(normals @ _unit(np.array(direction)), 0.0)
    light *= 1 - EDGE * (1 - np.clip(normals[:, 2], 0.0, 1.0)) ** 2
    share = np.clip(light, 0.0, 1.0)[:, None]
    return np.array(to_rgb(color)) * (share + (1 - share) * SHADOW)
