"""data/motion/human36m: what each camera sees of takes written here, from either set of files."""

from __future__ import annotations

import json
from pathlib import Path

import human36m_files as files
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from pipeline.artifacts import InputError
from pipeline.data.motion.human36m import load
from pipeline.data.motion.human36m import takes as human36m_takes
from pipeline.data.motion.settings import Human36mMotion
from pipeline.geometry import human36m as calibration
from pipeline.geometry.camera import Camera
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17

CAMERAS = ["54138969", "55011271", "58860488", "60457274"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    files.write_prepared(folder / "human36m" / "data_3d_h36m.npz", files.everyone())
    return folder


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    for subject, takes in files.everyone(official=True).items():
        files.write_released(folder / "human36m", subject, takes)
    return folder


@pytest.fixture(scope="module")
def loaded(prepared: Path) -> dict[str, PoseSet]:
    return load(Human36mMotion(frames_per_second=50), prepared, progress=False)[0]


def image(camera: Camera, world: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Joints [J, 3] of the world (mm) in the camera's frame and in its image, one after the other."""
    w, *imaginary = np.array(camera.orientation) / np.linalg.norm(camera.orientation)
    x, y, z = imaginary
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + 2 * w * skew + 2 * skew @ skew  # Rodrigues' formula in a quaternion's terms: camera to world
    inside, pixels = [], []
    for joint in world:
        point = turn.T @ (joint - camera.translation)
        u, v = point[:2] / point[2]
        radius = u * u + v * v
        k1, k2, k3 = camera.radial_distortion
        p1, p2 = camera.tangential_distortion
        scale = 1 + k1 * radius + k2 * radius**2 + k3 * radius**3 + p1 * u + p2 * v
        inside.append(point)
        pixels.append(
            (
                camera.focal_length[0] * (u * scale + p1 * radius) + camera.center[0],
                camera.focal_length[1] * (v * scale + p2 * radius) + camera.center[1],
            )
        )
    return np.array(inside), np.array(pixels)


def rows_of(poses: PoseSet, subject: str, take: str, camera: str) -> NDArray[np.int64]:
    chosen = (
        (poses.subject == poses.subjects.index(subject))
        & (poses.take == poses.takes.index(take))
        & (np.array([entry.id for entry in poses.cameras])[poses.camera] == camera)
    )
    return np.flatnonzero(chosen)


@pytest.mark.parametrize(
    ("split", "subject", "take"),
    [
        ("train", "S1", "Photo 1"),
        ("train", "S8", "Sitting"),
        ("test", "S9", "WalkDog"),
        ("test", "S11", "Directions 1"),
    ],
)
@pytest.mark.parametrize("number", range(4))
def test_every_camera_sees_the_joints_where_they_are(
    loaded: dict[str, PoseSet], split: str, subject: str, take: str, number: int
) -> None:
    poses = loaded[split]
    camera = calibration.rig(subject)[number]
    assert camera.id == CAMERAS[number]
    rows = rows_of(poses, subject, take, camera.id)
    assert len(rows) == files.frame_count(subject, take)
    world = 1000 * files.motion(len(rows), subject, take)[7]
    ordered = np.array([world[files.STANDING[name][0]] for name in HUMAN36M_17.names])
    joints_3d, keypoints_2d = image(camera, ordered)
    np.testing.assert_allclose(poses.joints_3d[rows[7]], joints_3d, atol=2e-3)  # mm
    np.testing.assert_allclose(poses.keypoints_2d[rows[7]], keypoints_2d, atol=2e-3)  # px
    assert poses.cameras[poses.camera[rows[7]]] == camera


def test_the_camera_looks_at_its_person(loaded: dict[str, PoseSet]) -> None:
    """The head is above the feet in the image, and the person stands some metres away, near the middle."""
    poses = loaded["train"]
    head, ankle = HUMAN36M_17.names.index("Head"), HUMAN36M_17.names.index("RAnkle")
    assert (poses.keypoints_2d[:, head, 1] < poses.keypoints_2d[:, ankle, 1]).all()
    assert ((poses.keypoints_2d > 100) & (poses.keypoints_2d < 900)).all()
    assert ((poses.joints_3d[:, 0, 2] > 3000) & (poses.joints_3d[:, 0, 2] < 7000)).all()


def test_the_releases_of_both_kinds_give_the_same_poses(
    loaded: dict[str, PoseSet], released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    splits, summary = load(Human36mMotion(frames_per_second=50), released, progress=False)
    for split, poses in splits.items():
        other = loaded[split]
        assert poses.cameras == other.cameras
        assert (poses.subjects, poses.actions, poses.takes) == (other.subjects, other.actions, other.takes)
        for name in ("camera", "subject", "action", "take", "frame"):
            np.testing.assert_array_equal(getattr(poses, name), getattr(other, name))
        np.testing.assert_allclose(poses.joints_3d, other.joints_3d, atol=2e-3)
        np.testing.assert_allclose(poses.keypoints_2d, other.keypoints_2d, atol=2e-3)
    assert summary["files"] == [f"Poses_D3_Positions_S{n}.tgz" for n in (1, 5, 6, 7, 8, 9, 11)]


def test_subjects_actions_and_takes(loaded: dict[str, PoseSet]) -> None:
    assert loaded["train"].subjects == ["S1", "S5", "S6", "S7", "S8"]
    assert loaded["test"].subjects == ["S9", "S11"]
    for poses in loaded.values():
        assert poses.actions == list(files.ACTIONS)
        assert poses.takes == [action + suffix for action in files.ACTIONS for suffix in ("", " 1")]
        named = [poses.takes[take].split(" ")[0] for take in poses.take]
        assert named == [poses.actions[action] for action in poses.action]
    test = loaded["test"]
    of_s11 = {test.takes[take] for take in test.take[test.subject == 1]}
    assert set(test.takes) - of_s11 == {"Directions"}


def test_rows_are_ordered_by_subject_take_camera_and_frame(loaded: dict[str, PoseSet]) -> None:
    for poses in loaded.values():
        columns = np.stack((poses.subject, poses.take, poses.camera, poses.frame), axis=1)
        assert (np.lexsort(columns.T[::-1]) == np.arange(len(poses))).all()
        assert len(np.unique(columns, axis=0)) == len(poses)
    takes = [action + suffix for action in files.ACTIONS for suffix in ("", " 1")]
    frames = sum(files.frame_count(s, take) for s in files.SUBJECTS[:5] for take in takes)
    assert len(loaded["train"]) == 4 * frames


def test_ten_frames_a_second_are_every_fifth_frame(prepared: Path, loaded: dict[str, PoseSet]) -> None:
    splits, summary = load(Human36mMotion(frames_per_second=10), prepared, progress=False)
    for split, poses in splits.items():
        whole = loaded[split].select(loaded[split].frame % 5 == 0)
        for name, values in poses.to_arrays().items():
            np.testing.assert_array_equal(values, whole.to_arrays()[name])
    assert set(splits["test"].frame.tolist()) == {0, 5, 10, 15, 20}
    assert summary["frames_per_second"] == 10


def test_the_summary_counts_and_is_json(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    splits, summary = load(Human36mMotion(frames_per_second=25), prepared, progress=False)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    test = summary["splits"]["test"]
    assert (test["takes"], test["views"], test["poses"], test["dropped"]) == (59, *[len(splits["test"])] * 2, {})
    assert test["subjects"]["S11"]["takes"] == 29
    assert test["actions"]["Photo"]["poses"] == (splits["test"].action == 5).sum()
    assert summary["source"] == "human36m"
    assert any("135,836" in warning for warning in summary["warnings"])
    assert [f"warning: {warning}" for warning in summary["warnings"]] == capsys.readouterr().err.splitlines()


def test_the_right_number_of_frames_needs_no_warning(
    prepared: Path, monkeypatch: pytest.MonkeyPatch, loaded: dict[str, PoseSet], capsys: pytest.CaptureFixture[str]
) -> None:
    for split, poses in loaded.items():
        monkeypatch.setitem(human36m_takes.FRAMES, split, len(poses) // 4)
    assert load(Human36mMotion(frames_per_second=10), prepared, progress=False)[1]["warnings"] == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("rate", [50, 25, 50 / 3, 12.5, 10, 1])
def test_rates_that_divide_fifty(rate: float) -> None:
    assert Human36mMotion(frames_per_second=rate).frames_per_second == rate


@pytest.mark.parametrize("rate", [0, -10, 30, 49, 51, 100, float("nan"), float("inf")])
def test_other_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValidationError, match=r"frames_per_second"):
        Human36mMotion(frames_per_second=rate)


def test_without_the_files_it_says_where_they_must_lie(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"licensed, cannot be downloaded for you.*data_3d_h36m\.npz"):
        load(Human36mMotion(frames_per_second=50), tmp_path, progress=False)
