"""Triangles to pixels, for many small meshes at once: a depth test over flat arrays, without a loop over triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EDGE = 1e-3  # how far outside a triangle, in units of it, a pixel still counts: neighbours leave no cracks
DEPTH_STEP = 1e-6  # m, to which depths are compared
NEAREST = 64.0  # m; all depths lie within +-NEAREST
FACE_BITS = 20


@dataclass(frozen=True)
class Raster:
    """What is seen in the pixels of N crops, one after the other and row by row: crop n starts at `first[n]`."""

    face: NDArray[np.int64]  # [P] the triangle in front; -1: none
    depth: NDArray[np.float32]  # [P] m, larger is nearer; -inf: nothing
    first: NDArray[np.int64]  # [N + 1]
    sizes: NDArray[np.int64]  # [N, 2] width, height

    def crop(self, mesh: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Faces and depths [H, W] of one crop."""
        part, shape = slice(self.first[mesh], self.first[mesh + 1]), self.sizes[mesh, ::-1]
        return self.face[part].reshape(shape), self.depth[part].reshape(shape)

    def mesh(self) -> NDArray[np.int64]:
        """[P] to which mesh a pixel belongs."""
        return np.repeat(np.arange(len(self.sizes)), np.diff(self.first))


def rasterise(
    points: NDArray[np.float32], depth: NDArray[np.float32], faces: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Raster:
    """Draws meshes of one topology: points [N, V, 2] in pixels of each mesh's own crop (x right, y down).

    depth [N, V] in metres, larger is nearer; faces [F, 3], counter-clockwise seen from outside, and only those that
    show their outside are drawn; sizes [N, 2]. Pixel (i, j) is sampled at its centre (i + 0.5, j + 0.5).
    """
    assert points.shape[:2] == depth.shape and len(sizes) == len(points) and len(faces) < 1 << FACE_BITS
    first = np.concatenate([[0], np.cumsum(sizes.prod(axis=1))])
    x, y = points[..., 0], points[..., 1]
    one, two, three = faces.T
    edges = [values[:, end] - values[:, one] for end in (two, three) for values in (x, y)]  # [N, F] each
    twice = edges[0] * edges[3] - edges[1] * edges[2]  # negative where the outside shows: y points down
    mesh, face = np.nonzero(twice < -1e-6)
    corners = [mesh * points.shape[1] + end[face] for end in (one, two, three)]
    (x1, x2, x3), (y1, y2, y3), (z1, z2, z3) = ([v.ravel()[c] for c in corners] for v in (x, y, depth))
    left, wide = _covered(x1, x2, x3, sizes[mesh, 0])
    top, tall = _covered(y1, y2, y3, sizes[mesh, 1])
    count = wide * tall
    triangle = np.repeat(np.arange(len(face), dtype=np.int32), count)
    within = np.arange(len(triangle), dtype=np.int32) - np.repeat(np.cumsum(count, dtype=np.int32) - count, count)
    row, column = np.divmod(within, wide[triangle])
    column += left[triangle]
    row += top[triangle]
    # The pixel's centre as corner 1 + u (corner 2 - corner 1) + v (corner 3 - corner 1), linear in column and row.
    bx, by, cx, cy = (edge[mesh, face] / twice[mesh, face] for edge in edges)
    along, down = column + np.float32(0.5) - x1[triangle], row + np.float32(0.5) - y1[triangle]
    u = along * cy[triangle] - down * cx[triangle]
    v = down * bx[triangle] - along * by[triangle]
    inside = np.flatnonzero((u >= -EDGE) & (v >= -EDGE) & (u + v <= 1 + EDGE))
    triangle, u, v = triangle[inside], u[inside], v[inside]
    z = z1[triangle] + u * (z2 - z1)[triangle] + v * (z3 - z1)[triangle]
    pixel = first[mesh[triangle]] + row[inside] * sizes[mesh[triangle], 0] + column[inside]
    key = ((z + NEAREST) / DEPTH_STEP).astype(np.int64) << FACE_BITS | face[triangle]
    best = np.full(first[-1], -1, dtype=np.int64)
    np.maximum.at(best, pixel, key)
    empty = best < 0
    nearest = (best >> FACE_BITS).astype(np.float64) * DEPTH_STEP - NEAREST
    return Raster(
        face=np.where(empty, -1, best & ((1 << FACE_BITS) - 1)),
        depth=np.where(empty, -np.inf, nearest).astype(np.float32),
        first=first,
        sizes=sizes,
    )


def _covered(
    one: NDArray[np.float32], two: NDArray[np.float32], three: NDArray[np.float32], size: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First pixel and number of pixels, 0 to `size`, whose centres lie between the outermost of three coordinates."""
    low = np.ceil(np.minimum(np.minimum(one, two), three) - 0.5)
    high = np.floor(np.maximum(np.maximum(one, two), three) - 0.5)
    first = np.maximum(low, 0).astype(np.int32)
    last = np.minimum(high, size - 1).astype(np.int32)
    return first, np.maximum(last - first + 1, 0)
