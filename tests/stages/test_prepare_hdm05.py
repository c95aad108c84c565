"""HDM05 as a preset's other data set: made clips, measured by actor and kind, with each variant's own 2D joints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import planned
import pytest
from acclaim_files import write_hdm05

from pipeline import config
from pipeline.data.motion import keypoint_noise
from pipeline.geometry.poses import read_poses
from pipeline.lifting import reading
from pipeline.report.readers_lifting import ACTORS, KINDS

MADE = Path("data/tiny/motion/hdm05")
POSES = 233 * 4  # one frame of each clip, seen by four cameras
SETTINGS = """variants: all
generalization: hdm05
keypoints:
  stacked_hourglass:
    source: noise
    spread: {trunk: 1.0, head: 1.0, hip: 1.0, knee: 1.0, ankle: 1.0, shoulder: 1.0, elbow: 1.0, wrist: 1.0}
    degrees_of_freedom: 3
    swap: 0.01
    miss: 0.01
  cascaded_pyramid_network:
    source: file"""


@pytest.fixture
def prepared(folder: Path) -> Path:
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("variants: all", SETTINGS))
    write_hdm05(folder / "data" / "raw", frames=1)
    assert planned.stage("prepare_generalization") == 0
    return folder


def test_every_actor_and_every_kind_is_measured(prepared: Path) -> None:
    (found, _) = (seed["generalization"] for seed in planned.measure("lifting", "mean_pose", seeds=(0, 1))["seeds"])
    assert found["data"] == "hdm05" and found["all"]["poses"] == POSES
    assert sorted(found["scenes"]) == sorted(KINDS) and sorted(found["subjects"]) == sorted(ACTORS)
    # The mean pose of the training, against these poses, in a few lines of numpy.
    poses = read_poses(MADE / "test.npz")
    keep = [joint for joint in range(17) if joint != 9]
    train = np.load("data/tiny/motion/ground_truth/train.npz")["joints_3d"]
    mean = (train[:, keep] - train[:, :1]).mean(axis=0)
    errors = np.linalg.norm(poses.joints_3d[:, keep] - poses.joints_3d[:, :1] - mean, axis=-1)
    for names, rows, part in ((KINDS, poses.action, "scenes"), (ACTORS, poses.subject, "subjects")):
        table = poses.actions if part == "scenes" else poses.subjects
        for name in names:
            chosen = errors[rows == table.index(name)]
            assert found[part][name]["mpjpe"] == pytest.approx(chosen.mean(), rel=1e-5)
            assert found[part][name]["poses"] == len(chosen)


def test_a_variant_has_the_2d_joints_that_it_was_trained_with(prepared: Path) -> None:
    run = config.load("tiny", prepared)
    poses = read_poses(MADE / "test.npz")
    true, noisy, by_file = (
        reading.read_generalization(run, run.variant(name), "cpu")
        for name in ("semgcn_17", "semgcn_sh", "semgcn_17_cpn")
    )
    assert true is not None and noisy is not None
    np.testing.assert_array_equal(true.keypoints_2d, poses.keypoints_2d)
    settings = run.preset.keypoints["stacked_hourglass"]
    expected = keypoint_noise.spoil(poses.keypoints_2d, settings, stream=2)  # type: ignore[arg-type]
    np.testing.assert_array_equal(noisy.keypoints_2d, expected)
    assert not np.array_equal(noisy.keypoints_2d, poses.keypoints_2d)
    np.testing.assert_array_equal(noisy.joints_3d, poses.joints_3d)
    assert by_file is None  # a detector's file has no detections of HDM05


def test_the_download_brings_it_and_says_what_is_missing(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned.stage("download") == 0
    listed = json.loads((prepared / "data/tiny/download.json").read_text())
    assert len(listed) == 237
    missing = prepared / "data" / "raw" / listed[0]["path"]
    missing.unlink()
    capsys.readouterr()
    assert planned.stage("download") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and listed[0]["path"] in error and "write `generalization:` without a value" in error
