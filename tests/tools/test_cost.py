"""tools.cost and tools.calibration: what the trainings cost that are not done yet."""

from __future__ import annotations

import math
from pathlib import Path

import known_code
import numpy as np
import pytest
import torch
from repository import replace_in
from tiny_preset import copy_with_tiny
from torch import nn

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.config import Run, made
from pipeline.report.page.web import costs
from pipeline.tools import calibration, cost
from pipeline.tools.calibration import Calibration

POSES = 1000
MEASURED = Calibration(seconds=(1.0, 2.0, 4.0), memory=10_000_000, weights=1_000_000)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The preset `tiny`, for which a thousand poses are prepared."""
    found = config.load("tiny", copy_with_tiny(tmp_path / "repository"))
    known_code.remember(found.layout)
    arrays = {"joints_3d": np.zeros((POSES, 17, 3), dtype=np.float32)}
    artifacts.write_arrays(found.layout.motion_split("train"), arrays)
    return found


def test_what_is_trained_counts_and_nothing_else(run: Run) -> None:
    """Neither a closed form nor a training that is done."""
    assert [job.item for job in cost.left_to_train(run)] == [
        "semgcn_one_cycle/seed_0",
        "graphmdn/seed_0",
        "pixels_detector/seed_0",
        "semgcn_pixels_fixed/seed_0",
        "semgcn_pixels/seed_0",
        "mixture_without_graph_sh/seed_0",
        "semgcn_17/seed_0",
        "hgn_64/seed_0",
        "pose_l_mdn_2/seed_0",
        "boxes_l_mdn_3/seed_0",
    ]
    done = cost.left_to_train(run)[1]
    for path in done.outputs:
        (run.root / path).mkdir(parents=True)
    made.note(done, run.root)
    assert done.item not in [job.item for job in cost.left_to_train(run)]
    # With other settings it counts again.
    replace_in(run.root / "params/tiny.yaml", "  epochs: 1\nimages:", "  epochs: 2\nimages:")
    assert done.item in [job.item for job in cost.left_to_train(config.load("tiny", run.root))]


def test_hours_are_steps_times_seconds(run: Run) -> None:
    jobs = {job.options["variant"]: job for job in cost.left_to_train(run)}
    lifting = cost.training(run, jobs["graphmdn"], MEASURED)
    steps = math.ceil(POSES / run.variant("graphmdn").optimizer.batch_size)  # of one epoch
    assert lifting.seconds == (steps, 2 * steps, 4 * steps)
    assert lifting.memory == 10_000_000 + POSES * 17 * 5 * 4  # and the poses, two and three numbers of four bytes
    images = cost.training(run, jobs["pose_l_mdn_2"], MEASURED)
    assert images.seconds == (6, 12, 24)  # 48 images in batches of 8
    crops = cost.training(run, jobs["semgcn_pixels"], MEASURED)
    assert crops.seconds == (1, 2, 4)  # 24 crops of 32 px, which are one batch
    assert crops.memory == 10_000_000 + 24 * (17 * 5 * 4 + 3 * 32 * 32)
    total = cost.Cost([lifting, images])
    assert total.hours == pytest.approx([(steps + 6) / 3600, 2 * (steps + 6) / 3600, 4 * (steps + 6) / 3600])


def test_the_papers_have_as_many_examples_as_they_say(repository_copy: Path) -> None:
    run = config.load("paper", repository_copy)
    assert cost.examples(run, "graphmdn")[0] == 1_559_752
    assert cost.examples(run, "pose_l_mdn_3")[0] == 64_115
    shares = {name: variant.training_share for name, variant in run.detection_variants.items()}
    name = min(shares, key=lambda one: shares[one])
    assert shares[name] < 1 and cost.examples(run, name)[0] == math.ceil(117_266 * shares[name])


def test_without_poses_one_line_says_what_to_run_before_anything_is_measured(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []
    monkeypatch.setattr(calibration, "measure", lambda run, name, on: measured.append(name) or MEASURED)
    run.layout.motion_split("train").unlink()
    with pytest.raises(InputError, match="--config preset=tiny --until prepare_motion"):
        cost.run(run.root, "tiny")
    assert measured == []


@pytest.mark.parametrize(
    "name", ["graphmdn", "hgn_64", "pixels_detector", "semgcn_pixels", "pose_l_mdn_2", "boxes_l_mdn_3"]
)
def test_every_kind_of_network_is_timed(run: Run, name: str) -> None:
    found = calibration.measure(run, name, "cpu")
    assert len(found.seconds) == calibration.STEPS and min(found.seconds) > 0
    assert found.memory > 4 * found.weights > 0


def test_variants_with_the_same_network_are_measured_once(
    repository_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(calibration, "measure", lambda run, name, on: asked.append(name) or MEASURED)
    run = config.load("paper", repository_copy)
    names = ["pose_l_mdn_2", "pose_l_mdn_3", "graphmdn"]
    assert cost.calibrate(run, names, "cpu") == dict.fromkeys(names, MEASURED)
    assert asked == ["pose_l_mdn_2", "graphmdn"]


def test_what_the_passes_keep_is_counted_once_and_without_weights() -> None:
    """A linear layer keeps its input, a square its argument: [5, 4] and [5, 8] numbers of four bytes."""
    layer, inputs = nn.Linear(4, 8), torch.ones(5, 4)
    assert calibration._backward(layer, lambda: layer(inputs).square().mean()) == 4 * (5 * 4 + 5 * 8)


def test_the_table_has_a_row_per_paper(run: Run) -> None:
    found = [cost.training(run, job, MEASURED) for job in cost.left_to_train(run)]
    printed = "\n".join(cost.report(run, found, "cpu"))
    lines = [line.split() for line in printed.splitlines()]
    papers = {line[0]: line[1] for line in lines[2:8]}
    assert papers == {"graphmdn": "3", "semgcn": "3", "hgn": "2", "mdn_offset": "1", "mixture_dense": "1", "all": "10"}
    assert list(cost.report(run, [], "cpu")) == ["preset tiny: all trainings are done"]


def test_the_page_reads_what_is_kept(run: Run) -> None:
    found = [cost.training(run, job, MEASURED) for job in cost.left_to_train(run)]
    artifacts.write_json(run.layout.cost, cost.estimate(run, found, "cpu"))
    kept = costs.read(run)
    assert kept is not None and kept.device == "a CPU, threads: 1"
    assert {one.paper: one.trainings for one in kept.papers} == {
        "graphmdn": 3,
        "hgn": 2,
        "mdn_offset": 1,
        "mixture_dense": 1,
        "semgcn": 3,
    }
    least, middle, most = kept.papers[0].hours
    assert (middle, most) == (2 * least, 4 * least)
    run.layout.cost.write_text("{}")
    with pytest.raises(InputError, match=r"cost\.json: date: is missing; run `python -m pipeline cost --preset tiny`"):
        costs.read(run)
