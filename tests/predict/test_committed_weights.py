"""weights/: a clone predicts without training, and the poses are near the truth on motion that no training saw."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pipeline import artifacts, load_model
from pipeline.data.motion import rig
from pipeline.data.motion.settings import SyntheticMotion
from pipeline.data.motion.synthetic import joints
from pipeline.data.motion.synthetic.body import TEST
from pipeline.geometry.alignment import procrustes
from pipeline.geometry.skeleton import KEEP_16
from pipeline.predict import weights

NAMES = [path.stem for path in sorted((weights.CHECKOUT / weights.FOLDER).glob(f"*{weights.ENDING}"))]
MAKER = SyntheticMotion(frames_per_second=5, seconds_per_take=4, seed=0)


def made_walk() -> tuple[np.ndarray, np.ndarray]:
    """2D joints [N, 17, 2] px and 3D joints [N, 17, 3] mm of a made walk, as a camera of 1000 x 1002 px sees it."""
    world, _ = joints(TEST[0], "Walking", 0, MAKER)
    keypoints, poses, _ = rig.film(world, rig.place(TEST[0].name, (0.0, 0.0), yaw=0.0))
    return keypoints[0], poses[0]


def test_the_default_is_there() -> None:
    assert weights.DEFAULT in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_that_of_the_file(name: str) -> None:
    model = weights.read(weights.find(weights.CHECKOUT, name))
    card = json.loads(weights.card_of(model.path).read_text())
    assert card["sha256"] == model.sha256 == artifacts.digest(model.path)
    assert card["data"]["source"] == "cmu", "HDM05's terms would make weights share-alike"
    assert card["licence"] and card["not_for"] and model.path.stat().st_size < 5_000_000


@pytest.mark.parametrize("name", NAMES)
def test_poses_are_near_the_truth(name: str) -> None:
    """Nearer than the best single pose could be, which is the mean of the true ones after alignment."""
    keypoints, truth = made_walk()
    model = load_model(name)
    found = model.predict(torch.from_numpy(keypoints), width=1000, height=1002)
    kept = truth if found.shape[1] == truth.shape[1] else truth[:, list(KEEP_16)]
    right = torch.from_numpy(kept - kept[:, :1]).double()
    constant = right.mean(dim=0).expand_as(right)
    errors = [(procrustes(poses.double(), right) - right).norm(dim=-1).mean().item() for poses in (found, constant)]
    assert errors[0] < min(80.0, errors[1]), errors
