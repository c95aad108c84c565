"""lifting.generalization: PCK, AUC and MPJPE by scene, by hand and against what HGN's Table 7 prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.geometry.camera import Camera
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.lifting import generalization
from pipeline.lifting.data import LiftingData
from pipeline.lifting.generalization import COUNTED

SCENES = ("studio with green screen", "studio without green screen", "outdoor")
CAMERA = Camera(1000, 1000, (1000, 1000), (500, 500), (0, 0, 0), (0, 0), (1, 0, 0, 0), (0, 0, 0))


def lifting_data(scenes: list[int], skeleton: Skeleton = HUMAN36M_16) -> LiftingData:
    """A pose of whole millimetres for each scene's number."""
    draw = np.random.default_rng(0)
    joints = draw.integers(-500, 500, (len(scenes), 17, 3)) + np.array((0, 0, 4000))
    zeros = np.zeros(len(scenes), dtype=np.int16)
    pose_set = PoseSet(
        keypoints_2d=np.zeros((len(scenes), 17, 2), dtype=np.float32),
        joints_3d=joints.astype(np.float32),
        camera=zeros,
        subject=zeros,
        action=np.array(scenes, dtype=np.int16),
        take=zeros,
        frame=np.arange(len(scenes), dtype=np.int32),
        cameras=[CAMERA],
        subjects=["TS1"],
        actions=list(SCENES),
        takes=["TS1"],
    )
    return LiftingData.from_pose_set(pose_set, "cpu", skeleton)


def evaluate(predict: Callable[[slice], torch.Tensor], data: LiftingData, **options: Any) -> dict[str, Any]:
    return generalization.evaluate(predict, data, "mpi_inf_3dhp", **options).model_dump(by_alias=True)


def off_by(data: LiftingData, errors: torch.Tensor) -> Callable[[slice], torch.Tensor]:
    """Predictions whose joints lie `errors` [N, J] mm from the truth, along y."""

    def predict(rows: slice) -> torch.Tensor:
        offset = torch.zeros(len(errors), data.skeleton.joint_count, 3, dtype=torch.float64)
        offset[..., 1] = errors.double() / 1000
        return data.batch(rows)[1].double() + offset[rows]

    return predict


def joint(name: str, skeleton: Skeleton = HUMAN36M_16) -> int:
    return skeleton.names.index(name)


def test_the_counted_joints_are_the_test_sets_first_fourteen() -> None:
    """Head top, neck and limbs; neither the root nor what lies between it and the neck."""
    assert len(COUNTED) == len(set(COUNTED)) == 14
    assert set(HUMAN36M_17.names) - set(COUNTED) == {"Hip", "Spine", "Neck/Nose"}


@pytest.mark.parametrize("skeleton", [HUMAN36M_16, HUMAN36M_17])
def test_a_perfect_prediction(skeleton: Skeleton) -> None:
    data = lifting_data([0, 0, 1, 2], skeleton)
    result = evaluate(lambda rows: data.batch(rows)[1], data)
    perfect = {"pck": 100.0, "auc": pytest.approx(100 * 30 / 31), "mpjpe": 0.0}
    poses = dict(zip(SCENES, (2, 1, 1), strict=True))
    assert result["data"] == "mpi_inf_3dhp"
    assert result["scenes"] == {scene: {**perfect, "poses": count} for scene, count in poses.items()}
    assert result["all"] == {**perfect, "poses": 4}


def test_by_hand() -> None:
    """One pose: the head 40 mm off, a wrist 149 mm, a knee 151 mm, the rest of the counted joints right."""
    data = lifting_data([2])
    errors = torch.zeros(1, 16)
    for name, error in (("Head", 40.0), ("LWrist", 149.0), ("RKnee", 151.0)):
        errors[0, joint(name)] = error
    measures = evaluate(off_by(data, errors), data)["all"]
    assert measures["pck"] == pytest.approx(100 * 13 / 14)
    # Thresholds above the error, of 31: 30 for each of 11 right joints, 22 (45 ... 150) for 40 mm, 1 for 149 mm.
    assert measures["auc"] == pytest.approx(100 * (11 * 30 + 22 + 1 + 0) / (14 * 31))
    assert measures["mpjpe"] == pytest.approx((40 + 149 + 151) / 16)


def test_an_error_of_150_mm_is_a_miss() -> None:
    data = lifting_data([0])
    for error, percent in ((149.99, 100.0), (150.01, 0.0)):
        assert evaluate(off_by(data, torch.full((1, 16), error)), data)["all"]["pck"] == percent


def test_uncounted_joints_count_only_where_asked_for() -> None:
    data = lifting_data([0], HUMAN36M_17)
    errors = torch.zeros(1, 17)
    for name in ("Spine", "Neck/Nose"):
        errors[0, joint(name, HUMAN36M_17)] = 170.0
    predict = off_by(data, errors)
    assert evaluate(predict, data)["all"]["pck"] == 100
    every = evaluate(predict, data, counted=HUMAN36M_17.names)["all"]
    assert every["pck"] == pytest.approx(100 * 15 / 17)
    assert every["mpjpe"] == evaluate(predict, data)["all"]["mpjpe"] == pytest.approx(2 * 170 / 17)


def test_every_frame_weighs_the_same_as_in_table_7() -> None:
    """HGN's PCK by scene, on as many frames as the test set has in it, give its PCK over all: 85.2, not 84.9."""
    frames, published = (603 + 540, 505 + 553, 276 + 452), (87.0, 84.9, 82.7)
    data = lifting_data([number for number, count in enumerate(frames) for _ in range(count)])
    errors = torch.zeros(len(data), 16)
    counted = [joint(name) for name in COUNTED]
    start = 0
    for count, percent in zip(frames, published, strict=True):
        wrong = round(count * 14 * (1 - percent / 100))
        row, column = np.divmod(np.arange(wrong), 14)
        errors[start + row, torch.tensor(counted)[column]] = 200.0
        start += count
    result = evaluate(off_by(data, errors), data)
    assert [round(result["scenes"][scene]["pck"], 1) for scene in SCENES] == list(published)
    assert [result["scenes"][scene]["poses"] for scene in SCENES] == list(frames)
    assert round(result["all"]["pck"], 1) == 85.2
    assert result["all"]["poses"] == 2929


def test_predictions_are_asked_for_in_order_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of a few rows give what one slice gives, scenes mixed or not."""
    data = lifting_data([2, 0, 1, 0, 2, 2, 0])
    predict = off_by(data, torch.rand(7, 16, generator=torch.Generator().manual_seed(0)) * 300)
    whole = evaluate(predict, data)
    asked = []
    monkeypatch.setattr(generalization, "POSES_AT_ONCE", 3)
    parts = evaluate(lambda rows: asked.append((rows.start, rows.stop)) or predict(rows), data)
    assert asked == [(0, 3), (3, 6), (6, 7)]
    assert parts == whole


def test_a_scene_without_a_pose_is_left_out() -> None:
    data = lifting_data([2, 2])
    result = evaluate(lambda rows: data.batch(rows)[1], data)
    assert list(result["scenes"]) == ["outdoor"]
    assert result["scenes"]["outdoor"] == result["all"]


def test_subjects_are_measured_alone() -> None:
    """One actor's three poses are 40 mm off, the other's one is right; a third actor has none."""
    data = lifting_data([0, 1, 2, 2])
    pose_set = replace(data.pose_set, subject=np.array([0, 0, 0, 1], np.int16), subjects=["bd", "bk", "dg"])
    data = LiftingData.from_pose_set(pose_set, "cpu")
    errors = torch.zeros(4, 16)
    errors[:3] = 40.0
    found = generalization.evaluate(off_by(data, errors), data, "hdm05")
    assert found.data == "hdm05" and list(found.subjects) == ["bd", "bk"]
    assert [(one.poses, round(one.mpjpe, 3)) for one in found.subjects.values()] == [(3, 40.0), (1, 0.0)]
    assert found.value("bd", "mpjpe") == pytest.approx(40) and found.value("dg", "mpjpe") is None
    assert found.value("outdoor", "mpjpe") == pytest.approx(20) and found.everywhere.mpjpe == pytest.approx(30)


def test_no_pose_or_an_unknown_joint() -> None:
    data = lifting_data([])
    with pytest.raises(ValueError, match="no pose"):
        evaluate(lambda rows: data.batch(rows)[1], data)
    with pytest.raises(ValueError, match="no joint 'Neck/Nose' to count"):
        evaluate(lambda rows: data.batch(rows)[1], data, counted=HUMAN36M_17.names)
