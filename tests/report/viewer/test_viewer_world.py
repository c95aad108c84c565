"""report.viewer.world: the camera, the vertical and the meshes of a pose that is among the test poses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand_made import Maker
from scipy.spatial.transform import Rotation

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.geometry.skeleton import KEEP_16
from pipeline.report.viewer.world import World

DOWN = 20.0  # degrees below the horizon: where the camera looks
# The camera looks along the world's y; then it is tilted around its own x axis. Its y axis points down.
LEVEL = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])  # camera axes to world axes
AXES = LEVEL @ Rotation.from_euler("x", -DOWN, degrees=True).as_matrix()


@pytest.fixture
def run(make: Callable[..., Maker]) -> Run:
    """Ten test poses, seen by one camera; bodies were fitted to the frames, which are in another order."""
    found = make().run
    random = np.random.default_rng(0)
    poses = random.normal([0, 0, 4000], 400, (10, 17, 3)).astype(np.float32)
    x, y, z, w = Rotation.from_matrix(AXES).as_quat()
    camera = {"orientation": [w, x, y, z], "focal_length": [1145.0, 1143.0], "center": [512.0, 515.0]}
    tables = np.frombuffer(json.dumps({"cameras": [camera]}).encode(), dtype=np.uint8)
    arrays: dict[str, np.ndarray] = {"joints_3d": poses, "camera": np.zeros(10, dtype=np.int16), "tables": tables}
    artifacts.write_arrays(found.layout.motion_split("test"), arrays)
    fits = {
        "row_frame": np.arange(10)[::-1],
        "usable": np.arange(10) != 0,  # the frame of the last pose
        "meshes": random.normal(0, 0.4, (10, 5, 3)).astype(np.float16),
    }
    artifacts.write_arrays(found.layout.mesh_split("test"), fits)
    chain = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]])
    graphs = {
        "coarse_real": np.array([True, False, True]),
        "coarse_adjacency": np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0], [0.5, 0.0, 1.0]]),
        "fine_real": np.array([True, True, True]),
        "fine_adjacency": chain,
    }
    artifacts.write_arrays(found.layout.mesh_graphs, graphs)
    return found


def about_root(run: Run, row: int) -> np.ndarray:
    pose = artifacts.read_arrays(run.layout.motion_split("test"))["joints_3d"][row]
    return pose - pose[0]


def test_a_pose_is_found_with_its_root_and_camera(run: Run) -> None:
    for joints in (list(range(17)), list(KEEP_16)):
        found = World.read(run).find(about_root(run, 3)[joints])
        assert found
        lens, up = found
        root = artifacts.read_arrays(run.layout.motion_split("test"))["joints_3d"][3, 0]
        assert lens.root == pytest.approx(root) and list(lens.center) == [512.0, 515.0]
        # A camera that looks down sees what is up tilted towards itself: y down, z away.
        angle = np.radians(DOWN)
        assert up == pytest.approx([0.0, -np.cos(angle), -np.sin(angle)])


def test_a_pose_of_other_data_is_not_found(run: Run) -> None:
    world = World.read(run)
    assert world.find(about_root(run, 3) + 5.0) is None
    assert world.meshes(about_root(run, 3) + 5.0) == ()


def test_meshes_are_turned_into_the_cameras_axes(run: Run) -> None:
    coarse, fine = World.read(run).meshes(about_root(run, 3))
    nodes = 1000 * artifacts.read_arrays(run.layout.mesh_split("test"))["meshes"][6].astype(float)
    assert coarse.vertices @ AXES.T == pytest.approx(nodes[:2]) and fine.vertices @ AXES.T == pytest.approx(nodes[2:])
    assert coarse.cells.tolist() == [[0, 1]] and fine.cells.tolist() == [[0, 1], [1, 2]]
    assert coarse.label == "3 nodes (2 real), fitted"


def test_a_body_that_does_not_fit_is_not_shown(run: Run) -> None:
    assert World.read(run).meshes(about_root(run, 9)) == ()


def test_without_prepared_poses_nothing_is_found(make: Callable[..., Maker]) -> None:
    world = World.read(make().run)
    assert world.find(np.zeros((16, 3))) is None and world.meshes(np.zeros((17, 3))) == ()


def test_a_file_without_cameras_is_one_line(run: Run) -> None:
    path: Path = run.layout.motion_split("test")
    arrays = artifacts.read_arrays(path)
    del arrays["tables"]
    artifacts.write_arrays(path, arrays)
    with pytest.raises(InputError, match=r"no pose set .* run prepare_motion again"):
        World.read(run)


def test_a_predicted_mesh_is_shown_without_the_nodes_that_stand_for_nothing(run: Run) -> None:
    nodes = np.arange(9, dtype=np.float32).reshape(3, 3)
    (coarse,) = World.read(run).predicted({"coarse": nodes})
    assert coarse.label == "3 nodes (2 real), predicted"
    assert coarse.vertices.tolist() == (1000 * nodes[[0, 2]]).tolist() and coarse.cells.tolist() == [[0, 1]]
    assert World.empty().predicted({"coarse": nodes}) == ()
