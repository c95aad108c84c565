"""MoveNet: its graphs computed by torch against TensorFlow.js, and what it finds in a drawn picture.

Tests that need MoveNet's weights are skipped where `make detector` has not fetched them.
"""

from __future__ import annotations

import json
from pathlib import Path

import drawn_people
import numpy as np
import pytest
import torch
from repository import ROOT

from pipeline.predict.detectors import graph, package
from pipeline.predict.detectors.movenet import MoveNet

REFERENCE = Path(__file__).with_name("movenet_reference.json")
needs_weights = pytest.mark.skipif(
    not package.is_there(ROOT), reason="MoveNet's weights are not here; `make detector` fetches them"
)


def one_person() -> np.ndarray:
    image = drawn_people.background(256, 256)
    drawn_people.draw(image, (128, 240), 220)
    return image


@needs_weights
@pytest.mark.parametrize("name", ["thunder", "multipose"])
def test_the_graphs_give_what_tensorflow_js_gives(name: str) -> None:
    """Of the multi-pose network's six people the two that are there: the others are ties of score 0."""
    image = one_person() if name == "thunder" else drawn_people.picture(384, 256)
    folder = package.checked(ROOT)
    network = graph.read(folder / f"movenet-{name}.json", folder / f"movenet-{name}.bin")
    expected = np.array(json.loads(REFERENCE.read_text())[name])
    with torch.inference_mode():
        found = network(torch.from_numpy(image)[None].float()).numpy().reshape(-1, expected.shape[1])
    np.testing.assert_allclose(found[: len(expected)], expected, atol=2e-5)


@needs_weights
def test_people_are_found_where_they_are_drawn() -> None:
    """In a picture of its own size and in one three times as large, whatever else is in the batch."""
    small = drawn_people.picture(480, 360)
    large = small.repeat(3, axis=0).repeat(3, axis=1)
    empty = drawn_people.background(300, 200)
    first, nobody, second = MoveNet.read(package.checked(ROOT)).find([small, empty, large])
    assert len(nobody) == 0 and nobody.keypoints.shape == (0, 17, 3)
    for people, size in ((first, 1), (second, 3)):
        assert len(people) == 2
        true = [drawn_people.keypoints((160 * size, 330 * size), 270 * size)]
        true.append(drawn_people.keypoints((360 * size, 320 * size), 240 * size))
        for pose in true:
            away = np.linalg.norm(people.keypoints[:, :, :2] - pose, axis=2)  # [2, 17]
            nearest = away.mean(axis=1).argmin()
            assert np.median(away[nearest]) < 12 * size and away[nearest].max() < 30 * size
            assert people.keypoints[nearest, :, 2].min() > 0.3


@needs_weights
def test_one_image_alone_gives_what_it_gives_in_a_batch() -> None:
    network = MoveNet.read(package.checked(ROOT))
    images = [drawn_people.picture(480, 360), np.ascontiguousarray(drawn_people.picture(480, 360)[:, ::-1])]
    together = network.find(images)
    for image, people in zip(images, together, strict=True):
        (alone,) = network.find([image])
        np.testing.assert_allclose(alone.keypoints, people.keypoints, atol=1e-2)
