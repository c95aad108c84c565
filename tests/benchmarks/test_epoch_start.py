"""Human3.6M's 1.56 million training poses, mapped from the disk: how soon an epoch starts, and what mapping costs."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import artifacts
from pipeline.config import LiftingVariant
from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet
from pipeline.lifting.checkpoints import seeded_model
from pipeline.lifting.data import LiftingData
from pipeline.lifting.task import LiftingTask

pytestmark = pytest.mark.benchmark

POSES = 1_559_752
SECONDS = 2.0
BATCH, BATCHES = 256, 400


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random poses in front of a camera, in a file of Human3.6M's size."""
    numbers, path = np.random.default_rng(0), tmp_path_factory.mktemp("poses") / "train.npz"
    joints_3d = numbers.standard_normal((POSES, 17, 3), dtype=np.float32) * 300 + np.float32([0, 0, 5000])
    index = np.zeros(POSES, dtype=np.int16)
    poses = PoseSet(
        keypoints_2d=joints_3d[..., :2] / joints_3d[..., 2:] * 1145 + 500,
        joints_3d=joints_3d,
        **dict.fromkeys(("camera", "subject", "action", "take"), index),
        frame=np.arange(POSES, dtype=np.int32),
        cameras=human36m.rig("S1"),
        subjects=["S1"],
        actions=["Walking"],
        takes=["only"],
    )
    artifacts.write_arrays(path, poses.check().to_arrays())
    return path


def seconds_for_batches(data: LiftingData) -> float:
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    start = time.perf_counter()
    for rows in order[: BATCH * BATCHES].split(BATCH):
        data.batch(rows)
    return time.perf_counter() - start


def test_an_epoch_starts_within_two_seconds(path: Path) -> None:
    small = LiftingVariant(paper="semgcn", title="small")
    model = seeded_model(small, 0)
    start = time.perf_counter()
    data = LiftingData.from_pose_set(PoseSet.from_arrays(artifacts.map_arrays(path)))
    task = LiftingTask(small, model, data, data)
    rows = torch.randperm(task.examples, generator=torch.Generator().manual_seed(0))[: task.batch_size]
    torch.stack(list(task.loss(rows, 0.0).values())).sum().backward()
    seconds = time.perf_counter() - start
    print(f"\nfrom file to the first gradient, {POSES:,} poses: {seconds:.2f} s")
    assert seconds < SECONDS


def test_mapped_poses_make_batches_about_as_fast_as_loaded_ones(path: Path) -> None:
    loaded = LiftingData.from_pose_set(PoseSet.from_arrays(artifacts.read_arrays(path)))
    mapped = LiftingData.from_pose_set(PoseSet.from_arrays(artifacts.map_arrays(path)))
    times = {name: min(seconds_for_batches(data) for _ in range(3)) for name, data in
             (("loaded", loaded), ("mapped", mapped))}  # fmt: skip
    print(f"\n{BATCHES} batches of {BATCH}: loaded {times['loaded']:.3f} s, mapped {times['mapped']:.3f} s")
    assert times["mapped"] < 2 * times["loaded"]
