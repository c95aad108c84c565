"""training.parallel: two processes that share every batch have the loss curve of one process with the whole batch."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from pathlib import Path

import planned
import pytest
import yaml
from repository import run_tool
from tiny_preset import TINY, copy_with_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TRAINING = ("pipeline", "train_detection", "--variant", "pose_l_mdn_2", "--seed", "0")


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / "data/tiny/train_detection/pose_l_mdn_2/seed_0/history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preset `tiny` with images of people. It has no body, so they are made of capsules, which takes less time."""
    made = copy_with_tiny(tmp_path_factory.mktemp("shared") / "repository")
    settings = yaml.safe_load(TINY)
    without_body = {key: value for key, value in settings.items() if key not in ("body", "crops", "pixels")}
    text = yaml.safe_dump(without_body | {"variants": ["mean_pose"]})
    (made / "params" / "tiny.yaml").write_text(text, encoding="utf-8")
    with contextlib.chdir(made):
        assert planned.stage("prepare_images", "--task", "pose") == 0
    return made


def test_two_processes_have_the_loss_curve_of_one(folder: Path) -> None:
    """48 images in batches of 8: six steps, in two processes with four images each.

    The first loss is that of the same weights, the second of the same update. Later ones differ as roundings grow:
    Adam's first updates are as large for a gradient that is nearly 0 as for any other.
    """
    curves = []
    for launcher in ((), ("torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m")):
        answer = run_tool(sys.executable, "-m", *launcher, *TRAINING, folder=folder, OMP_NUM_THREADS="1")
        assert answer.returncode == 0, answer.stderr
        curves.append(curve(folder))
    one, two = ([float(row["loss"]) for row in rows] for rows in curves)
    assert [row["step"] for row in curves[0]] == [row["step"] for row in curves[1]] == list("123456")
    assert two[0] == pytest.approx(one[0], rel=1e-6)
    assert two[1] == pytest.approx(one[1], rel=3e-5)
    assert two == pytest.approx(one, rel=5e-3)
    record = json.loads((folder / "data/tiny/made/train_detection/pose_l_mdn_2/seed_0.json").read_text())
    assert record["plan"]["outputs"] == ["data/tiny/train_detection/pose_l_mdn_2/seed_0"]
