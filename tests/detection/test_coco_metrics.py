"""pipeline/detection/metrics.py: COCO's AP and AR, compared with pycocotools and with values by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from coco_scenes import annotations_of, detect, make_detections, people_apart, perfect, random_set, reference

from pipeline.detection import results
from pipeline.detection.image_set import read
from pipeline.detection.metrics import (
    NothingToFindError,
    evaluate,
    evaluate_boxes,
    evaluate_keypoints,
    face_share,
    subset_visibility,
    write_results,
)
from pipeline.detection.results import SUBSETS, Precision, Subset
from pipeline.geometry.coco_keypoints import GROUPS, SIGMAS

TASKS = ("pose", "boxes")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(3))
def test_all_scores_equal_those_of_pycocotools(task: str, seed: int, tmp_path: Path) -> None:
    """Crowds, ignored people, equal scores, wrong categories, empty images, more detections than are looked at."""
    data = random_set(40, 150, task, seed)
    assert data.crowd.any() and (np.diff(data.first) == 0).any()
    found = detect(data, 2500, seed=seed + 10)
    assert np.bincount(found.image).max() > 20 and len(np.unique(found.score)) < len(found)
    results = tmp_path / "results.json"
    write_results(results, found, data.image_ids, data.category_ids, task)
    expected = reference(annotations_of(data), results, task)
    assert evaluate(data, found) == expected
    assert 5 < expected["ap"] < 60
    assert set(expected) == set(Precision.model_fields)


@pytest.mark.parametrize("task", TASKS)
def test_annotations_read_from_a_file_give_the_same_scores(task: str, tmp_path: Path) -> None:
    data = random_set(30, 80, task)
    content = annotations_of(data)
    for image in content["images"]:
        image["file_name"] = f"{image['id']}.jpg"
    np.random.default_rng(1).shuffle(content["images"])
    (tmp_path / "val.json").write_text(json.dumps(content))
    again = read(tmp_path, "val", task, tmp_path)
    place = np.argsort(again.image_ids)[np.argsort(np.argsort(data.image_ids))]  # where each image stands now
    found = detect(data, 500)
    assert evaluate(again, replace(found, image=place[found.image])) == evaluate(data, found)


@pytest.mark.parametrize("subset", SUBSETS)
def test_a_subset_scores_like_an_edited_annotation_file(subset: Subset, tmp_path: Path) -> None:
    """Everything outside the subset is not annotated: visibility 0, and people without keypoints are ignored."""
    data = random_set(40, 150, "pose")
    found = detect(data, 1500)
    edited = annotations_of(data)
    for row in edited["annotations"]:
        pose = np.array(row["keypoints"]).reshape(17, 3)
        annotated, nose = (pose[:, 2] > 0).sum(), pose[0, 2]
        keep = {
            "all": pose[:, 2] > 0,
            "visible_keypoints": pose[:, 2] == 2,
            "occluded_keypoints": pose[:, 2] == 1,
            "visible_face": annotated >= 5 and nose == 2,
            "occluded_face": annotated >= 5 and nose != 2,
        }[subset]
        pose[~np.broadcast_to(keep, 17)] = 0
        row["keypoints"], row["num_keypoints"] = pose.ravel().tolist(), int((pose[:, 2] > 0).sum())
    results = tmp_path / "results.json"
    write_results(results, found, data.image_ids, data.category_ids, "pose")
    assert evaluate_keypoints(data, found, subset=subset) == reference(edited, results, "pose")


@pytest.mark.parametrize("group", ["facial", "nose", "wrists"])
def test_some_joints_score_like_shorter_keypoint_lists(group: str, tmp_path: Path) -> None:
    data = random_set(40, 150, "pose")
    found, joints = detect(data, 1500), list(GROUPS[group])
    edited = annotations_of(data)
    for row in edited["annotations"]:
        pose = np.array(row["keypoints"]).reshape(17, 3)[joints]
        row["keypoints"], row["num_keypoints"] = pose.ravel().tolist(), int((pose[:, 2] > 0).sum())
    results = tmp_path / "results.json"
    write_results(results, replace(found, keypoints=found.keypoints[:, joints]), data.image_ids, (1,), "pose")
    expected = reference(edited, results, "pose", np.array(SIGMAS)[joints])
    actual = evaluate_keypoints(data, found, joints)
    assert {k: actual[k] for k in ("ap", "ap_50", "ap_75", "ar")} == {
        k: expected[k] for k in ("ap", "ap_50", "ap_75", "ar")
    }


@pytest.mark.parametrize("task", TASKS)
def test_annotations_as_detections_are_perfect(task: str) -> None:
    data = random_set(60, 120, task, plain=True)  # fewer than 20 in any image
    scores = evaluate(data, perfect(data))
    assert {value for value in scores.values() if value is not None} == {100.0}


@pytest.mark.parametrize("task", TASKS)
def test_average_precision_by_hand(task: str) -> None:
    """Two objects; right, wrong, right: precision 1 up to recall 0.5, and 2/3 beyond, on 101 recalls."""
    data = people_apart(1, 2, task)
    found = perfect(data).rows([0, 0, 1])
    found = replace(found, score=np.array([0.9, 0.8, 0.7], np.float32))  # the second finds the first object again
    scores = evaluate(data, found)
    by_hand = round(100 * (51 + 50 * 2 / 3) / 101, 4)
    assert scores["ap"] == scores["ap_50"] == scores["ap_75"] == scores["ap_medium"] == by_hand
    assert scores["ar"] == 100 and scores["ap_large"] is None and scores["ap_small"] is None


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.0, 5.0])
def test_a_known_displacement_passes_the_thresholds_below_its_similarity(distance: float) -> None:
    data = people_apart(1, 3)
    found = perfect(data)
    found = replace(found, keypoints=found.keypoints + np.array([0, distance], np.float32))
    oks = np.exp(-(distance**2) / (2 * 1600 * (2 * np.array(SIGMAS)) ** 2)).mean()
    passed = (np.linspace(0.5, 0.95, 10) <= oks).mean()
    assert 0 < passed <= 1
    assert evaluate_keypoints(data, found)["ap"] == pytest.approx(100 * passed)


@pytest.mark.parametrize("task", TASKS)
def test_detections_in_a_crowd_are_no_errors(task: str) -> None:
    data = replace(people_apart(1, 2, task), crowd=np.array([False, True]))
    found = perfect(data).rows([1, 1, 1, 0])
    found = replace(found, score=np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    assert evaluate(data, found)["ap"] == 100
    solid = evaluate(replace(data, crowd=np.array([False, False])), found)
    assert solid["ar"] == 100 and solid["ap"] < 100


def test_people_outside_a_subset_are_neither_found_nor_missed() -> None:
    data = people_apart(1, 4)
    data.keypoints[2:, 0, 2] = 0  # noses are not annotated
    found = perfect(data)
    wild = found.keypoints.copy()
    wild[2:] += 15  # far wrong, within the extended box of the same person
    wrong = replace(found, keypoints=wild)
    assert evaluate_keypoints(data, wrong)["ap"] < 60
    assert evaluate_keypoints(data, wrong, subset="visible_face")["ap"] == 100
    assert evaluate_keypoints(data, wrong, subset="occluded_face")["ap"] == 0
    assert evaluate_keypoints(data, found.rows([2, 3]), subset="visible_face")["ar"] == 0


def test_only_the_best_detections_of_an_image_count() -> None:
    data = people_apart(1, 1)
    found = perfect(data).rows(np.zeros(25, int))
    wild = found.keypoints + 500
    wild[-1] = found.keypoints[-1]
    late = replace(found, keypoints=wild, score=np.linspace(1, 0.5, 25).astype(np.float32))
    assert evaluate_keypoints(data, late)["ar"] == 0
    assert evaluate_keypoints(data, late, maximum=25)["ar"] == 100


@pytest.mark.parametrize("task", TASKS)
def test_nothing_found_is_precision_zero(task: str) -> None:
    data = random_set(10, 20, task)
    scores = evaluate(data, perfect(data).rows([]))
    assert scores["ap"] == scores["ar"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_nan_matches_nothing(task: str) -> None:
    """As the coordinates of a diverged network."""
    data = people_apart(2, 2, task)
    found = perfect(data)
    keypoints = None if found.keypoints is None else found.keypoints * np.float32(np.nan)
    scores = evaluate(data, replace(found, boxes=found.boxes * np.float32(np.nan), keypoints=keypoints))
    assert scores["ap"] == scores["ar"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_annotations_without_objects_are_refused_in_one_line(task: str) -> None:
    data = random_set(10, 20, task)
    with pytest.raises(NothingToFindError, match=r"annotations\.json.*take other images") as caught:
        evaluate(replace(data, crowd=np.ones(20, bool)), perfect(data))
    assert "\n" not in str(caught.value)
    nobody = replace(
        data, first=np.zeros(11, int), boxes=data.boxes[:0], category=data.category[:0], crowd=data.crowd[:0]
    )
    nobody = replace(nobody, area=data.area[:0], keypoints=data.keypoints[:0])
    with pytest.raises(NothingToFindError):
        evaluate(nobody, perfect(data))


def test_a_category_without_objects_does_not_count() -> None:
    data = replace(random_set(20, 60, "boxes", plain=True), category=np.zeros(60, int))
    found = perfect(data)
    other = replace(found, category=np.full(60, 3))
    assert evaluate_boxes(data, type(found).concatenate([found, other]))["ap"] == 100


def test_the_results_file_for_cocos_server(tmp_path: Path) -> None:
    boxes, keypoints = np.array([[1.0, 2.0, 11.126, 22.0]]), np.full((1, 17, 2), 3.14159)
    found = make_detections([1], [0.25], [0], boxes, keypoints)
    write_results(tmp_path / "pose.json", found, np.array([7, 9]), (1,), "pose")
    expected = {"image_id": 9, "category_id": 1, "keypoints": [3.14, 3.14, 1.0] * 17, "score": 0.25}
    assert json.loads((tmp_path / "pose.json").read_text()) == [expected]
    write_results(
        tmp_path / "boxes.json", replace(found, category=np.array([2])), np.array([7, 9]), (1, 3, 90), "boxes"
    )
    expected = {"image_id": 9, "category_id": 90, "bbox": [1.0, 2.0, 10.13, 20.0], "score": 0.25}
    assert json.loads((tmp_path / "boxes.json").read_text()) == [expected]


def test_subsets_have_the_names_of_the_metrics_file() -> None:
    assert get_args(results.Subset) == SUBSETS


def test_a_face_counts_from_five_annotated_keypoints() -> None:
    visibility = np.zeros((4, 17))
    visibility[0, :5], visibility[1, :4], visibility[2, 1:6] = 2, 2, 2
    visibility[3, :5] = 1
    kept = {name: subset_visibility(visibility, name).any(axis=1) for name in ("visible_face", "occluded_face")}
    assert kept["visible_face"].tolist() == [True, False, False, False]
    assert kept["occluded_face"].tolist() == [False, False, True, True]


def test_every_annotated_keypoint_is_visible_or_occluded() -> None:
    visibility = random_set(5, 50, "pose").keypoints[..., 2]
    parts = [subset_visibility(visibility, name) for name in ("visible_keypoints", "occluded_keypoints")]
    assert np.array_equal(sum(parts), subset_visibility(visibility, "all"))
    assert (parts[0] != 1).all() and (parts[1] != 2).all()


def test_faces_are_counted_among_people_with_enough_keypoints() -> None:
    visibility = np.zeros((4, 17))
    visibility[0, :6] = 2  # six keypoints, nose visible
    visibility[1, :9], visibility[1, 0] = 2, 1  # nose hidden
    visibility[2, 1:12] = 2  # nose not annotated
    visibility[3, :5] = 2  # too few
    assert face_share(visibility, 6) == pytest.approx(100 / 3)
    assert face_share(visibility, 10) == 0
    assert face_share(visibility, 12) is None
