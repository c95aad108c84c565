"""The pictures that a dense variant learns from and is measured on: its own share, and never with nothing to find."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import params
from pipeline.artifacts import InputError
from pipeline.params import DenseVariant, Run
from pipeline.stages import dense_data


def few(run: Run) -> DenseVariant:
    """A variant that trains on a quarter of the 16 pictures."""
    return run.dense_variant("pose_s_base").model_copy(update={"training_share": 0.25})


def test_a_share_of_the_training_pictures_is_the_same_every_time(dense: Path) -> None:
    run = params.load("tiny")
    whole = dense_data.read(run, run.dense_variant("pose_s_base"), "train")
    part, again = (dense_data.read(run, few(run), "train") for _ in range(2))
    assert len(part) == 4 and set(part.image_ids) < set(whole.image_ids)
    np.testing.assert_array_equal(part.image_ids, again.image_ids)
    assert len(dense_data.read(run, few(run), "val")) == 8


def test_a_share_with_nothing_to_find_is_one_line(dense: Path) -> None:
    run = params.load("tiny")
    drawn = set(dense_data.read(run, few(run), "train").image_ids.tolist())
    path = run.layout.images_split("pose", "train")
    content = json.loads(path.read_text())
    content["annotations"] = [one for one in content["annotations"] if one["image_id"] not in drawn]
    path.write_text(json.dumps(content))
    assert len(dense_data.read(run, run.dense_variant("pose_s_base"), "train")) == 16
    with pytest.raises(InputError) as caught:
        dense_data.read(run, few(run), "train")
    assert str(caught.value) == (
        f"{path}: annotations: no keypoints to find on 4 pictures; let images: in params/tiny.yaml have more of them"
    )
