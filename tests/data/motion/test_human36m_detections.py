"""data/motion/human36m/detections.py: every pose gets what was seen of it, in Human3.6M's order of joints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import human36m_files as files
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.data.motion.human36m import load
from pipeline.data.motion.human36m.detections import read
from pipeline.data.motion.settings import Human36mMotion
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17

CAMERAS = ["54138969", "55011271", "58860488", "60457274"]
WITHOUT_NECK = [name for name in HUMAN36M_17.names if name != "Neck/Nose"]
# The stacked hourglass's 16 joints, as una-dinosauria's and SemGCN's code name them (foot for ankle).
HOURGLASS = (
    *("RAnkle", "RKnee", "RHip", "LHip", "LKnee", "LAnkle", "Hip", "Spine", "Thorax", "Head"),
    *("RWrist", "RElbow", "RShoulder", "LShoulder", "LElbow", "LWrist"),
)
# As the published files have them: VideoPose3D's for 17 joints and MPII's 16, SemGCN's for its 16.
SYMMETRY = {
    "17": [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]],
    "mpii": [[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]],
    "16": [[4, 5, 6, 10, 11, 12], [3, 2, 1, 13, 14, 15]],
}
NAMES: dict[str, Sequence[str]] = {"17": HUMAN36M_17.names, "mpii": HOURGLASS, "16": WITHOUT_NECK}
TAKES = ("Eating", "Photo 1", "WalkDog")
SUBJECTS = files.SUBJECTS


@pytest.fixture(scope="module")
def poses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PoseSet]:
    """Three takes per subject, at 10 frames per second."""
    folder = tmp_path_factory.mktemp("poses")
    subjects = {s: {take: files.motion(files.frame_count(s, take)) for take in TAKES} for s in SUBJECTS}
    files.write_prepared(folder / "human36m" / "data_3d_h36m.npz", subjects)
    return load(Human36mMotion(frames_per_second=10), folder, progress=False)[0]


def seen(subject: str, take: str, camera: int, joint: str, frame: int) -> tuple[float, float]:
    """What the detector saw, different for everything: exact in float32."""
    x = 5 + 100 * SUBJECTS.index(subject) + 30 * TAKES.index(take) + frame
    return float(x), 20.0 * HUMAN36M_17.names.index(joint) + camera


def detections(order: str, longer: int = 0, dtype: type = np.float32) -> dict[str, dict[str, Any]]:
    """Subject -> take -> four arrays [T, J, 2] of `longer` more frames than the poses have."""
    names = NAMES[order]
    subjects: dict[str, dict[str, Any]] = {}
    for subject in SUBJECTS:
        for take in TAKES:
            frames = range(files.frame_count(subject, take) + longer)
            subjects.setdefault(subject, {})[take] = [
                np.array([[seen(subject, take, c, name, frame) for name in names] for frame in frames], dtype=dtype)
                for c in range(4)
            ]
    return subjects


def write(path: Path, order: str, subjects: Any, protocol: int = 4, **metadata: Any) -> Path:
    known = {"num_joints": len(NAMES[order]), "keypoints_symmetry": SYMMETRY[order]}
    return files.write_npz(path, protocol, positions_2d=subjects, metadata=known | metadata)


def expected_of(poses: PoseSet, row: int, joint: str) -> tuple[float, float]:
    camera = CAMERAS.index(poses.cameras[poses.camera[row]].id)
    subject, take = poses.subjects[poses.subject[row]], poses.takes[poses.take[row]]
    return seen(subject, take, camera, joint, int(poses.frame[row]))


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("order", "protocol", "dtype"), [("17", 4, "f4"), ("mpii", 2, "f4"), ("16", 4, "f8")])
def test_every_pose_gets_what_was_seen_of_it(
    tmp_path: Path, poses: dict[str, PoseSet], split: str, order: str, protocol: int, dtype: Any
) -> None:
    path = write(
        tmp_path / "data_2d.npz", order, detections(order, longer=3, dtype=dtype), protocol, layout_name="h36m"
    )
    chosen = poses[split]
    found = read(path, chosen)
    assert (found.shape, found.dtype) == ((len(chosen), 17, 2), np.float32)
    for row in range(0, len(chosen), 5):
        for joint, name in enumerate(HUMAN36M_17.names):
            if name == "Neck/Nose" and order != "17":
                thorax, head = (np.array(expected_of(chosen, row, part)) for part in ("Thorax", "Head"))
                assert found[row, joint].tolist() == ((thorax + head) / 2).tolist()
            else:
                assert found[row, joint].tolist() == list(expected_of(chosen, row, name))


def test_rows_may_come_in_any_order_and_be_left_out(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    path = write(tmp_path / "data_2d.npz", "17", detections("17"))
    rows = np.random.default_rng(0).permutation(len(poses["train"]))[:50]
    np.testing.assert_array_equal(read(path, poses["train"].select(rows)), read(path, poses["train"])[rows])
    assert read(path, poses["train"].select(slice(0, 0))).shape == (0, 17, 2)


def test_subjects_and_takes_that_no_pose_needs_do_no_harm(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    """VideoPose3D's files also have the subjects without poses, S2 to S4, and may lack a view of S11's damaged take."""
    subjects = detections("17")
    subjects["S2"] = {"Anything": [None] * 4}
    subjects["S11"]["Directions"] = [None, *(np.zeros((3, 17, 2), np.float32) for _ in range(3))]
    path = write(tmp_path / "data_2d.npz", "17", subjects)
    np.testing.assert_array_equal(
        read(path, poses["test"]), read(write(tmp_path / "other.npz", "17", detections("17")), poses["test"])
    )


def test_either_spelling_of_a_take(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    respelled = {
        subject: {{"Photo 1": "TakingPhoto 1", "WalkDog": "WalkingDog"}.get(name, name): v for name, v in takes.items()}
        for subject, takes in detections("17").items()
    }
    ours = read(write(tmp_path / "one.npz", "17", detections("17")), poses["test"])
    np.testing.assert_array_equal(read(write(tmp_path / "two.npz", "17", respelled), poses["test"]), ours)


def test_swapped_joints_are_not_set_right(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    """Left and right wrist swapped in the file are swapped in what is read: nothing is guessed from the numbers."""
    subjects = detections("mpii")
    for takes in subjects.values():
        for views in takes.values():
            for view in views:
                view[:, [10, 15]] = view[:, [15, 10]]
    found = read(write(tmp_path / "data_2d.npz", "mpii", subjects), poses["test"])
    left, right = HUMAN36M_17.names.index("LWrist"), HUMAN36M_17.names.index("RWrist")
    assert found[3, left].tolist() == list(expected_of(poses["test"], 3, "RWrist"))
    assert found[3, right].tolist() == list(expected_of(poses["test"], 3, "LWrist"))


# --- files that can't be used -----------------------------------------------------------------------------------------


def test_a_missing_subject_or_take(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    subjects = detections("17")
    del subjects["S9"]["Photo 1"], subjects["S5"]
    path = write(tmp_path / "data_2d.npz", "17", subjects)
    with pytest.raises(InputError, match=r"data_2d\.npz: positions_2d has no take Photo 1 of S9"):
        read(path, poses["test"])
    with pytest.raises(InputError, match=r"data_2d\.npz: positions_2d has no takes of S5"):
        read(path, poses["train"])


def test_a_short_take(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    subjects = detections("17")
    last = int(poses["test"].frame[(poses["test"].subject == 1) & (poses["test"].take == 2)].max())
    subjects["S11"]["WalkDog"][2] = subjects["S11"]["WalkDog"][2][:last]
    path = write(tmp_path / "data_2d.npz", "17", subjects)
    where = rf"data_2d\.npz: S11 WalkDog, camera 58860488: detections of {last} frames, but the poses have frame {last}"
    with pytest.raises(InputError, match=where):
        read(path, poses["test"])


def test_cameras_missing(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    subjects = detections("17")
    del subjects["S9"]["Eating"][3]
    with pytest.raises(InputError, match="S9 Eating: expected detections of 4 cameras"):
        read(write(tmp_path / "one.npz", "17", subjects), poses["test"])
    subjects["S9"]["Eating"].insert(1, None)
    with pytest.raises(InputError, match=r"S9 Eating, camera 55011271: expected detections .*, got NoneType"):
        read(write(tmp_path / "two.npz", "17", subjects), poses["test"])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number(tmp_path: Path, poses: dict[str, PoseSet], value: float) -> None:
    subjects = detections("mpii")
    subjects["S9"]["Eating"][1][5, 13, 1] = value
    path = write(tmp_path / "data_2d.npz", "mpii", subjects)
    where = r"data_2d\.npz: S9 Eating, camera 55011271: frame 5, joint LShoulder: not a number"
    with pytest.raises(InputError, match=where):
        read(path, poses["test"])
    read(path, poses["train"])


@pytest.mark.parametrize("value", [0.0, -1.0, 9999.0])
def test_a_joint_that_was_not_found_is_named(tmp_path: Path, poses: dict[str, PoseSet], value: float) -> None:
    subjects = detections("17")
    subjects["S9"]["Eating"][2][5, 4] = value
    path = write(tmp_path / "data_2d.npz", "17", subjects)
    with pytest.raises(
        InputError, match=r"S9 Eating, camera 58860488: frame 5, joint LHip: \[.*\], which means not found"
    ):
        read(path, poses["test"])


def test_coordinates_that_are_no_pixels_are_refused(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    subjects = {
        s: {t: [view / 5000 for view in views] for t, views in takes.items()} for s, takes in detections("17").items()
    }
    with pytest.raises(InputError, match=r"coordinates from -1 to 1; detections must be in pixels"):
        read(write(tmp_path / "data_2d.npz", "17", subjects), poses["train"])


@pytest.mark.parametrize(
    ("view", "found"),
    [
        (np.zeros((40, 16, 2), np.float32), r"float32 \(40, 16, 2\)"),
        (np.zeros((40, 17, 3), np.float32), r"float32 \(40, 17, 3\)"),
        (np.zeros((40, 17, 2), np.int64), r"int64 \(40, 17, 2\)"),
        (np.float64(0), "float"),
    ],
)
def test_other_shapes(tmp_path: Path, poses: dict[str, PoseSet], view: NDArray, found: str) -> None:
    subjects = detections("17")
    subjects["S9"]["Photo 1"][0] = view
    path = write(tmp_path / "data_2d.npz", "17", subjects)
    where = rf"S9 Photo 1, camera 54138969: expected detections \[T, 17, 2\] \(Human3.6M's 17 joints\), got {found}"
    with pytest.raises(InputError, match=where):
        read(path, poses["test"])


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"num_joints": 15}, r"15 joints with \[4, 5, 6, 11, 12, 13\] on the left"),
        # COCO's 17 joints, as VideoPose3D's Detectron files have them.
        (
            {"keypoints_symmetry": [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]},
            "an unknown order; known",
        ),
        ({"keypoints_symmetry": SYMMETRY["17"][::-1]}, "an unknown order"),
        ({"keypoints_symmetry": 3}, "metadata without num_joints and keypoints_symmetry"),
        ({"num_joints": None}, "metadata without num_joints and keypoints_symmetry"),
    ],
)
def test_an_unknown_order_of_joints(
    tmp_path: Path, poses: dict[str, PoseSet], metadata: dict[str, Any], said: str
) -> None:
    path = write(tmp_path / "data_2d.npz", "17", detections("17"), **metadata)
    with pytest.raises(InputError, match=said):
        read(path, poses["test"])


def test_a_file_without_the_members(tmp_path: Path, poses: dict[str, PoseSet]) -> None:
    path = files.write_npz(tmp_path / "data_2d.npz", positions_2d=detections("17"))
    with pytest.raises(InputError, match="metadata is missing, it holds positions_2d"):
        read(path, poses["test"])
