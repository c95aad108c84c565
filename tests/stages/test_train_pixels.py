"""Stages train_pixels and evaluate_pixels: the stages of training, one after the other, and what is measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import filmed_bodies
import numpy as np
import planned
import pytest
import torch

from pipeline import artifacts
from pipeline.lifting.results import LiftingResults
from pipeline.pixels.checkpoints import PixelsPredictor, load_model
from pipeline.pixels.task import PixelsTask

DATA, RESULTS = Path("data/tiny"), Path("results/tiny")
SETTINGS = """\
body: open
crops:
  source: synthetic
  size: 32
  train: 6
pixels:
  epochs: {detector: 2, graph: 2, all: 1}
  network: {blocks: [1, 1, 1, 1], width: 4, deconvolution_width: 8}
"""
DETECTOR, FIXED, WHOLE = "pixels_detector", "semgcn_pixels_fixed", "semgcn_pixels"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tests leave what others begin with."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def images(folder: Path, kept: Path) -> Path:
    """The folder with crops of three people who turn, which are drawn once."""
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(
        preset.read_text().replace("variants: all", f"variants: all\n{SETTINGS}").replace("seeds: 2", "seeds: 1")
    )
    if (kept / "crops").exists():
        shutil.rmtree(DATA)
        shutil.copytree(kept / "crops", DATA)
        return folder
    people = filmed_bodies.filmed([filmed_bodies.turned(filmed_bodies.standing(3), torch.tensor([0.0, 1.0, 2.0]))])
    artifacts.write_arrays(DATA / "body/small.npz", people.body.to_arrays())
    for split in ("train", "test"):
        artifacts.write_arrays(DATA / f"motion/ground_truth/{split}.npz", people.poses.to_arrays())
        artifacts.write_arrays(DATA / f"targets/meshes/{split}.npz", people.fitted)
    assert planned.stage("prepare_crops") == 0
    shutil.copytree(DATA, kept / "crops")
    return folder


@pytest.fixture
def detector(images: Path, kept: Path) -> Path:
    """The folder with crops and a 2D network, which is trained once."""
    made = DATA / "train_pixels" / DETECTOR
    if (kept / DETECTOR).exists():
        shutil.copytree(kept / DETECTOR, made)
    else:
        planned.train("pixels", DETECTOR)
        shutil.copytree(made, kept / DETECTOR)
    return images


def checkpoint(variant: str, which: str = "checkpoint") -> PixelsPredictor:
    return load_model(DATA / f"train_pixels/{variant}/seed_0/{which}.pt")


def same(one: torch.nn.Module, other: torch.nn.Module, kind: type[torch.nn.Parameter] = torch.nn.Parameter) -> bool:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in pairs)


def test_a_stage_begins_where_the_one_before_ended(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And without that stage's weights it does not begin."""
    assert planned.stage("train_pixels", "--variant", FIXED, "--seed", "0") == 2
    assert "train_pixels/pixels_detector/seed_0/checkpoint.pt: missing" in capsys.readouterr().err
    planned.train("pixels", DETECTOR)
    planned.train("pixels", FIXED)
    planned.train("pixels", WHOLE)
    detector, fixed, whole = (checkpoint(name) for name in (DETECTOR, FIXED, WHOLE))
    assert same(detector.model.detector, fixed.model.detector)
    assert not same(fixed.model.detector, whole.model.detector)
    assert not same(fixed.model.graph, whole.model.graph)
    assert [one.size for one in (detector, fixed, whole)] == [32, 32, 32]
    first = (DATA / f"train_pixels/{WHOLE}/seed_0/history.csv").read_text().splitlines()[0]
    assert first.startswith("epoch,step,learning_rate,loss,test_mpjpe,test_keypoints_px")


def test_a_stopped_stage_goes_on_to_the_same_bytes(detector: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "0")
    folder = DATA / f"train_pixels/{FIXED}/seed_0"
    planned.train("pixels", FIXED)
    names = ("checkpoint.pt", "best.pt", "history.csv")
    straight = {name: (folder / name).read_bytes() for name in names}
    validate, seen = PixelsTask.validate, []

    def stopped(task: PixelsTask) -> dict[str, float]:
        seen.append(task)
        if len(seen) == 3:  # in the second epoch; each has a validation with renewed statistics and one without
            raise KeyboardInterrupt
        return validate(task)

    monkeypatch.setattr(PixelsTask, "validate", stopped)
    assert planned.stage("train_pixels", "--variant", FIXED, "--seed", "0") == 130
    planned.train("pixels", FIXED)
    assert len(seen) == 5  # the first epoch was not repeated
    assert {name: (folder / name).read_bytes() for name in names} == straight


def test_what_is_measured(images: Path) -> None:
    """A 2D network has an error in px alone. One that lifts has all errors, and images with their poses."""
    two_d = LiftingResults.model_validate(planned.measure("pixels", DETECTOR))
    assert two_d.seeds[0].predictions["point"].mpjpe is None
    assert two_d.data.input.mean_error_px is not None and two_d.data.input.mean_error_px > 0
    found = LiftingResults.model_validate(planned.measure("pixels", FIXED))
    (seed,) = found.seeds
    assert set(seed.predictions) == {"point", "calibrated"} and seed.running_statistics is not None
    assert found.data.input.name == "images" and found.data.input.source == "network"
    # The same 2D network on the same images.
    assert found.data.input.mean_error_px == pytest.approx(two_d.data.input.mean_error_px, rel=1e-5)
    assert (found.data.train_poses, found.training and found.training.poses) == (6, 12)
    assert found.parameters > two_d.parameters
    arrays = artifacts.read_arrays(DATA / f"evaluate_pixels/{FIXED}.npz")
    error = np.linalg.norm(arrays["case_pose"] - arrays["case_truth"], axis=-1).mean(axis=-1)
    np.testing.assert_allclose(error, arrays["case_error"], rtol=1e-4)
    assert arrays["case_error"][0] == arrays["case_error"].min()
    assert arrays["case_error"][len(error) // 2] == arrays["case_error"].max()


def test_true_joints_need_no_images(images: Path) -> None:
    found = LiftingResults.model_validate(planned.measure("pixels", "semgcn_pixels_true_joints"))
    assert found.data.input.mean_error_px == 0
    assert found.parameters < 500_000  # the graph network alone


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda crops: crops | {"row": crops["row"] + 100}, "train.npz: row: of other poses"),
        (lambda crops: {name: values[:0] for name, values in crops.items()}, "train.npz: no images"),
        (lambda crops: {name: crops[name] for name in crops if name != "side"}, "train.npz: side: missing"),
        (lambda crops: crops | {"side": crops["side"][:1]}, "train.npz: its arrays differ in length"),
    ],
)
def test_crops_that_are_none_are_one_line(
    images: Path, capsys: pytest.CaptureFixture[str], damage, message: str
) -> None:
    path = DATA / "crops/train.npz"
    artifacts.write_arrays(path, damage(artifacts.read_arrays(path)))
    assert planned.stage("train_pixels", "--variant", DETECTOR, "--seed", "0") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"{message}; delete it and run prepare_crops again" in error


def test_another_kind_of_stage_says_which_is_right(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned.stage("train_lifting", "--variant", WHOLE, "--seed", "0") == 2
    assert "it does not read 2D joints; run train_pixels" in capsys.readouterr().err
    assert planned.stage("evaluate_pixels", "--variant", "semgcn") == 2
    assert "it does not read images; run evaluate_lifting" in capsys.readouterr().err


def test_without_images_they_are_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned.stage("train_pixels", "--variant", WHOLE, "--seed", "0") == 2
    assert "not run: preset tiny has no images of its poses" in capsys.readouterr().err
    assert not [path for path in Path("data/tiny/plan").rglob("*.json") if "pixels" in path.as_posix()]


def test_a_stage_runs_again_when_the_one_before_has_changed(images: Path) -> None:
    """Its data are that stage's weights; of its settings it knows nothing."""
    plan = json.loads((DATA / f"plan/train_pixels/{WHOLE}/seed_0.json").read_text())
    assert f"data/tiny/train_pixels/{FIXED}/seed_0" in plan["inputs"]
    assert plan["settings"]["params"]["lifting_variants"][FIXED] == {"input": "images"}
