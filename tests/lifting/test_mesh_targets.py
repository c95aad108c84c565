"""pipeline/lifting/mesh_targets.py and what is done with meshes: losses, errors, mirror images."""

from __future__ import annotations

import dataclasses

import mesh_files
import numpy as np
import pytest
import torch
from evaluated_poses import make_data
from torch import Tensor

from pipeline.geometry import human36m
from pipeline.lifting.data import LiftingData
from pipeline.lifting.errors import average_poses
from pipeline.lifting.losses import mesh_distances, mesh_mean_squared_errors, squared_distances
from pipeline.lifting.mesh_evaluation import DepthErrors, MeshErrors
from pipeline.lifting.mesh_targets import MeshBatch, MeshTargets
from pipeline.lifting.outputs import PoseAndMeshes
from pipeline.lifting.results import Error

CAMERAS = human36m.rig("S9")


def targets(poses: int = 60) -> MeshTargets:
    return MeshTargets.from_arrays(
        mesh_files.mesh_arrays(poses), mesh_files.graphs(), torch.arange(poses) % len(CAMERAS), CAMERAS
    )


def output(batch: MeshBatch, offset: Tensor) -> PoseAndMeshes:
    """A network that is off by `offset` [3] at every real node, and says anything at fake ones."""
    meshes = []
    for mesh, nodes, size in (
        (batch.coarse, batch.coarse_nodes, mesh_files.COARSE),
        (batch.fine, batch.fine_nodes, mesh_files.FINE),
    ):
        padded = torch.full((len(mesh), size, 3), 1e6)
        padded[:, nodes] = mesh + offset
        meshes.append(padded)
    return PoseAndMeshes(torch.zeros(len(batch.usable), 17, 3), *meshes)


def test_meshes_come_into_the_frame_of_the_camera_that_saw_the_pose() -> None:
    arrays, batch = mesh_files.mesh_arrays(60), targets().of(slice(0, 60))
    seen = torch.cat([batch.coarse, batch.fine], dim=1)
    for row in (0, 1, 2, 3, 17):
        world = torch.from_numpy(arrays["meshes"][row // 2]).float()
        camera = CAMERAS[row % len(CAMERAS)]
        root = world.new_tensor([100.0, 200.0, 300.0])
        expected = camera.to_camera(1000 * world + root) - camera.to_camera(root[None])
        torch.testing.assert_close(1000 * seen[row], expected, atol=0.01, rtol=1e-5)


def test_rows_can_be_chosen_before_or_in_a_batch() -> None:
    rows = torch.tensor([5, 50, 7])
    one, other = targets().select(rows).of(slice(0, 3)), targets().of(rows)
    for name in ("coarse", "fine", "usable"):
        assert torch.equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("meshes", np.zeros((30, 13, 3), np.float16), r"meshes: expected \[30, 14, 3\], found \[30, 13, 3\]"),
        ("row_frame", np.zeros(59, np.int32), "row_frame: 59 rows for 60 poses"),
    ],
)
def test_meshes_of_another_body_or_of_other_poses_are_refused(name: str, value: np.ndarray, message: str) -> None:
    arrays = mesh_files.mesh_arrays(60) | {name: value}
    with pytest.raises(ValueError, match=message):
        MeshTargets.from_arrays(arrays, mesh_files.graphs(), torch.zeros(60, dtype=torch.long), CAMERAS)


def test_eq_4_sums_over_real_nodes_of_both_meshes() -> None:
    batch, offset = targets().of(slice(0, 60)), torch.tensor([0.1, 0.0, -0.2])
    nodes = len(batch.coarse_nodes) + len(batch.fine_nodes)
    assert not batch.usable.all()
    assert mesh_distances(output(batch, offset), batch).item() == pytest.approx(nodes * 0.05, rel=1e-4)
    without = dataclasses.replace(output(batch, offset), fine=None)
    assert mesh_distances(without, batch).item() == pytest.approx(len(batch.coarse_nodes) * 0.05, rel=1e-4)
    pose = torch.zeros(60, 17, 3)
    assert squared_distances(pose + offset, pose).item() == pytest.approx(17 * 0.05, rel=1e-5)


def test_the_authors_loss_is_a_mean_over_coordinates() -> None:
    batch, offset = targets().of(slice(0, 60)), torch.tensor([0.1, 0.0, -0.2])
    assert mesh_mean_squared_errors(output(batch, offset), batch).item() == pytest.approx(2 * 0.05 / 3, rel=1e-4)


def test_a_body_that_does_not_fit_has_no_part_in_the_loss() -> None:
    batch = targets().of(slice(0, 60))
    wrong = output(batch, torch.zeros(3))
    assert wrong.coarse is not None and wrong.fine is not None
    wrong.coarse[~batch.usable] += 5.0
    wrong.fine[~batch.usable] += 5.0
    assert mesh_distances(wrong, batch).item() == pytest.approx(0.0, abs=1e-9)
    nobody = dataclasses.replace(batch, usable=torch.zeros_like(batch.usable))
    assert mesh_distances(wrong, nobody).item() == 0.0


def with_meshes() -> LiftingData:
    data = make_data()
    camera = torch.from_numpy(data.pose_set.camera).long()
    meshes = MeshTargets.from_arrays(
        mesh_files.mesh_arrays(len(data)), mesh_files.graphs(), camera, data.pose_set.cameras
    )
    return dataclasses.replace(data, meshes=meshes)


def test_mpvpe_is_over_usable_poses_and_action_by_action() -> None:
    data, errors = with_meshes(), MeshErrors()

    averaged = []

    def average(found: Tensor, actions: Tensor, _: LiftingData) -> Error:
        averaged.append((found, actions))
        return Error(action_average=0, frame_average=0, per_action={})

    for start in range(0, len(data), 16):
        rows = slice(start, min(start + 16, len(data)))
        errors.add(output(data.meshes.of(rows), torch.tensor([0.03, 0.0, 0.04])), data, rows)
    found = errors.result(average, data)
    usable = data.meshes.of(slice(0, len(data))).usable
    assert found is not None and found.coarse and found.fine and 0 < usable.sum() < len(data)
    assert len(averaged) == 2
    for measured, actions in averaged:
        expected = torch.full((int(usable.sum()),), 50.0).double()
        torch.testing.assert_close(measured.double(), expected, atol=0.05, rtol=0)
        assert torch.equal(actions, data.action[usable])


def test_a_network_without_meshes_has_no_mesh_errors() -> None:
    data, errors = with_meshes(), MeshErrors()
    errors.add(torch.zeros(len(data), 16, 3), data, slice(0, len(data)))
    assert errors.result(average_poses, data) is None


def test_depth_errors_tell_hidden_joints_from_seen_ones() -> None:
    data, errors = make_data(), DepthErrors()
    poses = data.targets.clone()
    poses[:, 1:, 2] += 0.02
    poses[:, 1:, 0] += 5.0  # across is no depth
    errors.add(poses, data, slice(0, len(data)))
    found = errors.result()
    assert found.visible_mm == pytest.approx(20.0, abs=0.01)
    assert found.occluded_mm is None or found.occluded_mm == pytest.approx(20.0, abs=0.01)
    assert found.occluded_share is not None and 0 <= found.occluded_share < 1
