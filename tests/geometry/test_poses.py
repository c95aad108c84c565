"""geometry.poses: checks of a pose set, its round trip through a file, selection and merging."""

import io
from dataclasses import replace

import numpy as np
import pytest

from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet, PoseSetError, concatenate


def pose_set(count: int = 6, subject: str = "S1", seed: int = 0) -> PoseSet:
    random = np.random.default_rng(seed)
    return PoseSet(
        keypoints_2d=random.uniform(0, 1000, (count, 17, 2)).astype(np.float32),
        joints_3d=random.normal(0, 300, (count, 17, 3)).astype(np.float32),
        camera=random.integers(0, 4, count).astype(np.int16),
        subject=np.zeros(count, dtype=np.int16),
        action=random.integers(0, 2, count).astype(np.int16),
        take=np.zeros(count, dtype=np.int16),
        frame=np.arange(count, dtype=np.int32),
        cameras=human36m.rig(subject),
        subjects=[subject],
        actions=["Walk", "Run"],
        takes=[f"{subject}_1"],
    )


def test_a_consistent_set_passes() -> None:
    poses = pose_set()
    assert poses.check() is poses
    assert len(poses) == 6


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("joints_3d", np.zeros((6, 16, 3), np.float32), r"joints_3d: expected shape \(6, 17, 3\)"),
        ("keypoints_2d", np.zeros((5, 17, 2), np.float32), "keypoints_2d: expected shape"),
        ("camera", np.zeros(4, np.int16), "camera: expected shape"),
        ("frame", np.zeros(6, np.int64), "frame: expected int32, got int64"),
        ("joints_3d", np.zeros((6, 17, 3)), "joints_3d: expected float32, got float64"),
        ("keypoints_2d", np.full((6, 17, 2), np.nan, np.float32), "keypoints_2d: not finite in row 0"),
        ("camera", np.array([0, 1, 2, 3, 4, 0], np.int16), "camera: row 4 points to entry 4 of 4 cameras"),
        ("action", np.array([0, -1, 0, 0, 0, 0], np.int16), "action: row 1 points to entry -1 of 2 actions"),
        ("takes", [], "take: row 0 points to entry 0 of 0 takes"),
    ],
)
def test_an_inconsistent_field_is_named(field: str, value: object, message: str) -> None:
    with pytest.raises(PoseSetError, match=message):
        replace(pose_set(), **{field: value}).check()


def assert_same(first: PoseSet, second: PoseSet) -> None:
    for name, values in vars(first).items():
        if isinstance(values, np.ndarray):
            np.testing.assert_array_equal(values, getattr(second, name))
        else:
            assert values == getattr(second, name)


def test_round_trip_through_a_file_without_pickle() -> None:
    poses, file = pose_set(), io.BytesIO()
    np.savez(file, **poses.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        assert_same(poses, PoseSet.from_arrays(dict(arrays)))


def test_a_missing_array_is_named() -> None:
    arrays = pose_set().to_arrays()
    del arrays["take"]
    with pytest.raises(PoseSetError, match="take: missing"):
        PoseSet.from_arrays(arrays)


def test_select_by_mask_slice_and_list() -> None:
    poses = pose_set()
    np.testing.assert_array_equal(poses.select(poses.frame >= 4).frame, [4, 5])
    np.testing.assert_array_equal(poses.select(slice(None, None, 3)).frame, [0, 3])
    chosen = poses.select([5, 0]).check()
    np.testing.assert_array_equal(chosen.joints_3d, poses.joints_3d[[5, 0]])


def test_concatenate_merges_tables_and_keeps_every_row() -> None:
    parts = [pose_set(subject="S1"), pose_set(4, "S5", seed=1), pose_set(3, "S1", seed=2)]
    parts[1].actions = ["Sit", "Walk"]
    together = concatenate(parts).check()
    assert together.subjects == ["S1", "S5"]
    assert together.actions == ["Walk", "Run", "Sit"]
    assert len(together.cameras) == 8  # the first and the third part have the same
    rows = [(part, row) for part in parts for row in range(len(part))]
    for index, (part, row) in enumerate(rows):
        assert together.cameras[together.camera[index]] == part.cameras[part.camera[row]]
        assert together.actions[together.action[index]] == part.actions[part.action[row]]
        assert together.takes[together.take[index]] == part.takes[part.take[row]]
        np.testing.assert_array_equal(together.joints_3d[index], part.joints_3d[row])


def test_concatenating_nothing_is_refused() -> None:
    with pytest.raises(PoseSetError, match="no pose sets"):
        concatenate([])
