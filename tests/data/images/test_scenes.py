"""Rendered images in COCO's format: the same for the same seed, readable by COCO's own tools, and as set."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipeline.data.images import scenes
from pipeline.data.images.scenes import Scenes
from pipeline.data.images.settings import BoxScenes, PoseScenes
from pipeline.geometry import coco_keypoints

POSES = PoseScenes(size=64, train=80, val=40, people=(1, 3), scale=(0.3, 1.0), front=0.6, without_cue=0.2)
BOXES = BoxScenes(size=64, train=80, val=40)


def pose(split: str = "train", seed: int = 0, **changes: Any) -> Scenes:
    return scenes.make_pose(POSES.model_copy(update=changes), seed, split, None)


def boxes(split: str = "train", seed: int = 0, **changes: Any) -> Scenes:
    return scenes.make_boxes(BOXES.model_copy(update=changes), seed, split, None)


@pytest.fixture(scope="module", params=[pose, boxes])
def made(request: pytest.FixtureRequest) -> Scenes:
    return request.param()


@pytest.mark.parametrize("make", [pose, boxes])
def test_a_seed_fixes_every_byte_and_splits_differ(make) -> None:
    first, again, other, val = make(), make(), make(seed=1), make("val", val=80)
    assert (first.pixels == again.pixels).all() and json.dumps(first.coco) == json.dumps(again.coco)
    for different in (other, val):
        assert (first.pixels != different.pixels).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("make", [pose, boxes])
def test_more_images_begin_with_the_same_ones(make) -> None:
    """For whole batches: a larger preset adds images to those of a smaller one."""
    assert (make(train=96).pixels[:64] == make(train=64).pixels).all()


def test_images_and_annotations_belong_together(made: Scenes) -> None:
    assert made.pixels.shape == (80, 64, 64, 3) and made.pixels.dtype == np.uint8
    images = made.coco["images"]
    assert [image["id"] for image in images] == list(range(1, 81))
    assert all((image["width"], image["height"]) == (64, 64) for image in images)
    annotations = made.coco["annotations"]
    assert [one["id"] for one in annotations] == list(range(1, len(annotations) + 1))
    assert {one["image_id"] for one in annotations} == set(range(1, 81))
    assert {one["category_id"] for one in annotations} == {one["id"] for one in made.coco["categories"]}
    for one in annotations:
        x, y, wide, tall = one["bbox"]
        assert x >= 0 and y >= 0 and wide > 0 and tall > 0 and x + wide <= 64 and y + tall <= 64
        assert 0 < one["area"] <= wide * tall and one["iscrowd"] == 0


def test_cocos_own_code_finds_the_truth_without_fault(made: Scenes, tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text(json.dumps(made.coco))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(tmp_path / "train.json"))
        found = truth.loadRes([one | {"score": 1.0} for one in made.coco["annotations"]])
        for kind in ["bbox", *(["keypoints"] if "keypoints" in made.coco["annotations"][0] else [])]:
            evaluation = COCOeval(truth, found, kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            assert evaluation.stats[0] == pytest.approx(1)


def test_keypoints_keep_cocos_rules() -> None:
    scene = pose()
    flags = set()
    for one in scene.coco["annotations"]:
        keypoints = np.array(one["keypoints"]).reshape(17, 3)
        outside = keypoints[:, 2] == 0
        assert (keypoints[outside] == 0).all() and one["num_keypoints"] == (~outside).sum()
        assert ((keypoints[:, :2] >= 0) & (keypoints[:, :2] <= 64)).all()
        flags |= set(keypoints[:, 2].tolist())
    assert flags == {0, 1, 2}
    (category,) = scene.coco["categories"]
    assert category["keypoints"] == list(coco_keypoints.NAMES)
    assert category["skeleton"][0] == [16, 14] and np.min(category["skeleton"]) == 1  # COCO counts from 1


def test_settings_are_kept() -> None:
    alone = pose(people=(1, 1), scale=(0.5, 0.6), front=1.0, occluders=0.0, train=60)
    assert len(alone.coco["annotations"]) == 60 and not any(one["back_view"] for one in alone.coco["annotations"])
    longest = np.array([max(one["bbox"][2:]) for one in alone.coco["annotations"]])
    assert longest.max() <= 0.6 * 64 + 2 and np.mean(longest >= 0.5 * 64 - 2) > 0.75  # the others reach outside
    crowd = pose(people=(3, 3), scale=(0.2, 0.3), train=60)
    assert 2.5 < len(crowd.coco["annotations"]) / 60 <= 3
    back = [one["back_view"] for one in pose(front=0.25, train=200).coco["annotations"]]
    assert abs(np.mean(back) - 0.75) < 0.08


def test_things_in_front_hide_keypoints_but_never_everybody() -> None:
    def hidden(occluders: float) -> float:
        found = pose(occluders=occluders, people=(1, 1)).coco
        assert {one["image_id"] for one in found["annotations"]} == set(range(1, 81))
        return float(np.mean([np.array(one["keypoints"])[2::3] == 1 for one in found["annotations"]]))

    free, few, many = hidden(0), hidden(1), hidden(6)
    assert free < few < many and many > free + 0.15


def test_sizes_of_objects_spread_evenly_over_their_logarithms() -> None:
    """Of categories whose box is as long as stated: small objects are as frequent as large ones."""
    found = boxes(train=300, objects=(2, 2)).coco["annotations"]
    longest = np.array([max(one["bbox"][2:]) for one in found]) / 64
    assert abs(np.median(longest) - 0.1**0.5) < 0.06
    share = np.bincount([one["category_id"] for one in found], minlength=5)[1:] / len(found)
    assert share.min() > 0.18 and share.max() < 0.32


def test_a_person_is_what_differs_from_the_background() -> None:
    """The box holds what one sees: the same scene with and without the person differs inside it, and only there."""
    scene = pose(people=(1, 1), occluders=0.0, clutter=0, train=32)
    for pixels, one in zip(scene.pixels, scene.coco["annotations"], strict=True):
        x, y, wide, tall = (int(value) for value in one["bbox"])
        outside = np.ones((64, 64), dtype=bool)
        outside[max(y - 1, 0) : y + tall + 1, max(x - 1, 0) : x + wide + 1] = False
        jumps = abs(np.diff(pixels.astype(float), axis=1, prepend=pixels[:, :1].astype(float))).max(axis=-1)
        if outside.sum() > 500:
            assert np.percentile(jumps[~outside], 95) > np.percentile(jumps[outside], 95)
