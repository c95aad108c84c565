import numpy as np
import pytest
import torch

from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.lift.dataset import LiftData, joint_choice


@pytest.fixture
def pose_set() -> PoseSet:
    """Ten poses; joint j of pose n lies at (n, j, 4000 + j) mm and at pixel (100 j, 50 n)."""
    count, joints = np.meshgrid(np.arange(10.0), np.arange(17.0), indexing="ij")
    indices = np.arange(10) % 2
    return PoseSet(
        keypoints_2d=np.stack([100 * joints, 50 * count], axis=-1).astype(np.float32),
        joints_3d=np.stack([count, joints, 4000 + joints], axis=-1).astype(np.float32),
        camera=(np.arange(10) % 4).astype(np.int16),
        subject=indices.astype(np.int16),
        action=indices[::-1].astype(np.int16),
        take=np.zeros(10, np.int16),
        frame=np.arange(10, dtype=np.int32),
        cameras=human36m.rig("S1"),
        subjects=["S9", "S11"],
        actions=["Walking", "Sitting"],
        takes=["a"],
    )


def test_sixteen_joints_leave_the_neck_out(pose_set):
    data = LiftData.from_pose_set(pose_set)
    expected = [joint for joint in range(17) if joint != HUMAN36M_17.names.index("Neck/Nose")]
    assert joint_choice(HUMAN36M_16) == expected
    assert torch.equal(data.targets[0, :, 1] * 1000, torch.tensor(expected, dtype=torch.float32))
    assert LiftData.from_pose_set(pose_set, skeleton=HUMAN36M_17).targets.shape == (10, 17, 3)


def test_targets_are_metres_from_the_root(pose_set):
    targets = LiftData.from_pose_set(pose_set).targets
    assert torch.equal(targets[:, 0], torch.zeros(10, 3))
    assert torch.allclose(targets[7, 3], torch.tensor([0.0, 0.003, 0.003]))


def test_inputs_are_normalised_by_the_picture_of_their_own_camera(pose_set):
    inputs = LiftData.from_pose_set(pose_set).inputs
    assert pose_set.cameras[0].height == 1002 and pose_set.cameras[1].height == 1000
    for pose, height in ((4, 1002), (5, 1000)):
        x, y = inputs[pose, 2].tolist()
        assert x == pytest.approx(200 / 1000 * 2 - 1)
        assert y == pytest.approx(50 * pose / 1000 * 2 - height / 1000, abs=1e-6)


def test_every_takes_an_even_sample_of_all_its_parts(pose_set):
    part = LiftData.from_pose_set(pose_set).every(5)
    assert part.pose_set.frame.tolist() == [0, 2, 4, 6, 8]
    assert len(part) == 5 and part.targets[1, 1, 1] == pytest.approx(0.001)
    assert part.subject.tolist() == part.pose_set.subject.tolist()
    assert len(LiftData.from_pose_set(pose_set).every(1000)) == 10


def test_a_skeleton_with_another_joint_count_is_refused():
    chain = Skeleton(name="chain", names=("a", "b"), parents=(-1, 0), left=(), right=(), groups=())
    with pytest.raises(ValueError, match="chain"):
        joint_choice(chain)
