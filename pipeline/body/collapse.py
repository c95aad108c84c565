"""Simplifies a closed triangle mesh by half-edge collapses: a vertex is merged into a neighbour.

The remaining vertices keep their places, and so their skinning weights and shape components. The next edge is chosen by
quadric error (Garland and Heckbert, "Surface Simplification Using Quadric Error Metrics", 1997): the squared distances
between the new place of a vertex and the planes of all triangles that have been around it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Quadric = tuple[float, ...]  # xx xy xz xw yy yz yw zz zw ww of a symmetric 4 x 4 matrix
Point = tuple[float, float, float]

FLATTEST = 0.2  # cosine of the largest rotation of a triangle in one collapse
SMALLEST = 4  # vertices of a tetrahedron, the smallest closed mesh
LENGTH_WEIGHT = 1e-3  # of an edge's squared length in the error, so that short edges go first in flat regions


def collapse(
    vertices: NDArray[np.float64], faces: NDArray[np.int64], counts: Sequence[int]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each of the decreasing `counts`: the remaining vertices, ascending, and the triangles in the new numbering.

    The mesh stays closed and keeps its genus, so a body has 2 (V - 2) triangles. Ties go to the smaller indices, so the
    result is deterministic. Raises ValueError if no further edge can be collapsed.
    """
    mesh = _Mesh(vertices, faces)
    results = []
    for count in counts:
        mesh.shrink(count)
        results.append(mesh.result())
    return results


class _Mesh:
    def __init__(self, vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> None:
        self.places: list[Point] = [(x, y, z) for x, y, z in vertices.tolist()]
        self.faces: dict[int, tuple[int, int, int]] = {i: (a, b, c) for i, (a, b, c) in enumerate(faces.tolist())}
        self.faces_at: dict[int, set[int]] = {vertex: set() for vertex in range(len(vertices))}
        for index, face in self.faces.items():
            for vertex in face:
                self.faces_at[vertex].add(index)
        self.quadrics = _quadrics(vertices, faces)
        self.changes = [0] * len(vertices)  # an entry of the heap is outdated if one end has changed since
        self.heap: list[tuple[float, int, int, int, int]] = []
        for vertex in self.faces_at:
            for neighbour in sorted(self.around(vertex)):
                self.push(vertex, neighbour)

    def around(self, vertex: int) -> set[int]:
        return {other for face in self.faces_at[vertex] for other in self.faces[face]} - {vertex}

    def push(self, gone: int, kept: int) -> None:
        """Add the collapse of `gone` into `kept` to the heap."""
        x, y, z = self.places[kept]
        q, p = self.quadrics[gone], self.quadrics[kept]
        xx, xy, xz, xw, yy, yz, yw, zz, zw, ww = (a + b for a, b in zip(q, p, strict=True))
        error = x * (xx * x + 2 * (xy * y + xz * z + xw)) + y * (yy * y + 2 * (yz * z + yw)) + z * (zz * z + 2 * zw)
        u, v, w = self.places[gone]
        area = xx + yy + zz  # of the triangles around it, because normals are unit vectors
        error += ww + LENGTH_WEIGHT * area * ((x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2)
        heapq.heappush(self.heap, (error, gone, kept, self.changes[gone], self.changes[kept]))

    def shrink(self, count: int) -> None:
        while len(self.faces_at) > count:
            if not self.heap or len(self.faces_at) == SMALLEST:
                raise ValueError(f"no edge can go at {len(self.faces_at)} vertices; {count} were asked for")
            _, gone, kept, *changes = heapq.heappop(self.heap)
            fresh = (
                gone in self.faces_at and kept in self.faces_at and changes == [self.changes[gone], self.changes[kept]]
            )
            if fresh and self.allowed(gone, kept):
                self.slide(gone, kept)

    def allowed(self, gone: int, kept: int) -> bool:
        """Whether the mesh stays closed (the two ends share exactly two neighbours) and no triangle flips."""
        neighbours = self.around(kept)
        if gone not in neighbours or len(self.around(gone) & neighbours) != 2:
            return False
        for index in self.faces_at[gone] - self.faces_at[kept]:
            face = self.faces[index]
            before = _normal(*(self.places[vertex] for vertex in face))
            after = _normal(*(self.places[kept if vertex == gone else vertex] for vertex in face))
            lengths = _dot(before, before) * _dot(after, after)
            turn = _dot(before, after)
            if turn <= 0 or turn * turn < FLATTEST**2 * lengths:
                return False
        return True

    def slide(self, gone: int, kept: int) -> None:
        for index in self.faces_at.pop(gone):
            face = self.faces[index]
            if kept in face:
                del self.faces[index]
                for vertex in face:
                    if vertex != gone:
                        self.faces_at[vertex].discard(index)
            else:
                a, b, c = (kept if vertex == gone else vertex for vertex in face)
                self.faces[index] = a, b, c
                self.faces_at[kept].add(index)
        self.quadrics[kept] = tuple(a + b for a, b in zip(self.quadrics[gone], self.quadrics[kept], strict=True))
        # Entries between two neighbours keep their cost and stay in the heap.
        ring = sorted(self.around(kept))
        self.changes[kept] += 1
        for vertex in ring:
            self.push(vertex, kept)
            self.push(kept, vertex)

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        kept = np.array(sorted(self.faces_at), dtype=np.int64)
        faces = np.array([self.faces[index] for index in sorted(self.faces)], dtype=np.int64)
        return kept, np.searchsorted(kept, faces)


def _quadrics(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> list[Quadric]:
    """For each vertex, the sum over its triangles of area times the outer product of the plane with itself."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.maximum(doubled, 1e-20)
    planes = np.concatenate([normals, -(normals * a).sum(axis=1, keepdims=True)], axis=1)
    rows, columns = np.triu_indices(4)
    terms = planes[:, rows] * planes[:, columns] * doubled / 2
    sums = np.zeros((len(vertices), len(rows)))
    for corner in range(3):
        np.add.at(sums, faces[:, corner], terms)
    return [tuple(row) for row in sums.tolist()]


def _normal(a: Point, b: Point, c: Point) -> Point:
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


def _dot(a: Point, b: Point) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
