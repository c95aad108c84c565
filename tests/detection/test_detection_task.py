"""The detection task of the training loop: its batches, its loss, its AP, and that training lowers the loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import image_files
import pytest
import torch
from coco_scenes import perfect
from detection_variants import SMALL, detection_variant

from pipeline.detection import augment, inference, losses, metrics
from pipeline.detection.checkpoints import seeded_model
from pipeline.detection.detections import Detections
from pipeline.detection.targets import make_targets
from pipeline.detection.task import DetectionSettings, DetectionTask
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.schedules import Schedule

SETTINGS = DetectionSettings(input_size=64, batch_size=3, augment="none", sigma_factor=0.3)


def make(folder: Path, components: int = 0, settings: DetectionSettings = SETTINGS) -> DetectionTask:
    data = image_files.some_people(folder)
    variant = detection_variant(components=components)
    return DetectionTask(variant, seeded_model(variant, 1, SMALL, 10.0, 0), data, data.subset([0, 1]), settings, "cpu")


def total(terms: dict[str, torch.Tensor]) -> float:
    return sum(float(value.detach()) for value in terms.values())


def test_what_the_task_tells_the_loop(tmp_path: Path) -> None:
    task = make(tmp_path)
    assert (task.examples, task.batch_size, task.unit, task.best, task.device) == (4, 3, "images", "highest", "cpu")
    assert task.network is task.model


@pytest.mark.parametrize("components", [0, 2])
def test_the_loss_is_that_of_the_images_asked_for(tmp_path: Path, components: int) -> None:
    task = make(tmp_path, components)
    chosen = torch.tensor([3, 1])
    found = task.loss(chosen, 0.0)
    images, annotations = augment.training_batch(task.train, chosen, 64, "none", "cpu")
    targets = make_targets(annotations, "pose", 1, 2, 16)
    features = task.network.features(images)
    expected = losses.loss_terms(task.variant, task.network, features, targets, 0.3)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert float(found[name].detach()) == pytest.approx(float(value.detach()), rel=1e-5), name
    assert total(found) != pytest.approx(total(task.loss(torch.tensor([0, 2]), 0.0)))


def test_the_sigma_factor_reaches_the_loss(tmp_path: Path) -> None:
    one, other = (
        make(tmp_path / str(factor), 2, replace(SETTINGS, sigma_factor=factor)).loss(torch.tensor([0, 1]), 0.0)
        for factor in (0.3, 1.0)
    )
    differ = {name for name in one if not torch.isclose(one[name], other[name])}
    assert len(differ) == 1  # the mixture's term


def test_augmented_images_follow_from_torchs_generator(tmp_path: Path) -> None:
    task = make(tmp_path, settings=replace(SETTINGS, augment="full"))
    sums = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        sums.append(total(task.loss(torch.tensor([0, 1, 2]), 0.0)))
    assert sums[0] == pytest.approx(sums[1], rel=1e-6) and sums[0] != pytest.approx(sums[2], rel=1e-4)


def test_validation_is_the_ap_of_plain_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make(tmp_path)
    whole, modes = inference.predict, []

    def predict(*settings: Any) -> Detections:
        modes.append(settings[-1])
        assert settings[2] is task.val and settings[3] == 64 and settings[5] == 0.3
        return perfect(task.val) if len(modes) > 1 else whole(*settings)

    monkeypatch.setattr(inference, "predict", predict)
    before = torch.get_rng_state()
    plain = whole(task.network, task.variant, task.val, 64, "cpu", 0.3, "plain")
    assert task.validate() == {"val_ap": metrics.evaluate(task.val, plain)["ap"]}
    assert torch.equal(torch.get_rng_state(), before)  # a watched epoch changes nothing of the next one
    assert task.validate() == {"val_ap": 100}
    assert modes == ["plain", "plain"]


@pytest.mark.parametrize("components", [0, 2])
def test_training_lowers_the_loss(tmp_path: Path, components: int) -> None:
    task = make(tmp_path, components)
    settings, resume = LoopSettings(epochs=40, seed=0, validate_every=40), Resume(tmp_path / "state.pt", "a", 600)
    progress = train(task, Schedule(5e-3), settings, resume, "test")
    assert progress.rows[-1]["loss"] < 0.6 * progress.rows[0]["loss"]
    assert [row["step"] for row in progress.rows if "val_ap" in row] == [80]
