"""Stage prepare_crops: the preset's poses as images of one person each."""

from __future__ import annotations

import json
from pathlib import Path

import filmed_bodies
import human36m_videos
import numpy as np
import planned
import pytest
import torch
from filmed_bodies import Filmed

from pipeline import artifacts, config
from pipeline.pixels.data import CropSet, read_crops

MADE = Path("data/tiny/crops")
CROPS = "body: open\ncrops:\n  source: synthetic\n  size: 32\n  train: 6\n"


def ask(folder: Path, settings: str = CROPS) -> None:
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("variants: all", f"variants: all\n{settings}"))


def filmed() -> Filmed:
    """Three people who turn; the body of one frame does not fit."""
    people = filmed_bodies.filmed([filmed_bodies.turned(filmed_bodies.standing(3), torch.tensor([0.0, 1.0, 2.0]))])
    people.fitted["usable"][1] = False
    return people


def write(people: Filmed) -> None:
    """What prepare_motion, build_body and fit_body would have written."""
    artifacts.write_arrays(Path("data/tiny/body/small.npz"), people.body.to_arrays())
    for split in ("train", "test"):
        artifacts.write_arrays(Path(f"data/tiny/motion/ground_truth/{split}.npz"), people.poses.to_arrays())
        artifacts.write_arrays(Path(f"data/tiny/targets/meshes/{split}.npz"), people.fitted)


def test_crops_of_both_splits_and_what_was_left_out(folder: Path) -> None:
    ask(folder)
    people = filmed()
    write(people)
    assert planned.stage("prepare_crops") == 0
    poses = people.poses
    without = int((poses.frame == 1).sum())
    splits = json.loads((MADE / "summary.json").read_text())["splits"]
    of_all = {"poses": len(poses), "poses_without_a_body": without}
    assert splits == {"train": {"images": 6} | of_all, "test": {"images": len(poses) - without} | of_all}
    train, test = (dict(np.load(MADE / f"{split}.npz")) for split in ("train", "test"))
    assert train["pixels"].shape == (6, 32, 32, 3)
    assert (poses.frame[test["row"]] != 1).all()
    data = CropSet.of(test, poses)
    inside = data.keypoints_of(torch.arange(len(data)))
    assert inside.min() > 0 and inside.max() < 32


def test_a_preset_without_crops_has_no_such_job(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert planned.stage("prepare_crops") == 2
    assert capsys.readouterr().err == "error: prepare_crops: preset tiny has no such job\n"


def test_crops_without_a_body_are_refused_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(folder, "crops:\n  source: synthetic\n  size: 32\n")
    with pytest.raises(AssertionError):
        planned.plan()
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "crops are drawn on fitted bodies; write `body: open`" in message


def test_crops_of_human36m_are_cut_out_of_the_users_videos(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the videos, the download stage says so before any work."""
    ask(folder, "crops:\n  source: human36m\n  frames_per_second: 25\n  size: 64\n")
    preset = folder / "params" / "tiny.yaml"
    motion = "motion:\n  source: human36m\n  frames_per_second: 25\n"
    before, _, after = preset.read_text().partition("motion:\n")
    preset.write_text(before + motion + after[after.index("lifting:") :])
    licensed = Path("data/licensed/human36m")
    artifacts.write_arrays(licensed / "data_3d_h36m.npz", {})
    assert planned.stage("download") == 2
    assert "put data/licensed/human36m/Videos_S1.tgz ... data/licensed/human36m/Videos_S11.tgz (7 files)" in (
        capsys.readouterr().err
    )
    for subject in ("S1", "S5", "S6", "S7", "S8", "S9", "S11"):
        human36m_videos.archive(licensed, human36m_videos.videos(folder, subject), subject)
    for split, subject in (("train", "S1"), ("test", "S9")):
        poses = human36m_videos.poses(subject)
        artifacts.write_arrays(Path(f"data/tiny/motion/ground_truth/{split}.npz"), poses.to_arrays())
    assert planned.stage("download") == 0
    assert planned.stage("prepare_crops") == 0
    found = read_crops(config.load("tiny", folder), "cpu")
    assert {split: len(data) for split, data in found.items()} == {"train": 24, "test": 24}
    images = found["test"].images_of(torch.tensor([5, 23]))
    assert images.shape == (2, 3, 64, 64) and images.std() > 0.1
    assert len(found["test"].every(6)) == 6
