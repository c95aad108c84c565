"""Another data set's test poses: every variant is measured on them where the preset asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import mpi_inf_3dhp_files as files
import numpy as np
import planned
import pytest

from pipeline.geometry.poses import PoseSet

SCENES = ["studio with green screen", "studio without green screen", "outdoor"]
MADE = Path("data/tiny/motion/mpi_inf_3dhp")


def ask(folder: Path) -> None:
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("variants: all", "variants: all\ngeneralization: mpi_inf_3dhp"))


def generalization_of(variant: str) -> list[dict | None]:
    return [entry["generalization"] for entry in planned.measure("lifting", variant, seeds=(0, 1))["seeds"]]


def test_a_preset_that_asks_for_none_has_no_such_job_and_measures_none(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned.stage("prepare_generalization") == 2
    assert capsys.readouterr().err == "error: prepare_generalization: preset tiny has no such job\n"
    assert not MADE.exists()
    assert generalization_of("mean_pose") == [None, None]


def test_every_scene_is_measured(folder: Path) -> None:
    ask(folder)
    files.write_all(folder / "data" / "licensed")
    assert planned.stage("prepare_generalization") == 0
    assert json.loads((MADE / "summary.json").read_text())["poses"] == 18
    poses = PoseSet.from_arrays(dict(np.load(MADE / "test.npz")))
    assert len(poses) == 18 and poses.actions == SCENES

    found = generalization_of("mean_pose")[0]
    assert found is not None and list(found["scenes"]) == SCENES
    assert [scene["poses"] for scene in found["scenes"].values()] == [6, 6, 6] and found["all"]["poses"] == 18
    # The mean pose of the training, against these poses, in a few lines of numpy.
    keep = [joint for joint in range(17) if joint != 9]
    train = np.load("data/tiny/motion/ground_truth/train.npz")["joints_3d"]
    mean = (train[:, keep] - train[:, :1]).mean(axis=0)
    errors = np.linalg.norm(poses.joints_3d[:, keep] - poses.joints_3d[:, :1] - mean, axis=-1)
    for index, scene in enumerate(SCENES):
        chosen = errors[poses.action == index]
        assert found["scenes"][scene]["mpjpe"] == pytest.approx(chosen.mean(), rel=1e-5)
    assert found["all"]["mpjpe"] == pytest.approx(errors.mean(), rel=1e-5)
    inside = np.delete(errors, [0, 7], axis=1) < 150  # all joints but pelvis and spine count
    assert found["all"]["pck"] == pytest.approx(100 * inside.mean(), rel=1e-5)


def test_files_that_are_not_there_are_one_line_and_leave_the_folder_as_it_was(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(folder)
    MADE.mkdir()
    (MADE / "summary.json").write_text("of before")
    assert planned.stage("prepare_generalization") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "MPI-INF-3DHP's test set: " in error and "mpi_inf_3dhp_test_set/TS1" in error
    assert [path.read_text() for path in MADE.iterdir()] == ["of before"]
