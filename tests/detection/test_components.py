"""pipeline/detection/components.py: what each component does, on predictions made up so that the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coco_scenes import detect, make_detections, perfect, random_set

from pipeline.detection import components as parts
from pipeline.detection.detections import Detections
from pipeline.geometry.coco_keypoints import LEFT, RIGHT
from pipeline.report.detection_schema import Directions, Quartiles, Spread


def people(chosen: list[int], facing: list[int]) -> Detections:
    """Poses whose left parts lie to the image's right where `facing` is 1, to its left where -1; all 1 px down."""
    count = len(chosen)
    boxes = np.tile([10.0, 10.0, 30.0, 50.0], (count, 1))
    side = np.zeros(17)
    side[list(LEFT)], side[list(RIGHT)] = 3, -3
    offsets = np.stack([np.array(facing)[:, None] * side, np.ones((count, 17))], axis=2)
    keypoints = np.array([20.0, 30.0]) + offsets
    found = make_detections(np.zeros(count), np.ones(count), np.zeros(count, int), boxes, keypoints, components=3)
    return replace(found, component=np.array(chosen))


def test_shares_sum_to_a_hundred() -> None:
    assert parts.shares(people([0, 2, 2, 2], [1, 1, 1, 1])) == [25.0, 0.0, 75.0]
    assert parts.shares(people([], [])) is None


def test_confident_predictions_have_the_score_or_more() -> None:
    found = replace(people([0, 1, 2], [1, 1, 1]), score=np.array([0.7, 0.5, 0.49], np.float32))
    assert len(parts.confident(found)) == 2


def test_sigma_is_that_of_the_component_that_predicts() -> None:
    found = people([0, 1, 1], [1, 1, 1])
    found.sigmas[:] = 99
    found.sigmas[1, 1], found.sigmas[2, 1] = (2, 5), (4, 5)
    assert parts.spread(found, 1) == {"mean_x": 3.0, "mean_y": 5.0, "sd_x": 1.0, "sd_y": 0.0}
    assert set(parts.spread(found, 1)) == set(Spread.model_fields)
    assert parts.spread(found, 2) is None


def test_directions_are_shares_of_left_and_right_parts() -> None:
    found = people([0, 0, 0, 1], [1, 1, -1, -1])
    expected = {"left_x": 66.6667, "left_y": 100.0, "right_x": 33.3333, "right_y": 100.0}
    assert parts.directions(found, 0) == expected and set(expected) == set(Directions.model_fields)
    assert parts.directions(found, 2) is None


def test_directions_are_of_offsets_before_refinement() -> None:
    found = people([0, 1], [1, -1])
    moved = replace(found, keypoints=found.keypoints * 0)
    assert parts.directions(moved, 0) == parts.directions(found, 0)


@pytest.mark.parametrize(
    ("shares", "facing", "expected"),
    [
        ([60.0, 0.0, 40.0], [1, 1, -1], (0, 2)),
        ([30.0, 10.0, 60.0], [-1, -1, 1], (2, 0)),
        ([97.0, 1.0, 2.0], [1, -1, -1], (None, None)),  # one is in use
        ([50.0, 0.0, 50.0], [1, 1, 1], (None, None)),  # they agree
        (None, [1, -1, 1], (None, None)),
    ],
)
def test_front_and_back_by_where_the_left_parts_are(
    shares: list[float] | None, facing: list[int], expected: tuple[int | None, int | None]
) -> None:
    found = people([0, 1, 2], facing)
    assert parts.front_and_back(shares, [parts.directions(found, k) for k in range(3)]) == expected


def test_people_are_matched_once_by_their_boxes_best_scores_first() -> None:
    data = random_set(20, 40, "pose", plain=True)
    found = perfect(data)
    assert np.array_equal(parts.matched(data, found), np.arange(40))
    twice = Detections.concatenate([replace(found, score=found.score / 2), found])
    assert parts.matched(data, twice).tolist() == [-1] * 40 + list(range(40))
    far = replace(found, boxes=found.boxes + 1000)
    assert (parts.matched(data, far) == -1).all()
    assert (parts.matched(replace(data, crowd=np.ones(40, bool)), found) == -1).all()


def test_matches_do_not_depend_on_the_pose() -> None:
    data = random_set(20, 40, "pose", plain=True)
    found = perfect(data)
    wrong = replace(found, keypoints=found.keypoints + 500)
    assert np.array_equal(parts.matched(data, wrong), np.arange(40))


def test_back_views_are_shares_of_a_components_people() -> None:
    data = random_set(10, 8, "pose", plain=True)
    found = replace(perfect(data, 3), component=np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert parts.back_views(data, found) == [None] * 3
    data = replace(data, back_view=np.array([1, 0, 0, 0, 1, 1, 1, 1], bool))
    assert parts.back_views(data, found) == [25.0, 100.0, None]


def test_quartiles_of_known_scales() -> None:
    scales = parts.scales(np.stack([np.arange(101.0), np.arange(101.0)], axis=1))
    expected = {"low": 5.0, "first": 25.0, "median": 50.0, "third": 75.0, "high": 95.0, "share": 50.0}
    assert parts.quartiles(scales, 202) == expected and set(expected) == set(Quartiles.model_fields)
    assert parts.quartiles(scales[:0], 5) is None


def test_components_that_divide_by_scale_correlate_with_it_whatever_their_order() -> None:
    data = random_set(50, 400, "boxes", plain=True)
    found = perfect(data, 3)
    size = parts.scales(found.boxes[:, 2:] - found.boxes[:, :2])
    third = np.digitize(size, np.quantile(size, [1 / 3, 2 / 3]))
    divided = replace(found, component=np.array([1, 2, 0])[third])
    result = parts.scale_division(divided)
    assert result["scale_correlation"] == pytest.approx(np.corrcoef(third, size)[0, 1], abs=1e-4)
    assert result["scale_correlation"] > 0.8 and abs(result["category_correlation"]) < 0.15
    logs = np.log(size)
    by_hand = sum((third == k).mean() * logs[third == k].var() for k in range(3))
    assert result["scale_variance"] == pytest.approx(by_hand, abs=1e-4)
    assert by_hand < parts.scale_division(found)["scale_variance"] == pytest.approx(logs.var(), abs=1e-4)


def test_where_nothing_varies_there_is_no_correlation() -> None:
    found = perfect(random_set(10, 20, "boxes", plain=True), 3)
    assert parts.scale_division(found)["scale_correlation"] is None
    assert parts.scale_division(found.rows([]))["scale_variance"] is None


def test_a_division_by_category_is_seen() -> None:
    data = random_set(50, 400, "boxes", plain=True)
    found = detect(data, 300, components=4)
    size = 10.0 * (found.category + 1)[:, None] + np.random.default_rng(0).uniform(0, 1, (300, 2))
    boxes = np.concatenate([found.boxes[:, :2], found.boxes[:, :2] + size], axis=1)
    result = parts.scale_division(replace(found, boxes=boxes, component=found.category))
    assert result["category_correlation"] > 0.99
