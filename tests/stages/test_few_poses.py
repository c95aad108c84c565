"""Trainings and evaluations on hardly any poses: the right number, or one line that says what is missing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import planned
import pytest
from conftest import random_poses
from repository import replace_in

from pipeline import artifacts
from pipeline.geometry.poses import PoseSet
from pipeline.layout import Layout

LAYOUT = Layout("tiny")


def give(split: str, poses: PoseSet) -> None:
    path = LAYOUT.motion_split(split)
    path.unlink()
    artifacts.write_arrays(path, poses.to_arrays())


def train(variant: str) -> int:
    return planned.stage("train_lifting", "--variant", variant, "--seed", "0")


def measured(variant: str) -> dict[str, Any]:
    """The metrics of a variant with one seed, after its training."""
    replace_in(Path("params/tiny.yaml"), "seeds: 2", "seeds: 1")
    assert train(variant) == 0
    assert planned.stage("evaluate_lifting", "--variant", variant) == 0
    return json.loads(LAYOUT.metrics(variant).read_text())["seeds"][0]


def numbers(content: Any) -> Iterator[float]:
    for item in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        if isinstance(item, (int, float)):
            yield item
        else:
            yield from numbers(item)


def without_sitting(poses: PoseSet) -> PoseSet:
    return poses.select(np.flatnonzero(poses.action != poses.actions.index("Sitting")))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("variant", ["semgcn_one_cycle", "graphmdn"])
def test_a_training_set_smaller_than_a_batch_gives_numbers(variant: str, count: int) -> None:
    """One step an epoch; with a single pose the batch norms keep their running statistics, for want of a variance."""
    give("train", random_poses(count, 0, ["S1"]))
    give("test", random_poses(20, 1, ["S9"]))
    found = measured(variant)
    assert all(map(math.isfinite, numbers(found)))
    history = LAYOUT.history(variant, 0).read_text().splitlines()
    assert len(history) == 1 + 2  # a heading, and two epochs of one step


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("count", [1, 65])
def test_a_batch_of_one_pose_that_batch_norm_cannot_take_is_one_line(
    count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fully connected network's batch norms see a pose as one value; a graph network's see its joints."""
    give("train", random_poses(count, 0, ["S1"]))
    assert train("fully_connected") == 2
    error = capsys.readouterr().err
    assert (
        f"error: lifting_variants.fully_connected: {count} training poses in batches of 64 leave a batch of one, and a "
        "batch norm needs two; change its optimizer.batch_size\n"
    ) in error
    assert "Traceback" not in error


@pytest.mark.usefixtures("folder")
def test_a_test_split_without_an_action_is_averaged_over_the_others() -> None:
    give("train", random_poses(300, 0, ["S1"]))
    give("test", without_sitting(random_poses(40, 1, ["S9"])))
    found = measured("linear_least_squares")["predictions"]["point"]["mpjpe"]
    assert list(found["per_action"]) == ["Walking"]
    assert found["action_average"] == pytest.approx(found["per_action"]["Walking"])
    assert all(map(math.isfinite, numbers(found)))


@pytest.mark.usefixtures("folder")
def test_an_action_that_only_the_test_split_has_is_measured() -> None:
    give("train", without_sitting(random_poses(300, 0, ["S1"])))
    give("test", random_poses(40, 1, ["S9"]))
    found = measured("linear_least_squares")["predictions"]["point"]["mpjpe"]
    assert sorted(found["per_action"]) == ["Sitting", "Walking"]
    assert found["action_average"] == pytest.approx(sum(found["per_action"].values()) / 2)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_without_poses_is_one_line(split: str, capsys: pytest.CaptureFixture[str]) -> None:
    give(split, random_poses(20, 0, ["S1"]).select(slice(0, 0)))
    assert train("semgcn_one_cycle") == 2
    error = capsys.readouterr().err
    assert re.search(rf"error: .*{split}\.npz: no poses for protocol subjects; let motion: in params/tiny\.yaml", error)
    assert "Traceback" not in error


@pytest.mark.usefixtures("folder")
def test_a_protocol_that_leaves_nothing_to_test_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """SemGCN's second protocol tests the last subject alone, and here nobody sees that one."""
    poses = random_poses(20, 0, ["S9"])
    give("test", replace(poses, subjects=["S9", "S11"]))
    assert train("semgcn_protocol_2") == 2
    assert "test.npz: no poses for protocol semgcn_2" in capsys.readouterr().err
