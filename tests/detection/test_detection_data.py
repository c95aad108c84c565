"""The images that a detection variant is trained and measured on: its share of them, with annotated objects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import DetectionVariant, Run
from pipeline.detection import data


def few(run: Run) -> DetectionVariant:
    """A variant that trains on a quarter of the 16 images."""
    return run.detection_variant("pose_s_base").model_copy(update={"training_share": 0.25})


def test_a_share_of_the_training_images_is_the_same_every_time(detection: Path) -> None:
    run = config.load("tiny")
    whole = data.read(run, run.detection_variant("pose_s_base"), "train")
    part, again = (data.read(run, few(run), "train") for _ in range(2))
    assert len(part) == 4 and set(part.image_ids) < set(whole.image_ids)
    np.testing.assert_array_equal(part.image_ids, again.image_ids)
    assert len(data.read(run, few(run), "val")) == 8


def test_a_share_without_annotated_objects_is_refused_in_one_line(detection: Path) -> None:
    run = config.load("tiny")
    drawn = set(data.read(run, few(run), "train").image_ids.tolist())
    path = run.layout.images_split("pose", "train")
    content = json.loads(path.read_text())
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] not in drawn]
    path.write_text(json.dumps(content))
    assert len(data.read(run, run.detection_variant("pose_s_base"), "train")) == 16
    with pytest.raises(InputError) as caught:
        data.read(run, few(run), "train")
    assert str(caught.value) == (
        f"{path}: annotations: no keypoints to find on 4 images; let images: in params/tiny.yaml have more of them"
    )
