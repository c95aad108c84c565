"""lifting.examples: which seconds of the test poses are kept to be played, and what is kept of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.geometry.camera import Camera
from pipeline.geometry.poses import PoseSet
from pipeline.lifting.data import LiftingData
from pipeline.lifting.examples import TAKE_HYPOTHESES, TAKE_POSES, middle_of_longest_take, take
from pipeline.lifting.outputs import PoseMixture

CAMERA = Camera(1000, 1000, (1000, 1000), (500, 500), (0, 0, 0), (0, 0), (1, 0, 0, 0), (0, 0, 0))


def pose_set(takes: list[tuple[int, int, int]]) -> PoseSet:
    """Poses of (take, camera, how many frames), shuffled; frames are counted in fives."""
    random = np.random.default_rng(0)
    rows = np.array([(name, camera, 5 * frame) for name, camera, count in takes for frame in range(count)])
    rows = rows[random.permutation(len(rows))]
    joints = random.normal([0, 0, 4000], 300, (len(rows), 17, 3)).astype(np.float32)
    names = sorted({name for name, _, _ in takes})
    return PoseSet(
        keypoints_2d=(1000 * joints[..., :2] / joints[..., 2:] + 500).astype(np.float32),
        joints_3d=joints,
        camera=rows[:, 1].astype(np.int16),
        subject=np.zeros(len(rows), dtype=np.int16),
        action=rows[:, 0].astype(np.int16),
        take=rows[:, 0].astype(np.int16),
        frame=rows[:, 2].astype(np.int32),
        cameras=[CAMERA, CAMERA],
        subjects=["S9"],
        actions=[f"action {name}" for name in names],
        takes=[f"take {name}" for name in names],
    ).check()


def test_the_middle_of_what_one_camera_saw_of_the_longest_take_is_chosen() -> None:
    poses = pose_set([(0, 0, 40), (1, 0, 130), (1, 1, 160), (2, 0, 159)])
    rows = middle_of_longest_take(poses)
    assert set(poses.take[rows]) == {1} and set(poses.camera[rows]) == {1}
    assert poses.frame[rows].tolist() == list(range(5 * 30, 5 * 130, 5)) and len(rows) == TAKE_POSES


def test_a_short_take_is_kept_whole() -> None:
    poses = pose_set([(0, 0, 12), (0, 1, 12)])
    rows = middle_of_longest_take(poses)
    assert poses.frame[rows].tolist() == list(range(0, 60, 5)) and set(poses.camera[rows]) == {0}


def test_the_likeliest_hypotheses_of_each_frame_are_kept_in_whole_millimetres() -> None:
    data = LiftingData.from_pose_set(pose_set([(0, 0, 12)]))
    generator = torch.Generator().manual_seed(0)
    kernels = TAKE_HYPOTHESES + 2
    means = torch.randn(len(data), kernels, 16, 3, generator=generator)
    logits = torch.randn(len(data), kernels, generator=generator)

    def predict(rows: slice | Tensor) -> PoseMixture:
        return PoseMixture(means, torch.ones(len(data), kernels, 1, 1), logits, "pose").select(rows)

    kept = take(predict, data)
    rows = middle_of_longest_take(data.pose_set)
    weights = logits[rows].double().softmax(dim=1).numpy()
    order = np.argsort(-weights, axis=1)[:, :TAKE_HYPOTHESES]
    expected = np.take_along_axis(means[rows].numpy(), order[:, :, None, None], axis=1)
    expected[:, :, 0] = 0
    assert kept["take_hypotheses"].dtype == np.int16
    assert kept["take_hypotheses"] == pytest.approx(1000 * expected, abs=0.51)
    assert kept["take_weights"] == pytest.approx(np.take_along_axis(weights, order, axis=1))
    mean = (weights[:, :, None, None] * means[rows].numpy()).sum(axis=1)
    mean[:, 0] = 0
    assert kept["take_pose"] == pytest.approx(1000 * mean, abs=0.51)
    assert (str(kept["take_name"]), str(kept["take_action"])) == ("take 0", "action 0")
    truth = data.pose_set.joints_3d[rows][:, data.joints.numpy()]
    assert kept["take_truth"] == pytest.approx(truth - truth[:, :1], abs=0.51)
