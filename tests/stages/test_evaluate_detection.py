"""From a trained detection variant to its metrics file: in its schema, its numbers checked independently."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import detection_folder
import numpy as np
import planned
import pytest
import torch

from pipeline import artifacts, config
from pipeline.detection import data as detection_data
from pipeline.detection import evaluate as detection_evaluation
from pipeline.detection import image_set, inference, metrics
from pipeline.detection.checkpoints import load_model
from pipeline.detection.detections import Detections
from pipeline.detection.results import DetectionResults
from pipeline.detection.task import DetectionTask
from pipeline.training import batch_norm, record

MODES = {
    "pose_s_base": {"plain", "flip", "flip_aligned", "refined", "flip_refined"},
    "pose_s_mdn_2": {"plain", "flip", "flip_aligned", "refined", "flip_refined", "mean"},
    "boxes_l_mdn_3": {"plain", "flip", "scales_3", "mean"},
}


def evaluate(variant: str) -> int:
    return planned.stage("evaluate_detection", "--variant", variant)


def measure(variant: str) -> dict[str, Any]:
    return planned.measure("detection", variant)


def read_set(variant: str, split: str = "val") -> image_set.ImageSet:
    task = config.load("tiny").detection_variant(variant).task
    return image_set.read(Path("data/tiny/images") / task, split, task, raw=Path("data/raw"))


@pytest.mark.parametrize("variant", MODES)
def test_the_metrics_file_is_whole_and_the_same_twice(detection: Path, variant: str) -> None:
    content = measure(variant)
    found = DetectionResults.model_validate(content)
    run = config.load("tiny")
    settings = run.detection_variant(variant)
    assert (found.variant, found.preset) == (variant, "tiny") and content["kind"] == "detection"
    assert found.data is not None and found.training is not None and found.truth is not None
    assert (found.data.task, found.data.source) == (settings.task, "synthetic")
    assert (found.data.train_images, found.data.val_images) == (detection_folder.TRAIN, detection_folder.VAL)
    assert found.data.val_objects == len(read_set(variant).boxes)
    assert found.data.small_networks and found.data.input_size == 64
    assert content["data"]["val_digest"] == artifacts.digest(run.layout.images_split(settings.task, "val"))
    assert (found.training.epochs, found.training.epochs_stated, found.training.steps) == (1, 50, 4)
    assert found.training.own_recipe and content["training"]["batch_size"] == 4
    (seed,) = found.seeds
    assert set(seed.modes) == MODES[variant]
    assert (seed.mixture is None) is (variant == "pose_s_base") and (seed.groups is None) is (settings.task == "boxes")
    if seed.mixture is not None:
        assert len(seed.mixture.components) == settings.head.components
    assert seed.training_images is None
    folder = run.layout.detection_evaluation(variant)
    assert {path.name for path in folder.iterdir()} == {"predictions_seed_0.npz", "examples.npz", "speed.json"}
    speed = artifacts.read_json(run.layout.detection_speed(variant))
    assert set(speed) == {"network", *MODES[variant]} and min(speed.values()) > 0
    kept = {path: path.read_bytes() for path in (run.layout.metrics(variant), *folder.glob("*.npz"))}
    for path in kept:
        path.unlink()
    assert evaluate(variant) == 0
    assert {path: path.read_bytes() for path in kept} == kept


def test_figures_are_those_of_the_checkpoint_and_of_what_is_stored(detection: Path) -> None:
    variant = "boxes_l_mdn_3"
    detection_folder.edit(detection, "    boxes: 1\n", "    boxes: 20\n")  # so many that something is found
    detection_folder.edit(detection, "learning_rate: 1.0e-3", "learning_rate: 5.0e-3")
    content = measure(variant)
    data = read_set(variant)
    stored = Detections.from_arrays(
        artifacts.read_arrays(Path(f"data/tiny/evaluate_detection/{variant}/predictions_seed_0.npz"))
    )
    modes = content["seeds"][0]["modes"]
    assert metrics.evaluate(data, stored) == modes["plain"] and modes["plain"]["ap_50"] > 0
    predictor = load_model(f"data/tiny/train_detection/{variant}/seed_0/checkpoint.pt")
    plain = inference.predict(predictor.model, predictor.variant, data, 64, "cpu", 0.3, "plain")
    running = content["seeds"][0]["running_statistics"]
    assert metrics.evaluate(data, plain) == pytest.approx(running, abs=1e-3) and running != modes["plain"]
    settings = detection_data.settings(config.load("tiny"), variant)
    batch_norm.renew(
        DetectionTask(predictor.variant, predictor.model, read_set(variant, "train"), data, settings, "cpu")
    )
    for mode in ("plain", "mean", "flip"):
        again = inference.predict(predictor.model, predictor.variant, data, 64, "cpu", 0.3, mode)
        assert metrics.evaluate(data, again) == pytest.approx(modes[mode], abs=1e-3), mode
    assert content["parameters"] == sum(weights.numel() for weights in predictor.model.parameters())


def test_the_last_epoch_is_measured_and_the_best_one_is_reported_beside_it(detection: Path) -> None:
    detection_folder.edit(detection, "    pose: 1\n", "    pose: 3\n")
    content = measure("pose_s_base")
    rows = record.read_history(Path("data/tiny/train_detection/pose_s_base/seed_0/history.csv"))
    watched = [row["val_ap"] for row in rows if "val_ap" in row]
    (seed,) = content["seeds"]
    assert len(watched) == 3 and seed["modes"]["plain"]["ap"] == pytest.approx(watched[-1], abs=1e-3)
    assert seed["best"] == {"epoch": 1 + int(np.argmax(watched)), "ap": max(watched)}
    best, last = (
        load_model(f"data/tiny/train_detection/pose_s_base/seed_0/{name}.pt") for name in ("best", "checkpoint")
    )
    assert (best.epoch, last.epoch) == (seed["best"]["epoch"], 3)
    pairs = zip(best.model.parameters(), last.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs) is (best.epoch == 3)


def test_training_images_are_measured_where_the_preset_asks(detection: Path) -> None:
    detection_folder.edit(detection, "  test_scales:\n    - 3\n", "  test_scales: []\n  training_images: true\n")
    (seed,) = measure("pose_s_base")["seeds"]
    assert set(seed["training_images"]) == {"plain", "refined"}
    assert seed["training_images"]["plain"] != seed["modes"]["plain"] or seed["modes"]["plain"]["ap"] == 0


def test_every_number_is_of_the_validation_images(detection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, int] = {}

    def spy(name: str) -> None:
        whole = getattr(detection_evaluation.analyses, name)

        def call(data: image_set.ImageSet, *more: Any) -> Any:
            seen[name] = len(data)
            return whole(data, *more)

        monkeypatch.setattr(detection_evaluation.analyses, name, call)

    for name in ("groups", "mixture", "truth"):
        spy(name)
    measure("pose_s_mdn_2")
    assert seen == dict.fromkeys(("groups", "mixture", "truth"), detection_folder.VAL)


@pytest.mark.parametrize("scales", [(), (3,), (5,), (3, 5)])
def test_modes(detection: Path, scales: tuple[int, ...]) -> None:
    run = config.load("tiny")
    budget = run.preset.detection.model_copy(update={"test_scales": scales})
    run = run.model_copy(update={"preset": run.preset.model_copy(update={"detection": budget})})
    several = {f"scales_{count}" for count in scales}
    found = {
        name: set(detection_evaluation.modes_of(run, run.detection_variant(name))) for name in run.detection_variants
    }
    for name, modes in MODES.items():
        expected = modes if name.startswith("pose") else (modes - {"scales_3"}) | several
        assert found[name] == expected
    assert "mean" not in found["pose_l_mdn_1"] and "mean" in found["pose_s_hierarchical"]


def test_a_variant_that_the_preset_leaves_out_is_not_measured(
    detection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("pose_l_mdn_3") == 2
    reason = "not run: preset tiny trains only those that it lists; see params/tiny.yaml"
    assert capsys.readouterr().err == f"error: evaluate_detection --variant pose_l_mdn_3: {reason}\n"
    assert not (detection / "results").exists() and not (detection / "data/tiny/evaluate_detection").exists()


def test_a_missing_or_foreign_checkpoint_is_one_line(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure("pose_s_base")
    path = detection / "data/tiny/train_detection/pose_s_base/seed_0/checkpoint.pt"
    path.write_bytes(b"no checkpoint")
    capsys.readouterr()
    assert evaluate("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "seed_0/checkpoint.pt: not a" in said
    path.unlink()
    assert evaluate("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "seed_0/checkpoint.pt: missing; train the variant first" in said
    assert (detection / "results/tiny/metrics/pose_s_base.json").exists()  # the old one stays


def test_a_training_that_is_not_there_is_one_line(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate("pose_s_base") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "train_detection/pose_s_base/seed_0/checkpoint.pt: missing; train the" in said


def test_validation_images_with_nothing_to_find_are_one_line(
    detection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure("pose_s_base")
    path = detection / "data/tiny/images/pose/val.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"annotations": []}))
    capsys.readouterr()
    assert evaluate("pose_s_base") == 2
    assert "val.json: annotations: no keypoints to find" in capsys.readouterr().err
    shutil.rmtree(detection / "data")
