"""pipeline/detection/analyses.py: the papers' tables, from predictions of which the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coco_scenes import detect, make_detections, people_apart, perfect, random_set

from pipeline.detection import analyses
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.metrics import NothingToFindError, evaluate
from pipeline.detection.results import Directions, Mixture, Quartiles, Spread, Truth
from pipeline.geometry.coco_keypoints import GROUPS, LEFT, RIGHT, SIGMAS

HALF = round(100 * 51 / 101, 4)  # everything found is right, up to recall 0.5 of the 101 recalls 0, 0.01, ..., 1


def two_experts(task: str, right: np.ndarray, data: ImageSet) -> Detections:
    """The annotations as detections: the chosen component `right` [M] is right, the other is upside down."""
    found = perfect(data, 2)
    rows, wrong = np.arange(len(found)), 1 - right
    found.sizes[rows, wrong] *= 0.3
    if task == "pose":
        found.component_keypoints[rows, wrong] = 2 * found.center[:, None] - found.component_keypoints[rows, wrong]
    return replace(found, component=right)


@pytest.mark.parametrize("task", ["pose", "boxes"])
def test_two_components_that_know_half_each(task: str) -> None:
    data = people_apart(10, 4, task)
    right = np.arange(40) % 2
    result = Mixture.model_validate(analyses.mixture(data, two_experts(task, right, data)))
    assert result.full["all"].ap == 100
    for component in result.components:
        assert component.share == component.share_strict == 50
        assert component.without.ap == component.only["all"].ap == pytest.approx(HALF)
        assert component.only["all"].ar == 50
        assert component.forced["all"].ar == 50  # the other half is predicted wrongly
    assert not result.collapsed and result.largest_weight == 1


def test_components_that_divide_by_face_differ_in_the_subsets() -> None:
    """MDN offset, Table 2, if the components split exactly by face."""
    data = people_apart(15, 4)
    hidden = np.arange(60) % 3 == 0
    data.keypoints[hidden, 0, 2] = 1
    result = Mixture.model_validate(analyses.mixture(data, two_experts("pose", hidden.astype(int), data)))
    front, back = result.components
    for way in ("only", "forced"):
        assert getattr(front, way)["visible_face"].ap == getattr(back, way)["occluded_face"].ap == 100
        assert getattr(front, way)["occluded_face"].ap == getattr(back, way)["visible_face"].ap == 0
    assert front.share == pytest.approx(100 * 40 / 60, abs=1e-3)


def test_predictions_forced_by_a_component_that_knows_nothing() -> None:
    data = people_apart(10, 4)
    result = analyses.mixture(data, two_experts("pose", np.zeros(40, int), data))
    assert result["components"][1]["forced"]["all"]["ap"] == 0
    assert result["components"][0]["forced"]["all"]["ap"] == 100
    assert result["components"][0]["without"]["ap"] == 0 and result["components"][1]["without"]["ap"] == 100
    assert result["collapsed"]


@pytest.mark.parametrize("task", ["pose", "boxes"])
@pytest.mark.parametrize("components", [1, 3])
def test_all_fields_of_the_metrics_file_are_filled(task: str, components: int) -> None:
    data = random_set(30, 120, task)
    data = replace(data, back_view=np.arange(120) % 4 == 0) if task == "pose" else data
    found = detect(data, 600, components=components)
    found = replace(found, component=np.arange(600) % components)
    result = analyses.mixture(data, found)
    assert set(result) <= set(Mixture.model_fields)
    model = Mixture.model_validate(result)
    own = ("directions", "back_views") if task == "pose" else ("scale",)
    names = {"share", "share_strict", "sigma", "without", "only", "forced", *own}
    assert all({name for name, value in row if value is not None} == names for row in model.components)
    assert set(model.full) == (set(analyses.SUBSETS) if task == "pose" else {"all"})
    assert model.full["all"].ap == evaluate(data, found)["ap"]
    assert not model.collapsed
    assert (model.scale_variance is None) == (task == "pose")


def test_predictions_without_a_confident_one() -> None:
    data = random_set(20, 40, "pose", plain=True)
    found = replace(perfect(data, 2), score=np.full(40, 0.3, np.float32))
    model = Mixture.model_validate(analyses.mixture(data, found))
    assert model.components[0].share is model.components[0].sigma is model.largest_weight is None
    assert model.full["all"].ap == 100 and not model.collapsed


def test_an_empty_subset_is_left_out() -> None:
    data = random_set(20, 40, "pose", plain=True)  # all visible
    assert set(analyses.by_subset(data, perfect(data))) == {"all", "visible_keypoints", "visible_face"}
    with pytest.raises(NothingToFindError):
        analyses.by_subset(replace(data, crowd=np.ones(40, bool)), perfect(data))


def test_each_group_of_keypoints_has_its_own_ap() -> None:
    data = random_set(20, 40, "pose", plain=True)
    data.keypoints[:, list(GROUPS["ears"]), 2] = 0
    found = perfect(data)
    found.keypoints[:, list(GROUPS["wrists"])] += 2000
    scores = analyses.groups(data, found)
    assert set(scores) == set(GROUPS) - {"ears"}
    assert {name for name, ap in scores.items() if ap == 100} == set(GROUPS) - {"ears", "wrists", "all", "non_facial"}
    assert scores["wrists"] == 0 and 0 < scores["all"] < 100


def test_the_ap_of_displaced_keypoints_follows_from_their_oks() -> None:
    data = random_set(20, 40, "pose", plain=True)
    data = replace(data, area=np.full(40, 900, np.float32))
    result = Truth.model_validate(analyses.truth(data))
    assert result.displaced is not None and list(result.displaced) == ["1", "2", "3"]
    for distance, scores in result.displaced.items():
        for name in ("nose", "eyes", "hips"):  # a group of one sigma
            oks = np.exp(-(float(distance) ** 2) / (2 * 900 * (2 * SIGMAS[GROUPS[name][0]]) ** 2))
            assert scores[name] == pytest.approx(100 * (np.linspace(0.5, 0.95, 10) <= oks).mean())
    assert result.visible_keypoints == result.visible_face == 100


def test_keypoints_are_displaced_by_the_distance_and_the_seed_repeats_it() -> None:
    data = random_set(20, 60, "pose")
    people = (data.keypoints[..., 2] > 0).any(axis=1) & ~data.crowd
    found = analyses.displaced(data, 2.0, seed=3)
    offsets = found.keypoints - data.keypoints[people, :, :2]
    assert np.allclose(np.linalg.norm(offsets, axis=2), 2, atol=1e-3)
    assert abs(offsets.mean()) < 0.2
    assert np.array_equal(found.keypoints, analyses.displaced(data, 2.0, seed=3).keypoints)
    further = analyses.displaced(data, 4.0, seed=3).keypoints - data.keypoints[people, :, :2]
    assert np.allclose(further, 2 * offsets, atol=1e-3)


def test_shares_of_what_is_visible() -> None:
    data = random_set(10, 4, "pose", plain=True)
    data.keypoints[:, :, 2] = 0
    data.keypoints[0, :8, 2] = 2
    data.keypoints[1, 1:13, 2] = 1
    data = replace(data, crowd=np.array([False, False, False, True]))
    data.keypoints[3, :, 2] = 2  # a crowd does not count
    result = analyses.truth(data)
    assert result["visible_keypoints"] == 40 and result["visible_face"] == 50 and result["visible_face_strict"] == 0


def test_scales_of_annotated_boxes() -> None:
    data = random_set(20, 50, "boxes", plain=True)
    result = Truth.model_validate(analyses.truth(data))
    sides = data.boxes[:, 2:] - data.boxes[:, :2]
    assert result.scale is not None and result.scale.share == 100
    assert result.scale.median == pytest.approx(np.median(np.sqrt(sides.prod(axis=1))), abs=1e-3)
    assert result.displaced is None


# --- what each component of a mixture does ----------------------------------------------------------------------------


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
    assert analyses.shares(people([0, 2, 2, 2], [1, 1, 1, 1])) == [25.0, 0.0, 75.0]
    assert analyses.shares(people([], [])) is None


def test_confident_predictions_have_the_score_or_more() -> None:
    found = replace(people([0, 1, 2], [1, 1, 1]), score=np.array([0.7, 0.5, 0.49], np.float32))
    assert len(analyses.confident(found)) == 2


def test_sigma_is_that_of_the_component_that_predicts() -> None:
    found = people([0, 1, 1], [1, 1, 1])
    found.sigmas[:] = 99
    found.sigmas[1, 1], found.sigmas[2, 1] = (2, 5), (4, 5)
    assert analyses.spread(found, 1) == {"mean_x": 3.0, "mean_y": 5.0, "sd_x": 1.0, "sd_y": 0.0}
    assert set(analyses.spread(found, 1)) == set(Spread.model_fields)
    assert analyses.spread(found, 2) is None


def test_directions_are_shares_of_left_and_right_parts() -> None:
    found = people([0, 0, 0, 1], [1, 1, -1, -1])
    expected = {"left_x": 66.6667, "left_y": 100.0, "right_x": 33.3333, "right_y": 100.0}
    assert analyses.directions(found, 0) == expected and set(expected) == set(Directions.model_fields)
    assert analyses.directions(found, 2) is None


def test_directions_are_of_offsets_before_refinement() -> None:
    found = people([0, 1], [1, -1])
    moved = replace(found, keypoints=found.keypoints * 0)
    assert analyses.directions(moved, 0) == analyses.directions(found, 0)


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
    assert analyses.front_and_back(shares, [analyses.directions(found, k) for k in range(3)]) == expected


def test_people_are_matched_once_by_their_boxes_best_scores_first() -> None:
    data = random_set(20, 40, "pose", plain=True)
    found = perfect(data)
    assert np.array_equal(analyses.matched(data, found), np.arange(40))
    twice = Detections.concatenate([replace(found, score=found.score / 2), found])
    assert analyses.matched(data, twice).tolist() == [-1] * 40 + list(range(40))
    far = replace(found, boxes=found.boxes + 1000)
    assert (analyses.matched(data, far) == -1).all()
    assert (analyses.matched(replace(data, crowd=np.ones(40, bool)), found) == -1).all()


def test_matches_do_not_depend_on_the_pose() -> None:
    data = random_set(20, 40, "pose", plain=True)
    found = perfect(data)
    wrong = replace(found, keypoints=found.keypoints + 500)
    assert np.array_equal(analyses.matched(data, wrong), np.arange(40))


def test_back_views_are_shares_of_a_components_people() -> None:
    data = random_set(10, 8, "pose", plain=True)
    found = replace(perfect(data, 3), component=np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    assert analyses.back_views(data, found) == [None] * 3
    data = replace(data, back_view=np.array([1, 0, 0, 0, 1, 1, 1, 1], bool))
    assert analyses.back_views(data, found) == [25.0, 100.0, None]


def test_quartiles_of_known_scales() -> None:
    scales = analyses.scales(np.stack([np.arange(101.0), np.arange(101.0)], axis=1))
    expected = {"low": 5.0, "first": 25.0, "median": 50.0, "third": 75.0, "high": 95.0, "share": 50.0}
    assert analyses.quartiles(scales, 202) == expected and set(expected) == set(Quartiles.model_fields)
    assert analyses.quartiles(scales[:0], 5) is None


def test_components_that_divide_by_scale_correlate_with_it_whatever_their_order() -> None:
    data = random_set(50, 400, "boxes", plain=True)
    found = perfect(data, 3)
    size = analyses.scales(found.boxes[:, 2:] - found.boxes[:, :2])
    third = np.digitize(size, np.quantile(size, [1 / 3, 2 / 3]))
    divided = replace(found, component=np.array([1, 2, 0])[third])
    result = analyses.scale_division(divided)
    assert result["scale_correlation"] == pytest.approx(np.corrcoef(third, size)[0, 1], abs=1e-4)
    assert result["scale_correlation"] > 0.8 and abs(result["category_correlation"]) < 0.15
    logs = np.log(size)
    by_hand = sum((third == k).mean() * logs[third == k].var() for k in range(3))
    assert result["scale_variance"] == pytest.approx(by_hand, abs=1e-4)
    assert by_hand < analyses.scale_division(found)["scale_variance"] == pytest.approx(logs.var(), abs=1e-4)


def test_where_nothing_varies_there_is_no_correlation() -> None:
    found = perfect(random_set(10, 20, "boxes", plain=True), 3)
    assert analyses.scale_division(found)["scale_correlation"] is None
    assert analyses.scale_division(found.rows([]))["scale_variance"] is None


def test_a_division_by_category_is_seen() -> None:
    data = random_set(50, 400, "boxes", plain=True)
    found = detect(data, 300, components=4)
    size = 10.0 * (found.category + 1)[:, None] + np.random.default_rng(0).uniform(0, 1, (300, 2))
    boxes = np.concatenate([found.boxes[:, :2], found.boxes[:, :2] + size], axis=1)
    result = analyses.scale_division(replace(found, boxes=boxes, component=found.category))
    assert result["category_correlation"] > 0.99
