"""report.figures.bodies and .mesh: what is drawn of bodies, graphs and fits, and from where it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand_made import Maker
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.coarsening import mesh_graphs
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import bodies, mesh, style
from pipeline.report.figures.mesh import View
from pipeline.report.metrics import DetectionResults, Results

DRAWS = {"body": bodies.draw_body, "graphs": bodies.draw_graphs, "fits": bodies.draw_fits}
CUBE = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6]])
CUBE = np.concatenate([CUBE, [[0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]])[:, ::-1]  # corner 4x + 2y + z, outwards
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)


def ball(rings: int = 12, around: int = 16) -> tuple[NDArray, NDArray]:
    """A sphere's vertices [V, 3] and outward faces [F, 3]."""
    polar, turn = np.meshgrid(
        np.pi * np.arange(1, rings) / rings, 2 * np.pi * np.arange(around) / around, indexing="ij"
    )
    flat = np.stack((np.sin(polar) * np.sin(turn), np.cos(polar), np.sin(polar) * np.cos(turn)), axis=-1).reshape(-1, 3)
    vertices = np.concatenate((flat, [[0, 1, 0], [0, -1, 0]]))
    i, j = (index.reshape(-1) for index in np.meshgrid(np.arange(rings - 2), np.arange(around), indexing="ij"))
    a, b, c, d = (k * around + m % around for k, m in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)))
    first, last = np.arange(around), (rings - 2) * around + np.arange(around)
    caps = [
        np.stack((np.full(around, len(flat)), first, np.roll(first, -1)), axis=1),
        np.stack((np.full(around, len(flat) + 1), np.roll(last, -1), last), axis=1),
    ]
    return vertices, np.concatenate([np.stack((a, b, c), axis=1), np.stack((a, c, d), axis=1), *caps])


@pytest.fixture
def built(make: Callable[..., Maker]) -> Run:
    """A preset whose body is an egg, with graphs and three fits."""
    run = make().run
    vertices, faces = ball()
    egg = vertices * [0.3, 0.9, 0.2]
    graphs = mesh_graphs(faces, len(vertices), levels=4)
    joints = {f"{scale}_joint": np.full(len(real), 4, dtype=np.int8) for scale, real in _real(graphs.to_arrays())}
    drawn = {
        "faces": faces.astype(np.int32),
        "t_pose": egg,
        "shapes": egg * np.array([[0.9, 1.1], [0.8, 1.0], [1.0, 1.2]])[..., None, None],
        "poses": np.stack([egg] * 5),
        "pose_names": np.array(["walking", "sitting", "arms up", "kicking", "bowing"]),
        "coarse_rest": graphs.coarse.average @ egg,
        "fine_rest": graphs.fine.average @ egg,
    }
    artifacts.write_arrays(run.layout.body_file("drawings.npz"), drawn)
    artifacts.write_arrays(run.layout.body_file("graphs.npz"), graphs.to_arrays() | joints)
    folder = run.layout.targets("meshes")
    measured = np.random.default_rng(0).normal(0, 0.3, (3, 17, 3))
    fits = {
        "faces": faces.astype(np.int32),
        "vertices": np.stack([egg[:, [0, 2, 1]]] * 3),
        "joints": measured,
        "fitted": measured + 0.01,
        "residual": np.array([4.04, 7.5, 21.0]),
        "label": np.array(["best, Walking", "median, Sitting", "worst, Photo"]),
    }
    artifacts.write_arrays(folder / "drawings.npz", fits)
    return run


def _real(arrays: dict[str, NDArray]) -> list[tuple[str, NDArray]]:
    return [(scale, arrays[f"{scale}_real"]) for scale in ("coarse", "fine")]


def drawn(name: str, run: Run) -> Figure:
    with style.applied():
        return DRAWS[name](Evidence(run, Results("demo", {}), DetectionResults("demo", {})))


def collections(figure: Figure, kind: type) -> list:
    return [found for axes in figure.axes for found in axes.collections if type(found) is kind]


# --- the figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("body", {"T-pose, mean shape", "shape 1", "shape 3", "−2.5", "+2.5", "arms up", "1.62 m", "1.98 m"}),
        ("graphs", set()),
        ("fits", {"best, Walking, 4.0 mm", "worst, Photo, 21.0 mm", "measured (left, right)"}),
    ],
)
def test_what_stands_on_a_figure(built: Run, tmp_path: Path, name: str, expected: set[str]) -> None:
    style.write(drawn(name, built), tmp_path, name)
    svg = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
    assert expected <= {text.strip() for text in re.findall(r"<!--(.*?)-->", svg, flags=re.DOTALL)}
    assert len(svg) < 1_000_000  # triangles are dots, not paths


@pytest.mark.parametrize(("name", "count"), [("body", 12), ("graphs", 4), ("fits", 6)])
def test_how_many_bodies_are_drawn(built: Run, name: str, count: int) -> None:
    assert len(collections(drawn(name, built), PolyCollection)) == count


def test_the_same_bytes_every_time(built: Run, tmp_path: Path) -> None:
    for folder in ("one", "other"):
        style.write(drawn("fits", built), tmp_path / folder, "fits")
    for kind in ("png", "svg"):
        assert (tmp_path / "one" / f"fits.{kind}").read_bytes() == (tmp_path / "other" / f"fits.{kind}").read_bytes()


def test_graphs_show_real_nodes_and_each_edge_once(built: Run) -> None:
    arrays = artifacts.read_arrays(built.layout.body_file("graphs.npz"))
    expected = []
    for scale in ("fine", "coarse"):
        entries = arrays[f"{scale}_adjacency"] > 0
        expected += 2 * [(int(arrays[f"{scale}_real"].sum()), int(np.triu(entries, k=1).sum()))]
    figure = drawn("graphs", built)
    nodes = [len(found.get_offsets()) for found in collections(figure, PathCollection)]
    edges = [len(found.get_segments()) for found in collections(figure, LineCollection)]
    assert list(zip(nodes, edges, strict=True)) == expected
    assert f"{expected[0][0]} of them real, {expected[0][1]} edges" in figure.texts[0].get_text()


def test_a_graph_without_joints_is_grey(built: Run) -> None:
    arrays = artifacts.read_arrays(built.layout.body_file("graphs.npz"))
    assert set(bodies._sides(arrays, "fine")) == {style.VERMILION}  # joint 4 is the left hip
    del arrays["fine_joint"]
    assert set(bodies._sides(arrays, "fine")) == {style.GREY}


def test_fits_are_seen_from_where_they_face() -> None:
    """Measured hips along the world's -x (the person's left there): who looks along -y is at azimuth 0, turned by 90 in
    the world by 90 in the view."""
    joints = np.zeros((17, 3))
    joints[HUMAN36M_17.names.index("LHip"), 0] = 0.1
    joints[HUMAN36M_17.names.index("RHip"), 0] = -0.1
    assert bodies._heading(mesh.from_world(joints)) == pytest.approx(0.0)
    turned = joints @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    assert bodies._heading(mesh.from_world(turned)) == pytest.approx(90.0)


def test_more_than_three_fits_take_another_row(built: Run) -> None:
    path = built.layout.targets("meshes") / "drawings.npz"
    arrays = artifacts.read_arrays(path)
    low = drawn("fits", built).get_figheight()
    artifacts.write_arrays(path, {n: v if n == "faces" else np.concatenate([v, v[:1]]) for n, v in arrays.items()})
    figure = drawn("fits", built)
    assert len(collections(figure, PolyCollection)) == 8
    assert figure.get_figheight() > 1.5 * low


@pytest.mark.parametrize("name", DRAWS)
def test_without_a_body_the_reason_is_given(make: Callable[..., Maker], name: str) -> None:
    run = make().run
    stage = "fit_body" if name == "fits" else "build_body"
    with pytest.raises(NotRunError, match=f"{stage} was not run$"):
        drawn(name, run)


def test_a_missing_array_is_one_line(built: Run) -> None:
    path = built.layout.body_file("drawings.npz")
    arrays = artifacts.read_arrays(path)
    del arrays["shapes"]
    artifacts.write_arrays(path, arrays)
    with pytest.raises(InputError, match=r"drawings\.npz: shapes: missing; run build_body again"):
        drawn("body", built)


# --- drawing a mesh ---------------------------------------------------------------------------------------------------


def test_from_the_front_the_persons_left_is_on_the_right() -> None:
    left_hand, nose = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]
    assert View()(left_hand) == pytest.approx([1, 0, 0])
    assert View()(nose) == pytest.approx([0, 0, 1])
    assert View(90)(left_hand) == pytest.approx([0, 0, 1])  # seen from the left, the left hand is nearest
    assert View(90)(nose) == pytest.approx([-1, 0, 0])
    assert View(0, 90)([0.0, 1.0, 0.0]) == pytest.approx([0, 0, 1])  # seen from above, the head is


def test_a_view_keeps_lengths_and_handedness() -> None:
    seen = View(33, 21)(np.eye(3))
    assert seen @ seen.T == pytest.approx(np.eye(3))
    assert np.linalg.det(seen) == pytest.approx(1.0)


def test_the_world_stands_upright() -> None:
    assert mesh.from_world([[0, 0, 2.0], [0, -1.0, 0], [1.0, 0, 0]]) == pytest.approx(
        np.array([[0, 2.0, 0], [0, 0, 1.0], [1.0, 0, 0]])
    )


def polygons(view: View, vertices: NDArray, faces: NDArray, rounds: int = 0) -> PolyCollection:
    axes = Figure().add_subplot()
    mesh.draw(axes, vertices, faces, view, rounds=rounds)
    (found,) = axes.collections
    assert isinstance(found, PolyCollection)
    return found


def test_only_the_faces_that_look_at_the_viewer_are_drawn() -> None:
    assert len(polygons(View(), CORNERS, CUBE).get_paths()) == 2  # one side of a cube
    assert len(polygons(View(30, 20), CORNERS, CUBE).get_paths()) == 6  # three of them
    assert len(polygons(View(), *ball(), rounds=2).get_paths()) == pytest.approx(16 * len(ball()[1]) / 2, rel=0.05)


def test_near_triangles_are_drawn_last() -> None:
    far, near = np.array([[0, 0, -1.0], [1, 0, -1], [0, 1, -1]]), np.array([[0, 0, 1.0], [2, 0, 1], [0, 2, 1]])
    drawn = polygons(View(), np.concatenate((near, far)), np.array([[0, 1, 2], [3, 4, 5]]))
    assert [path.vertices.max() for path in drawn.get_paths()] == [1.0, 2.0]


def test_rounding_makes_a_coarse_ball_rounder() -> None:
    """The middles of a ball's edges move outwards, and no further than the ball."""
    vertices, faces = ball(6, 8)
    flat, _ = mesh._rounded(vertices, faces, 0)
    middles = (flat + np.roll(flat, -1, axis=1)) / 2
    corners, normals = mesh._rounded(vertices, faces, 1)
    assert len(corners) == 4 * len(faces)
    radius = np.linalg.norm(corners, axis=-1)
    assert np.linalg.norm(middles, axis=-1).min() < radius.min() and radius.max() < 1.03
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1.0)
    assert ((normals * corners).sum(axis=-1) > 0.9).all()


def test_what_faces_the_light_is_brighter() -> None:
    light = np.array(mesh.LIGHTS[0][0])
    towards, away = mesh._shaded(np.stack((light / np.linalg.norm(light), [0.0, -1.0, 0.0])), mesh.SKIN)
    assert (towards > 1.5 * away).all() and (away > 0.2).all() and (towards <= 1).all()
