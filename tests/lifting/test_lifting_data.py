import numpy as np
import pytest
import torch

from pipeline.artifacts import map_arrays, write_arrays
from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.lifting.data import LiftingData, joint_choice, semgcn_protocol_2


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
    data = LiftingData.from_pose_set(pose_set)
    expected = [joint for joint in range(17) if joint != HUMAN36M_17.names.index("Neck/Nose")]
    assert joint_choice(HUMAN36M_16) == expected
    assert torch.equal(data.targets[0, :, 1] * 1000, torch.tensor(expected, dtype=torch.float32))
    assert LiftingData.from_pose_set(pose_set, skeleton=HUMAN36M_17).targets.shape == (10, 17, 3)


def test_targets_are_metres_from_the_root(pose_set):
    targets = LiftingData.from_pose_set(pose_set).targets
    assert torch.equal(targets[:, 0], torch.zeros(10, 3))
    assert torch.allclose(targets[7, 3], torch.tensor([0.0, 0.003, 0.003]))


def test_inputs_are_normalised_by_the_picture_of_their_own_camera(pose_set):
    inputs = LiftingData.from_pose_set(pose_set).inputs
    assert pose_set.cameras[0].height == 1002 and pose_set.cameras[1].height == 1000
    for pose, height in ((4, 1002), (5, 1000)):
        x, y = inputs[pose, 2].tolist()
        assert x == pytest.approx(200 / 1000 * 2 - 1)
        assert y == pytest.approx(50 * pose / 1000 * 2 - height / 1000, abs=1e-6)


def test_every_takes_an_even_sample_of_all_its_parts(pose_set):
    part = LiftingData.from_pose_set(pose_set).every(5)
    assert part.pose_set.frame.tolist() == [0, 2, 4, 6, 8]
    assert len(part) == 5 and part.targets[1, 1, 1] == pytest.approx(0.001)
    assert part.subject.tolist() == part.pose_set.subject.tolist()
    assert len(LiftingData.from_pose_set(pose_set).every(1000)) == 10


def test_a_skeleton_with_another_joint_count_is_refused():
    chain = Skeleton(name="chain", names=("a", "b"), parents=(-1, 0), left=(), right=(), groups=())
    with pytest.raises(ValueError, match="chain"):
        joint_choice(chain)


# --- batches ----------------------------------------------------------------------------------------------------------


def equal(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_slice_a_list_of_rows_and_the_whole_agree(pose_set):
    data = LiftingData.from_pose_set(pose_set)
    whole = data.inputs, data.targets
    assert equal(data.batch(slice(3, 8)), (part[3:8] for part in whole))
    assert equal(data.batch(slice(3, 8)), data.batch(torch.arange(3, 8)))
    rows = torch.tensor([9, 0, 5, 5])
    assert equal(data.batch(rows), (part[rows] for part in whole))
    assert [part.shape for part in data.batch(slice(0, 0))] == [(0, 16, 2), (0, 16, 3)]


def test_mapped_poses_give_the_same_batches(pose_set, tmp_path):
    write_arrays(tmp_path / "train.npz", pose_set.to_arrays())
    mapped = LiftingData.from_pose_set(PoseSet.from_arrays(map_arrays(tmp_path / "train.npz")))
    assert isinstance(mapped.pose_set.joints_3d, np.memmap)
    # Not a copy: what is written into the mapping appears in the tensor.
    mapped.pose_set.joints_3d[9, 16] = 7
    assert mapped.joints_3d[9, 16].tolist() == [7, 7, 7]
    mapped.pose_set.joints_3d[9, 16] = pose_set.joints_3d[9, 16]
    loaded = LiftingData.from_pose_set(pose_set)
    for rows in (slice(0, 10), torch.tensor([8, 1])):
        assert equal(mapped.batch(rows), loaded.batch(rows))
    assert torch.equal(mapped.action, loaded.action) and torch.equal(mapped.subject, loaded.subject)


# --- SemGCN's own second protocol -------------------------------------------------------------------------------------


def poses_of(subjects: list[str], subject: list[int], first_frame: int) -> PoseSet:
    """Poses whose pixels, place and frame are their number, counted from `first_frame`."""
    count = len(subject)
    number = np.arange(first_frame, first_frame + count)
    zeros = np.zeros(count, np.int16)
    return PoseSet(
        keypoints_2d=np.broadcast_to(number[:, None, None], (count, 17, 2)).astype(np.float32),
        joints_3d=np.broadcast_to(number[:, None, None], (count, 17, 3)).astype(np.float32),
        camera=zeros,
        subject=np.array(subject, np.int16),
        action=zeros,
        take=zeros,
        frame=number.astype(np.int32),
        cameras=human36m.rig("S1")[:1],
        subjects=subjects,
        actions=["Walking"],
        takes=["a"],
    )


def test_protocol_2_trains_on_all_subjects_but_the_last_and_tests_on_every_64th_frame():
    train = poses_of(["S1", "S5"], [0, 1, 1], first_frame=1000)
    test = poses_of(["S9", "S11"], [0] * 2 + [1] * 130 + [0] * 3, first_frame=0)
    train_2, test_2 = semgcn_protocol_2(train, test)
    assert [train_2.subjects[s] for s in train_2.subject] == ["S1", "S5", "S5"] + ["S9"] * 5
    assert train_2.frame.tolist() == [1000, 1001, 1002, 0, 1, 132, 133, 134]
    assert train_2.joints_3d[:, 4, 2].tolist() == train_2.frame.tolist()
    assert [test_2.subjects[s] for s in test_2.subject] == ["S11"] * 3
    assert test_2.frame.tolist() == [2, 66, 130]
    assert test_2.keypoints_2d[:, 16, 0].tolist() == [2, 66, 130]
    assert (len(train), len(test)) == (3, 135)  # as they were
    train_2.check()
    test_2.check()


def test_protocol_2_of_one_test_subject_adds_nothing():
    train = poses_of(["S1"], [0, 0], first_frame=0)
    test = poses_of(["S11"], [0] * 65, first_frame=0)
    train_2, test_2 = semgcn_protocol_2(train, test)
    assert (train_2.frame.tolist(), test_2.frame.tolist()) == ([0, 1], [0, 64])
