"""pipeline/detection/overlaps.py: OKS and IoU by their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from coco_scenes import quarter

from pipeline.detection import overlaps
from pipeline.detection.overlaps import all_pairs, box_iou
from pipeline.geometry.coco_keypoints import SIGMAS

NOSE = 0
ONE = all_pairs(np.zeros(1, int), np.zeros(1, int))
BOX, AREA = np.array([[100.0, 100.0, 140.0, 180.0]]), np.array([900.0])


def pose(visible: tuple[int, ...]) -> np.ndarray:
    """One annotated pose [1, 17, 3] with some keypoints."""
    result = np.zeros((1, 17, 3))
    result[0, :, :2] = 120 + np.arange(34).reshape(17, 2)
    result[0, list(visible), 2] = 2
    return result


def oks(found: np.ndarray, true: np.ndarray) -> float:
    return float(overlaps.oks(found, true, BOX, AREA, np.array(SIGMAS), ONE)[0])


def test_pairs_are_those_of_equal_keys_in_the_detections_order() -> None:
    pairs = all_pairs(np.array([5, 2, 5, 7]), np.array([2, 5, 5, 6]))
    assert list(zip(pairs.detection.tolist(), pairs.truth.tolist(), strict=True)) == [
        (0, 1),
        (0, 2),
        (1, 0),
        (2, 1),
        (2, 2),
    ]
    assert pairs.first.tolist() == [0, 2, 3, 5, 5]


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0])
def test_similarity_falls_as_a_gaussian_of_the_distance(distance: float) -> None:
    true = pose((NOSE,))
    found = true[..., :2] + np.array([0.6, 0.8]) * distance
    assert oks(found, true) == pytest.approx(math.exp(-(distance**2) / (2 * 900 * (2 * 0.026) ** 2)))


def test_similarity_is_the_mean_over_annotated_keypoints() -> None:
    true = pose((NOSE, 3, 9))
    found = true[..., :2].copy()
    found[0, 3] += 1e4  # as wrong as can be
    found[0, 12] += 1e4  # not annotated
    assert oks(found, true) == pytest.approx(2 / 3)


def test_a_person_without_keypoints_matches_anywhere_in_the_extended_box() -> None:
    """The box is 40 x 80 at (100, 100): extended by its size it spans x 60 to 180 and y 20 to 260."""
    true = pose(())
    inside = np.tile([61.0, 259.0], (1, 17, 1))
    assert oks(inside, true) == 1
    outside = np.tile([50.0, 21.0], (1, 17, 1))  # 10 px to the left of it
    expected = np.exp(-100 / (2 * 900 * (2 * np.array(SIGMAS)) ** 2)).mean()
    assert oks(outside, true) == pytest.approx(expected)


def test_pairs_computed_in_parts_equal_pairs_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    true = np.concatenate([rng.uniform(100, 140, (4, 17, 2)), rng.integers(0, 3, (4, 17, 1))], axis=2)
    arguments = (rng.uniform(100, 140, (9, 17, 2)), true, np.repeat(BOX, 4, 0), np.repeat(AREA, 4), np.array(SIGMAS))
    pairs = all_pairs(np.zeros(9, int), np.zeros(4, int))
    whole = overlaps.oks(*arguments, pairs)
    monkeypatch.setattr(overlaps, "PAIRS_AT_ONCE", 7)
    assert whole.shape == (36,) and np.array_equal(whole, overlaps.oks(*arguments, pairs))


@pytest.mark.parametrize(
    ("found", "crowd", "expected"),
    [
        ([0, 0, 4, 4], False, 1.0),
        ([2, 0, 6, 4], False, 8 / 24),
        ([2, 0, 6, 4], True, 8 / 16),  # of the detection alone
        ([1, 1, 2, 2], True, 1.0),
        ([4, 0, 8, 4], False, 0.0),  # they touch
        ([5, 5, 5, 5], False, 0.0),  # nothing
    ],
)
def test_intersection_over_union(found: list[int], crowd: bool, expected: float) -> None:
    true = np.array([[0.0, 0.0, 4.0, 4.0]])
    assert box_iou(np.array([found]), true, np.array([crowd]), ONE)[0] == pytest.approx(expected)


def test_iou_is_that_of_pycocotools() -> None:
    from pycocotools import mask

    rng = np.random.default_rng(0)
    found, true = (quarter(rng.uniform(0, 50, (count, 2, 2))).cumsum(axis=1).reshape(-1, 4) for count in (30, 20))
    crowd = rng.random(20) < 0.5
    pairs = all_pairs(np.zeros(30, int), np.zeros(20, int))
    sized = [np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1) for boxes in (found, true)]
    expected = mask.iou(*sized, crowd.astype(int).tolist())
    assert np.array_equal(box_iou(found, true, crowd, pairs).reshape(30, 20), expected)
