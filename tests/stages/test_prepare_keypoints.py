"""A detector's 2D joints, from a model of its errors or from a file, and what follows where there are none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import human36m_files as files
import numpy as np
import planned
import pytest
from repository import replace_in

from pipeline import artifacts
from pipeline.geometry import human36m
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17

DETECTOR = "stacked_hourglass"
MADE = Path("data/tiny/motion") / DETECTOR
NOISE = """
keypoints:
  stacked_hourglass:
    source: noise
    spread:
      trunk: 1.0
      head: 1.0
      hip: 1.0
      shoulder: 1.0
      knee: 1.0
      elbow: 1.0
      ankle: 1.0
      wrist: 3.0
    degrees_of_freedom: 3
    swap: 0.02
    miss: 0.01
"""
FILE = """
keypoints:
  stacked_hourglass:
    source: file
"""


def add(folder: Path, text: str) -> None:
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text() + text)


def prepare() -> int:
    return planned.stage("prepare_keypoints", "--detector", DETECTOR)


def summary() -> dict:
    return json.loads((MADE / "summary.json").read_text())


def test_the_same_poses_with_spoilt_keypoints(folder: Path) -> None:
    add(folder, NOISE)
    assert prepare() == 0
    assert {path.name for path in MADE.iterdir()} == {"train.npz", "test.npz", "summary.json"}
    away = {}
    for split in ("train", "test"):
        truth = artifacts.read_arrays(Path(f"data/tiny/motion/ground_truth/{split}.npz"))
        found = artifacts.read_arrays(MADE / f"{split}.npz")
        assert list(found) == list(truth)
        for name in set(truth) - {"keypoints_2d"}:
            np.testing.assert_array_equal(found[name], truth[name])
        assert found["keypoints_2d"].dtype == np.float32
        away[split] = np.linalg.norm(found["keypoints_2d"].astype(float) - truth["keypoints_2d"], axis=-1)
        size = np.ptp(truth["keypoints_2d"], axis=1).max(axis=-1)
        medians = np.median(away[split] / size[:, None], axis=0)
        names = HUMAN36M_17.names
        others = [joint for joint, name in enumerate(names) if not name.endswith("Wrist")]
        assert medians[others].mean() == pytest.approx(0.01, rel=0.15)
        assert medians[[names.index("LWrist"), names.index("RWrist")]].mean() == pytest.approx(0.03, rel=0.3)
    found = summary()
    description = found.pop("description")
    assert description.startswith("No detector ran") and "stacked hourglass" in description and description[-1] == "."
    assert found == {
        "name": DETECTOR,
        "source": "noise",
        "mean_error_px": pytest.approx(away["test"].mean(), rel=1e-5),  # of the test subjects
        "median_error_px": pytest.approx(np.median(away["test"]), rel=1e-5),
        "p95_error_px": pytest.approx(np.percentile(away["test"], 95), rel=1e-5),
    }


def test_no_split_repeats_anothers_noise_and_a_second_run_repeats_all(folder: Path) -> None:
    add(folder, NOISE)
    assert prepare() == 0
    truth = {s: PoseSet.from_arrays(dict(np.load(f"data/tiny/motion/ground_truth/{s}.npz"))) for s in ("train", "test")}
    first = {path.name: path.read_bytes() for path in MADE.iterdir()}
    errors = {s: np.load(MADE / f"{s}.npz")["keypoints_2d"] - truth[s].keypoints_2d for s in truth}
    sizes = {s: np.ptp(truth[s].keypoints_2d, axis=1).max(axis=-1)[:, None, None] for s in truth}
    one, other = ((errors[s] / sizes[s])[:300] for s in truth)
    assert (np.abs(one - other) < 1e-4).all(axis=-1).mean() < 0.01
    assert prepare() == 0
    assert {path.name: path.read_bytes() for path in MADE.iterdir()} == first


def test_a_variant_is_trained_and_measured_on_its_own_input(folder: Path) -> None:
    add(folder, NOISE)
    title = "    title: Linear least squares\n    core: true\n    input: "
    replace_in(folder / "params.yaml", f"{title}ground_truth", f"{title}{DETECTOR}")
    assert prepare() == 0
    metrics = planned.measure("lifting", "linear_least_squares", seeds=(0, 1))
    assert metrics["data"]["input"] == summary()
    for split in ("train", "test"):
        assert metrics["data"][f"{split}_digest"] == artifacts.digest(MADE / f"{split}.npz")
    assert metrics["data"]["subjects_train"] == ["S1", "S5"] and metrics["data"]["subjects_test"] == ["S9"]
    # The same in numpy, on the detections and, to compare, on the truth's projection.
    expected, other = (least_squares_error(Path("data/tiny/motion") / name) for name in (DETECTOR, "ground_truth"))
    found = metrics["seeds"][0]["predictions"]["point"]["mpjpe"]["frame_average"]
    assert found == pytest.approx(expected, rel=1e-3) and found > 1.02 * other


def least_squares_error(folder: Path) -> float:
    """MPJPE of the best affine map from keypoints to poses."""
    keep = [joint for joint in range(17) if joint != 9]
    seen, poses = {}, {}
    for split in ("train", "test"):
        arrays = np.load(folder / f"{split}.npz")
        pixels = arrays["keypoints_2d"][:, keep].astype(float)
        pixels[..., 1] -= np.array([1002, 1000, 1000, 1002])[arrays["camera"], None] / 2  # the pictures' heights
        seen[split] = np.concatenate((pixels.reshape(-1, 32) / 500, np.ones((len(pixels), 1))), axis=1)
        poses[split] = (arrays["joints_3d"][:, keep] - arrays["joints_3d"][:, :1]).astype(float)
    solution = np.linalg.lstsq(seen["train"], poses["train"].reshape(-1, 48))[0]
    predicted = (seen["test"] @ solution).reshape(-1, 16, 3)
    return float(np.linalg.norm(predicted - poses["test"], axis=-1).mean())


def test_the_truths_projection_has_no_errors(folder: Path) -> None:
    metrics = planned.measure("lifting", "mean_pose", seeds=(0, 1))
    assert metrics["data"]["input"] == {
        **{"name": "ground_truth", "source": "projection", "description": None},
        **{"mean_error_px": None, "median_error_px": None, "p95_error_px": None},
    }


def test_without_detections_the_variants_that_need_them_are_no_jobs_and_say_why(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare() == 2
    assert capsys.readouterr().err == f"error: prepare_keypoints --detector {DETECTOR}: preset tiny has no such job\n"
    for name, more in (("train_lifting", ("--seed", "0")), ("evaluate_lifting", ())):
        assert planned.stage(name, "--variant", "semgcn_sh", *more) == 2
        reason = "not run: preset tiny has no stacked hourglass detections; see params/tiny.yaml"
        assert capsys.readouterr().err == f"error: {name} --variant semgcn_sh: {reason}\n"
    assert not MADE.exists() and not Path("data/tiny/train_lifting").exists()


def test_a_detector_that_no_variant_needs_is_no_job(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(folder, NOISE)
    replace_in(folder / "params" / "tiny.yaml", "variants: all\n", "variants:\n  - mean_pose\n")
    assert prepare() == 2
    assert capsys.readouterr().err == f"error: prepare_keypoints --detector {DETECTOR}: preset tiny has no such job\n"


def test_the_plan_forgets_a_detector_that_the_preset_loses(folder: Path) -> None:
    preset, planned_file = folder / "params" / "tiny.yaml", Path(f"data/tiny/plan/prepare_keypoints/{DETECTOR}.json")
    without = preset.read_text()
    add(folder, NOISE)
    assert prepare() == 0 and (MADE / "train.npz").exists() and planned_file.exists()
    preset.write_text(without)
    assert prepare() == 2 and not planned_file.exists()


def test_a_detector_that_was_not_asked_yet_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(folder, NOISE)
    assert planned.stage("train_lifting", "--variant", "semgcn_sh", "--seed", "0") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "stacked_hourglass/train.npz: missing; run the stage that writes it" in error


def test_a_file_that_is_not_there_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(folder, FILE)
    assert prepare() == 2
    error = capsys.readouterr().err
    assert error.startswith("error: params/tiny.yaml: keypoints.stacked_hourglass: ") and error.count("\n") == 1
    assert "put data/licensed/human36m/data_2d_h36m_sh_ft_h36m.npz" in error
    assert error.endswith("or take the key out, and variants with this input are not run\n")
    assert not MADE.exists()


def test_a_files_keypoints_take_the_place_of_the_true_ones(folder: Path) -> None:
    """In the file, camera c saw joint j of subject s in frame t at (1000 s + t, 20 j + c)."""
    add(folder, FILE)
    subjects, names = ("S1", "S5", "S9"), HUMAN36M_17.names
    for split in ("train", "test"):
        path = Path(f"data/tiny/motion/ground_truth/{split}.npz")
        poses = PoseSet.from_arrays(artifacts.read_arrays(path))
        own = [lens for name in poses.subjects for lens in human36m.rig(name)]  # a subject's cameras have its rig
        camera = (4 * poses.subject + poses.camera).astype(np.int16)
        moved = replace(poses, takes=["Walking 1"], cameras=own, camera=camera)
        artifacts.write_arrays(path, moved.check().to_arrays())
    positions = {}
    for s, subject in enumerate(subjects):
        t, j = np.meshgrid(np.arange(1200.0), np.arange(17.0), indexing="ij")
        views = [np.stack((1000 * s + t, 20 * j + c), axis=-1).astype(np.float32) for c in range(4)]
        positions[subject] = {"Walking 1": views}
    sides = [[j for j, name in enumerate(names) if name[0] == side and name[1].isupper()] for side in "LR"]
    path = folder / "data" / "licensed" / "human36m" / "data_2d_h36m_sh_ft_h36m.npz"
    metadata = {"num_joints": 17, "keypoints_symmetry": sides, "layout_name": "h36m"}
    files.write_npz(path, positions_2d=positions, metadata=metadata)
    assert prepare() == 0
    for split in ("train", "test"):
        truth = PoseSet.from_arrays(artifacts.read_arrays(Path(f"data/tiny/motion/ground_truth/{split}.npz")))
        found = PoseSet.from_arrays(artifacts.read_arrays(MADE / f"{split}.npz"))
        s = np.array([subjects.index(truth.subjects[index]) for index in truth.subject])
        expected = np.empty((len(truth), 17, 2))
        expected[..., 0] = (1000 * s + truth.frame)[:, None]
        expected[..., 1] = 20 * np.arange(17) + (truth.camera % 4)[:, None]
        np.testing.assert_array_equal(found.keypoints_2d, expected)
        np.testing.assert_array_equal(found.joints_3d, truth.joints_3d)
    errors = np.linalg.norm(found.keypoints_2d.astype(float) - truth.keypoints_2d, axis=-1)
    assert summary() == {
        "name": DETECTOR,
        "source": "file",
        "description": "2D joints are detections of a stacked hourglass (data_2d_h36m_sh_ft_h36m.npz).",
        "mean_error_px": pytest.approx(errors.mean(), rel=1e-5),
        "median_error_px": pytest.approx(np.median(errors), rel=1e-5),
        "p95_error_px": pytest.approx(np.percentile(errors, 95), rel=1e-5),
    }
