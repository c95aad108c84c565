"""body.collapse: meshes stay closed and in shape, vertices where they were, and the same mesh gives the same result."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.body import collapse


def sphere(rounds: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """An octahedron whose triangles are quartered `rounds` times, on the unit sphere."""
    corners = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    faces = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)]
    vertices = [np.array(corner, dtype=np.float64) for corner in corners]
    middles: dict[tuple[int, int], int] = {}

    def middle(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in middles:
            middles[key] = len(vertices)
            between = vertices[a] + vertices[b]
            vertices.append(between / np.linalg.norm(between))
        return middles[key]

    for _ in range(rounds):
        quartered = []
        for a, b, c in faces:
            ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
            quartered += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        faces = quartered
    return np.array(vertices), np.array(faces)


def is_closed(faces: NDArray[np.int64]) -> bool:
    """Every directed edge once, and its reverse too."""
    edges = np.concatenate([faces[:, [i, (i + 1) % 3]] for i in range(3)])
    once = {(int(a), int(b)) for a, b in edges}
    return len(once) == len(edges) and all((b, a) in once for a, b in once)


def volume(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> float:
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float((np.cross(a, b) * c).sum() / 6)


def test_a_sphere_stays_closed_and_round() -> None:
    vertices, faces = sphere(4)
    for count, (kept, fewer) in zip((500, 100), collapse.collapse(vertices, faces, (500, 100)), strict=True):
        assert len(kept) == count and (np.diff(kept) > 0).all()
        assert len(fewer) == 2 * (count - 2) and set(np.unique(fewer)) == set(range(count))
        assert is_closed(fewer)
        assert volume(vertices[kept], fewer) == pytest.approx(4 / 3 * np.pi, rel=0.1)


def test_what_is_flat_goes_first() -> None:
    """The eight corners of a finely divided cube stay."""
    steps = 6
    places: dict[tuple[int, ...], int] = {}
    faces = []
    for axis in range(3):
        for level in (0, steps):
            for u in range(steps):
                for v in range(steps):
                    quad = []
                    for du, dv in ((0, 0), (1, 0), (1, 1), (0, 1)):
                        place = [0, 0, 0]
                        place[axis], place[(axis + 1) % 3], place[(axis + 2) % 3] = level, u + du, v + dv
                        quad.append(places.setdefault(tuple(place), len(places)))
                    quad = quad if level else quad[::-1]
                    faces += [[quad[0], quad[1], quad[2]], [quad[0], quad[2], quad[3]]]
    vertices = np.array(list(places), dtype=np.float64)
    ((kept, fewer),) = collapse.collapse(vertices, np.array(faces), (8,))
    assert sorted(map(tuple, vertices[kept])) == sorted(
        (x, y, z) for x in (0, steps) for y in (0, steps) for z in (0, steps)
    )
    assert is_closed(fewer) and volume(vertices[kept], fewer) == pytest.approx(steps**3)


def test_the_same_mesh_gives_the_same_result() -> None:
    first, second = (collapse.collapse(*sphere(3), (60,)) for _ in range(2))
    for one, other in zip(first[0], second[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_mesh_that_cannot_shrink_further_says_so() -> None:
    vertices, faces = sphere(0)
    with pytest.raises(ValueError, match=r"no edge can go at [456] vertices; 3 were asked for"):
        collapse.collapse(vertices, faces, (3,))
