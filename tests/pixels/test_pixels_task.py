"""The three stages of training: what each changes and minimises, and what a crop's numbers mean."""

from __future__ import annotations

import functools
from pathlib import Path

import filmed_bodies
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.config.pixels import PixelsSettings, Stage
from pipeline.data.images import crops
from pipeline.data.images.settings import PersonCrops
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.pixels.data import CropSet
from pipeline.pixels.models import PerceptualSemGCN, build
from pipeline.pixels.task import PixelsTask
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.schedules import Schedule

SIZE = 32


@functools.cache
def people(split: str = "train") -> CropSet:
    """People who turn, in crops of 32 px."""
    standing = filmed_bodies.standing(8)
    filmed = filmed_bodies.filmed([filmed_bodies.turned(standing, torch.arange(8) * 0.8)])
    made = crops.render(PersonCrops(size=SIZE), split, filmed.poses, filmed.fitted, filmed.body)
    return CropSet.of(made.to_arrays(), filmed.poses)


def task(stage: Stage, model: PerceptualSemGCN | None = None) -> PixelsTask:
    if model is None:
        torch.manual_seed(0)
        model = build(HUMAN36M_16, (1, 1, 1, 1), 8, 16, channels=16, graph_blocks=1)
    settings = PixelsSettings(stage=stage, after="detector" if stage == "graph" else None)
    return PixelsTask(model, people(), people("test"), settings, batch_size=16)


def learn(what: PixelsTask, folder: Path, epochs: int) -> None:
    stage = what.settings.stage
    resume = Resume(folder / f"{stage}.pt", "a", save_every_seconds=60)
    train(what, Schedule(3e-3), LoopSettings(epochs, seed=0, validate_every=epochs), resume, stage)


def numbers(module: nn.Module) -> Tensor:
    return torch.cat([value.flatten().double() for value in module.state_dict().values()])


def test_the_crops_places_on_the_screen_are_the_inputs_of_lifting() -> None:
    data, rows = people(), torch.arange(len(people()))
    torch.testing.assert_close(
        data.crops_of(rows).on_screen(data.keypoints_of(rows)), data.poses.inputs_of(rows), atol=1e-5, rtol=0
    )
    assert data.images_of(rows).shape == (len(data), 3, SIZE, SIZE)


@pytest.mark.parametrize(
    ("stage", "changed", "terms"),
    [
        ("detector", {"detector"}, {"integral"}),
        ("graph", {"graph"}, {"joints and bones"}),
        ("all", {"detector", "graph"}, {"integral", "joints and bones"}),
    ],
)
def test_a_stage_changes_and_minimises_its_own_part(
    stage: Stage, changed: set[str], terms: set[str], tmp_path: Path
) -> None:
    """Of a fixed 2D network nothing changes, statistics of batch norm included."""
    what = task(stage)
    assert set(what.loss(torch.arange(4), 0.0)) == terms
    what = task(stage)  # that look has changed statistics
    weights = {name: torch.cat([value.flatten() for value in part.parameters()]) for name, part in parts(what).items()}
    before = {name: numbers(part) for name, part in parts(what).items()}
    learn(what, tmp_path, epochs=1)
    after = {name: torch.cat([value.flatten() for value in part.parameters()]) for name, part in parts(what).items()}
    assert {name for name in after if not torch.equal(after[name], weights[name])} == changed
    if stage == "graph":
        assert torch.equal(numbers(what.model.detector), before["detector"])


def parts(what: PixelsTask) -> dict[str, nn.Module]:
    return {"detector": what.model.detector, "graph": what.model.graph}


def test_three_stages_learn_the_poses_of_a_few_images(tmp_path: Path) -> None:
    """Each stage starts where the one before ended; the last has the smallest error on what was trained."""
    model = task("detector").model
    first = task("detector", model)
    model.eval()
    untrained = PixelsTask(model, first.train, first.train, PixelsSettings(stage="all")).validate()
    learn(first, tmp_path, epochs=20)
    learn(task("graph", model), tmp_path, epochs=20)
    learn(task("all", model), tmp_path, epochs=10)
    model.eval()
    trained = PixelsTask(model, first.train, first.train, PixelsSettings(stage="all")).validate()
    assert trained["test_keypoints_px"] < 0.5 * untrained["test_keypoints_px"]
    assert trained["test_mpjpe"] < 0.5 * untrained["test_mpjpe"]


def test_the_validation_is_in_px_of_the_picture_and_mm() -> None:
    """Against the same numbers written out: each joint's distance, averaged over joints and images."""
    what = task("all")
    what.model.eval()
    figures, data = what.validate(), what.test
    rows = torch.arange(len(data))
    with torch.no_grad():
        found = what.model(data.images_of(rows), data.crops_of(rows))
    places = found.keypoints_2d.numpy() * data.side.numpy()[:, None, None] / SIZE + data.corner.numpy()[:, None]
    true = data.poses.keypoints_2d.numpy()[:, data.poses.joints.numpy()]
    assert figures["test_keypoints_px"] == pytest.approx(np.linalg.norm(places - true, axis=-1).mean(), rel=1e-4)
    joints = data.poses.joints_3d.numpy()[:, data.poses.joints.numpy()]
    poses = 1000 * found.joints_3d.numpy()
    poses[:, 0] = 0  # where the root is, by definition
    error = np.linalg.norm(poses - (joints - joints[:, :1]), axis=-1)
    assert figures["test_mpjpe"] == pytest.approx(error.mean(), rel=1e-4)  # there is one action
