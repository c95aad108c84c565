"""pipeline/predict/detectors/centernet.py: a trained detection variant as the detector of `predict`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import drawn_people
import numpy as np
import pytest
from detection_variants import SMALL, detection_variant

from pipeline.artifacts import InputError
from pipeline.detection import inference
from pipeline.detection.checkpoints import load_model, save_model, seeded_model
from pipeline.detection.image_store import ImageStore
from pipeline.predict.detectors import centernet, overlap
from pipeline.predict.detectors.centernet import CenterNetDetector


def checkpoint(folder: Path, task: str = "pose") -> Path:
    """An untrained network: what it finds means nothing, but it follows from the image."""
    variant = detection_variant(task, components=2)
    state = seeded_model(variant, 1, SMALL, 0.1, 0).state_dict()
    save_model(folder / f"{task}.pt", task, variant, ("person",), 0, 3, state, SMALL, input_size=128)
    return folder / f"{task}.pt"


def test_it_finds_what_the_network_finds_in_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of different sizes, through the same code as the tables', in mode `refined`."""
    monkeypatch.setattr(centernet, "LEAST_SCORE", 0.0)
    images = [drawn_people.picture(200, 150), drawn_people.background(90, 120), drawn_people.picture(160, 160)]
    paths = [tmp_path / f"{index}.png" for index in range(3)]
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image[..., ::-1])
    path = checkpoint(tmp_path)
    found = CenterNetDetector.read(path).find(images)
    predictor = load_model(path)
    data = centernet._unannotated(images)
    data = replace(data, images=ImageStore.of_files(paths, data.sizes, 0))
    arguments = (predictor.model, predictor.variant, data, 128, "cpu", predictor.sigma_factor, "refined")
    expected = inference.predict(*arguments)
    for index, people in enumerate(found):
        rows = expected.rows(expected.image == index)
        assert rows.keypoints is not None and 0 < len(people) <= len(rows)
        np.testing.assert_allclose(people.keypoints[0, :, :2], rows.keypoints[0], atol=1e-3)
        np.testing.assert_allclose(people.keypoints[..., 2], people.score[:, None].repeat(17, axis=1))
        assert (np.diff(people.score) <= 0).all()
        alike = overlap.similarity(people.keypoints, people.keypoints) - np.eye(len(people))
        assert (np.minimum(alike, alike.T) < overlap.SAME).all()


def test_unsure_people_are_left_out(tmp_path: Path) -> None:
    (people,) = CenterNetDetector.read(checkpoint(tmp_path)).find([drawn_people.picture()])
    assert len(people) == 0


def test_other_checkpoints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"boxes finds boxes; a variant of task `pose` is needed"):
        CenterNetDetector.read(checkpoint(tmp_path, "boxes"))
    (tmp_path / "words.pt").write_text("words")
    with pytest.raises(InputError, match=r"words\.pt"):
        CenterNetDetector.read(tmp_path / "words.pt")


def test_the_similarity_of_a_person_that_moves_is_cocos() -> None:
    """All keypoints moved by d: the mean over them of exp(-d^2 / (2 area (2 sigma)^2)); the box is 40 x 100."""
    person = np.zeros((1, 17, 3))
    person[0, :, :2] = np.linspace((0, 0), (40, 100), 17)
    person[0, :, 2] = 0.8
    moved = person + np.array((3.0, 4.0, 0.0))
    sigmas = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000
    expected = np.exp(-25 / (2 * 2000 * (2 * sigmas) ** 2)).mean()
    np.testing.assert_allclose(overlap.similarity(moved, person), [[expected]])
    np.testing.assert_array_equal(
        overlap.distinct(np.concatenate((person, moved, person + 60)), np.array([1, 3, 2])), [1, 2]
    )
