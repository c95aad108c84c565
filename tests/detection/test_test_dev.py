"""The files for COCO's server: one per mode, with the server's names, of detections on test-dev."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import coco_files
import detection_folder
import numpy as np
import planned
import pytest

from pipeline import config
from pipeline.detection import data as detection_data
from pipeline.detection import image_set, inference, results, test_dev
from pipeline.detection.checkpoints import DetectionPredictor, load_model
from pipeline.detection.detections import Detections
from pipeline.detection.task import DetectionTask
from pipeline.training import batch_norm

IMAGES = "images:\n  source: coco\n  files: single\n  test_dev: {}\n"
POSE = "person_keypoints_test-dev2017_pose_s_mdn_2{}_results.json"
FILES: dict[str, dict[str, results.Mode]] = {
    "pose_s_mdn_2": {POSE.format(""): "flip", POSE.format("_plain"): "plain", POSE.format("_refined"): "flip_refined"},
    "boxes_l_mdn_3": {"detections_test-dev2017_boxes_l_mdn_3_results.json": "flip"},
}


def prepare(task: str) -> None:
    assert planned.stage("prepare_images", "--task", task) == 0


def write_coco(folder: Path) -> None:
    """The settings of a run of hand-made COCO files, test-dev among them, and the files."""
    raw = detection_folder.write_settings(folder) / "data" / "raw"
    coco_files.write_mirror(raw, archives=False)
    coco_files.write_test_info(raw, categories=False)
    coco_files.write_test_images(raw)
    detection_folder.set_images(folder, IMAGES.format("true"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which both variants are trained and none is evaluated. To be copied, not changed."""
    folder = tmp_path_factory.mktemp("trained")
    write_coco(folder)
    with contextlib.chdir(folder):
        for task, variant in (("pose", "pose_s_mdn_2"), ("boxes", "boxes_l_mdn_3")):
            prepare(task)
            planned.train("detection", variant)
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the working directory."""
    monkeypatch.chdir(shutil.copytree(trained, tmp_path, dirs_exist_ok=True))
    return tmp_path


def evaluate(variant: str) -> int:
    return planned.stage("evaluate_detection", "--variant", variant)


def found(variant: str) -> dict[str, Any]:
    """The server's files of a variant by their names."""
    place = Path("data/tiny/evaluate_detection") / variant
    return {path.name: json.loads(path.read_text()) for path in place.glob("*_results.json")}


def renewed(model: DetectionPredictor, variant: str) -> DetectionPredictor:
    """The model with the batch-norm statistics that its evaluation gives it."""
    run = config.load("tiny")
    train, val = (detection_data.read(run, model.variant, split) for split in ("train", "val"))
    settings = detection_data.settings(run, variant)
    batch_norm.renew(DetectionTask(model.variant, model.model, train, val, settings, "cpu"))
    return model


@pytest.mark.parametrize("variant", FILES)
def test_files_hold_what_the_network_finds(folder: Path, monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    monkeypatch.setattr(test_dev, "IMAGES_AT_ONCE", 2)  # of three
    task = config.load("tiny").detection_variant(variant).task
    assert evaluate(variant) == 0
    files = found(variant)
    assert files.keys() == FILES[variant].keys()
    data = image_set.read(folder / "data/tiny/images" / task, "test", task, raw=folder / "data/raw")
    model = renewed(load_model(f"data/tiny/train_detection/{variant}/seed_0/checkpoint.pt"), variant)
    for name, mode in FILES[variant].items():
        expected = inference.predict(
            model.model, model.variant, data, model.input_size, "cpu", model.sigma_factor, mode
        )
        count = 20 if task == "pose" else 100
        rows = np.concatenate([np.flatnonzero(expected.image == image)[:count] for image in range(3)])
        best = expected.rows(rows)
        told = files[name]
        assert [one["image_id"] for one in told] == [coco_files.TEST[image] for image in best.image]
        assert [one["category_id"] for one in told] == [(1, 47)[category] for category in best.category]
        np.testing.assert_allclose([one["score"] for one in told], best.score, atol=1e-4)
        if task == "pose":
            assert best.keypoints is not None
            places = np.array([one["keypoints"] for one in told]).reshape(-1, 17, 3)
            np.testing.assert_allclose(places[..., :2], best.keypoints, atol=0.05)
        else:
            boxes = np.array([one["bbox"] for one in told])
            np.testing.assert_allclose(boxes[:, 2:], best.boxes[:, 2:] - best.boxes[:, :2], atol=0.05)


def test_each_file_is_of_its_mode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is untrained and refines nothing, so scores mark the modes."""
    predict = detection_data.predict
    scores = {mode: 0.1 * (1 + order) for order, mode in enumerate(get_args(results.Mode))}

    def marked(*arguments: Any) -> dict[results.Mode, Detections]:
        found = predict(*arguments)
        return {mode: replace(one, score=np.full_like(one.score, scores[mode])) for mode, one in found.items()}

    monkeypatch.setattr(detection_data, "predict", marked)
    assert evaluate("pose_s_mdn_2") == 0
    told = {name: {one["score"] for one in content} for name, content in found("pose_s_mdn_2").items()}
    assert {name: sorted(scores) for name, scores in told.items()} == {
        name: [pytest.approx(scores[mode])] for name, mode in FILES["pose_s_mdn_2"].items()
    }


def test_no_files_without_test_dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_coco(tmp_path)
    monkeypatch.chdir(tmp_path)
    detection_folder.edit(tmp_path, "test_dev: true", "test_dev: false")
    prepare("boxes")
    planned.measure("detection", "boxes_l_mdn_3")
    assert found("boxes_l_mdn_3") == {}


@pytest.mark.parametrize("loss", ["image", "images"])
def test_missing_files_of_test_dev_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str], loss: str) -> None:
    path = folder / "data/tiny/images/boxes/test.json"
    if loss == "image":
        (folder / "data/raw/images.cocodataset.org/test2017/000000000902.jpg").unlink()
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"images": []}))
    capsys.readouterr()
    assert evaluate("boxes_l_mdn_3") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert ("000000000902.jpg" if loss == "image" else "test.json: images: none; write `test_dev: false`") in said
