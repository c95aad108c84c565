"""`fit_joint_map`: on bodies whose joints are known, keypoints of limbs are exact and the others come nearer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import bodies
import numpy as np
import pytest
import tiny_preset
import torch
from repository import ROOT

from pipeline import artifacts
from pipeline.__main__ import main
from pipeline.body.fitting import Shape, fitted_landmarks
from pipeline.body.fitting.calibration import OFFSETS
from pipeline.data.motion import rig
from pipeline.geometry.poses import PoseSet

FRAMES = 60


def write_split(folder: Path, split: str, seed: int) -> None:
    """Two people in random poses; their 17 joints are the landmarks of their bodies, seen by one camera."""
    random = np.random.default_rng(seed)
    body, betas = bodies.made().body, torch.from_numpy(random.normal(0, 0.5, (2, 10)).astype(np.float32))
    rotations = bodies.random_vectors(2 * FRAMES, seed)
    rotations[:, 0] = torch.tensor([np.pi / 2, 0.0, 0.0])  # upright in a world with z up
    translation = torch.zeros(2 * FRAMES, 3) + torch.tensor([0.0, 0.0, 1.0])
    subject = np.repeat([0, 1], FRAMES)
    joints = torch.cat(
        [
            fitted_landmarks(body, Shape(betas[s], torch.zeros(OFFSETS)), rotations[rows], translation[rows])
            for s, rows in ((0, slice(FRAMES)), (1, slice(FRAMES, None)))
        ]
    )
    camera = rig.place("S8", (0.0, 0.0), yaw=0.0)[0]
    keypoints, places, _ = rig.film(1000 * joints.numpy(), [camera])
    count, short = len(subject), np.zeros(len(subject), np.int16)
    poses = PoseSet(
        *(keypoints[0], places[0], short, subject.astype(np.int16), short, short, np.arange(count, dtype=np.int32)),
        *([camera], ["one", "other"], ["Standing"], ["take"]),
    )
    artifacts.write_arrays(folder / "motion" / "ground_truth" / f"{split}.npz", poses.to_arrays())
    fits = {"row_frame": np.arange(count, dtype=np.int32), "subject": subject.astype(np.int16)}
    fits |= {"rotations": rotations.numpy(), "translation": translation.numpy(), "betas": betas.numpy()}
    artifacts.write_arrays(folder / "targets" / "meshes" / f"{split}.npz", fits)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "params").mkdir()
    motion = "motion:\n  source: cmu\n  train_subjects:\n  - '01'\n  test_subjects:\n  - '02'\n  frames_per_second: 1\n"
    made = "motion:\n  source: synthetic\n  frames_per_second: 1\n  seconds_per_take: 2\n"
    assert made in tiny_preset.TINY
    (tmp_path / "params" / "small.yaml").write_text(tiny_preset.TINY.replace(made, motion))
    (tmp_path / "params" / "tiny.yaml").write_text(tiny_preset.TINY)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data" / "small"


def test_limbs_are_exact_and_the_trunk_and_head_come_nearer(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipeline.tools.fit_joint_map.EVERY", {"train": 1, "test": 1})
    artifacts.write_arrays(folder / "body" / "body.npz", bodies.made().body.to_arrays())
    for seed, split in enumerate(("train", "test")):
        write_split(folder, split, seed)
    assert main(["fit_joint_map", "--preset", "small", "--output", "map.json"]) == 0
    content = json.loads(Path("map.json").read_text())
    before, after = (content["errors_mm"]["test subjects"][when] for when in ("before", "after"))
    for joint in ("Hip", "RHip", "RKnee", "LAnkle", "RElbow", "LWrist", "LShoulder"):
        assert before[joint] < 0.1 and after[joint] < 1.0, joint
    for joint, share in (("Spine", 0.8), ("Thorax", 0.5), ("Neck/Nose", 0.95), ("Head", 0.8)):
        assert before[joint] > 20 and after[joint] < share * before[joint], joint
    assert (content["train_poses"], content["train_subjects"]) == (2 * FRAMES, ["01"])
    assert f"| Head | {before['Head']:.0f} | {after['Head']:.0f} |" in capsys.readouterr().out


def test_other_motion_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit_joint_map", "--preset", "tiny", "--output", "map.json"]) == 2
    assert "--preset tiny: its motion is not CMU's; name a preset with `source: cmu`" in capsys.readouterr().err
    assert not Path("map.json").exists()
