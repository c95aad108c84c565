"""pipeline/detection/analyses.py: the papers' tables, from predictions of which the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coco_scenes import detect, people_apart, perfect, random_set

from pipeline.detection import analyses
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.metrics import NothingToFindError, evaluate
from pipeline.geometry.coco_keypoints import GROUPS, SIGMAS
from pipeline.report.detection_schema import Mixture, Truth

HALF = round(100 * 51 / 101, 4)  # everything found is right, up to recall 0.5 of the 101 recalls 0, 0.01, ..., 1


def two_experts(task: str, right: np.ndarray, data: ImageSet) -> Detections:
    """The annotations as detections: component `right` [M] knows each and is chosen, the other turns it upside down."""
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


def test_experts_for_faces_show_in_the_subsets() -> None:
    """MDN offset, Table 2, as it would be if the components divided by face exactly."""
    data = people_apart(15, 4)
    hidden = np.arange(60) % 3 == 0
    data.keypoints[hidden, 0, 2] = 1
    result = Mixture.model_validate(analyses.mixture(data, two_experts("pose", hidden.astype(int), data)))
    front, back = result.components
    for way in ("only", "forced"):
        assert getattr(front, way)["visible_face"].ap == getattr(back, way)["occluded_face"].ap == 100
        assert getattr(front, way)["occluded_face"].ap == getattr(back, way)["visible_face"].ap == 0
    assert front.share == pytest.approx(100 * 40 / 60, abs=1e-3)


def test_forced_through_one_that_knows_nothing() -> None:
    data = people_apart(10, 4)
    result = analyses.mixture(data, two_experts("pose", np.zeros(40, int), data))
    assert result["components"][1]["forced"]["all"]["ap"] == 0
    assert result["components"][0]["forced"]["all"]["ap"] == 100
    assert result["components"][0]["without"]["ap"] == 0 and result["components"][1]["without"]["ap"] == 100
    assert result["collapsed"]


@pytest.mark.parametrize("task", ["pose", "boxes"])
@pytest.mark.parametrize("components", [1, 3])
def test_everything_that_the_metrics_file_has_is_there(task: str, components: int) -> None:
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


def test_predictions_of_which_none_is_sure() -> None:
    data = random_set(20, 40, "pose", plain=True)
    found = replace(perfect(data, 2), score=np.full(40, 0.3, np.float32))
    model = Mixture.model_validate(analyses.mixture(data, found))
    assert model.components[0].share is model.components[0].sigma is model.largest_weight is None
    assert model.full["all"].ap == 100 and not model.collapsed


def test_a_subset_with_nobody_in_it_is_left_out() -> None:
    data = random_set(20, 40, "pose", plain=True)  # all visible
    assert set(analyses.by_subset(data, perfect(data))) == {"all", "visible_keypoints", "visible_face"}
    with pytest.raises(NothingToFindError):
        analyses.by_subset(replace(data, crowd=np.ones(40, bool)), perfect(data))


def test_groups_are_told_apart() -> None:
    data = random_set(20, 40, "pose", plain=True)
    data.keypoints[:, list(GROUPS["ears"]), 2] = 0
    found = perfect(data)
    found.keypoints[:, list(GROUPS["wrists"])] += 2000
    scores = analyses.groups(data, found)
    assert set(scores) == set(GROUPS) - {"ears"}
    assert {name for name, ap in scores.items() if ap == 100} == set(GROUPS) - {"ears", "wrists", "all", "non_facial"}
    assert scores["wrists"] == 0 and 0 < scores["all"] < 100


def test_displaced_truth_loses_what_its_similarity_says() -> None:
    data = random_set(20, 40, "pose", plain=True)
    data = replace(data, area=np.full(40, 900, np.float32))
    result = Truth.model_validate(analyses.truth(data))
    assert result.displaced is not None and list(result.displaced) == ["1", "2", "3"]
    for distance, scores in result.displaced.items():
        for name in ("nose", "eyes", "hips"):  # a group of one sigma
            oks = np.exp(-(float(distance) ** 2) / (2 * 900 * (2 * SIGMAS[GROUPS[name][0]]) ** 2))
            assert scores[name] == pytest.approx(100 * (np.linspace(0.5, 0.95, 10) <= oks).mean())
    assert result.visible_keypoints == result.visible_face == 100


def test_displaced_truth_is_exactly_so_far_away_and_repeats() -> None:
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
