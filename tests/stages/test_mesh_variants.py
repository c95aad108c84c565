"""Variants that learn meshes, from their targets to their metrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import planned
import pytest
import small_lifting
from repository import replace_in

from pipeline import artifacts

MESHES = Path("data/tiny/targets/meshes")


def train(variant: str) -> int:
    return planned.stage("train_lifting", "--variant", variant, "--seed", "0")


@pytest.fixture
def short(folder: Path) -> Path:
    """One seed, one epoch, and a body, whose meshes are there."""
    preset = folder / "params" / "tiny.yaml"
    text = preset.read_text().replace("seeds: 2", "seeds: 1").replace("epochs: 2", "epochs: 1")
    preset.write_text(text + "body: open\n")
    return folder


def test_meshes_are_learned_and_measured(short: Path) -> None:
    metrics = planned.measure("lifting", "hgn_64")
    (seed,) = metrics["seeds"]
    assert set(seed["meshes"]) == {"coarse", "fine"}
    for scale in ("coarse", "fine"):
        assert set(seed["meshes"][scale]["mpvpe"]) == {"action_average", "frame_average", "per_action"}
        assert 0 < seed["meshes"][scale]["mpvpe"]["frame_average"] < 2000
    assert len(seed["predictions"]["point"]["mpjpe"]["per_joint"]) == 17
    arrays = artifacts.read_arrays(Path("data/tiny/evaluate_lifting/hgn_64.npz"))
    assert arrays["overlay_pose"].shape == arrays["overlay_truth"].shape == (2, 17, 3)
    assert arrays["overlay_occluded"].shape == (2, 17) and str(arrays["overlay_skeleton"]) == "human36m_17"
    graphs = artifacts.read_arrays(MESHES / "graphs.npz")
    for scale in ("coarse", "fine"):
        assert arrays[f"overlay_{scale}"].shape == (2, len(graphs[f"{scale}_real"]), 3)
    assert arrays["take_pose"].shape[1:] == (17, 3) and arrays["take_hypotheses"].shape[1] == 1


@pytest.fixture
def few(short: Path) -> Path:
    """Poses for a few steps: enough where what is learned does not matter."""
    small_lifting.keep(train=150, test=60)
    return short


def test_what_nothing_was_learned_of_is_not_measured(few: Path) -> None:
    (seed,) = planned.measure("lifting", "hgn_narrow")["seeds"]
    assert seed["meshes"] is None and seed["predictions"]["point"]["mpjpe"]["action_average"] > 0


def test_a_mixture_over_hgn_has_both(few: Path) -> None:
    (seed,) = planned.measure("lifting", "graphmdn_hgn")["seeds"]
    assert {"mean", "highest", "oracle"} <= set(seed["predictions"])
    assert set(seed["meshes"]) == {"coarse", "fine"} and seed["mixture"]["kernels"] == 5


def test_without_a_body_they_are_no_jobs_and_say_why(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace_in(short / "params" / "tiny.yaml", "body: open\n", "")
    assert train("hgn") == 2
    reason = "not run: preset tiny has no body; see params/tiny.yaml"
    assert capsys.readouterr().err == f"error: train_lifting --variant hgn: {reason}\n"
    assert train("mean_pose") == 0


def test_without_meshes_one_line_says_which_file_is_missing(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (MESHES / "graphs.npz").unlink()
    assert train("hgn") == 2
    assert capsys.readouterr().err.startswith(f"error: {MESHES}/graphs.npz: missing; run the stage that writes it")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("meshes", np.zeros((600, 3, 3), np.float16), "meshes: expected [600, 14, 3], found [600, 3, 3]"),
        ("row_frame", np.zeros(7, np.int32), "row_frame: 7 rows for 1200 poses"),
    ],
)
def test_meshes_that_do_not_belong_are_one_line(
    short: Path, capsys: pytest.CaptureFixture[str], name: str, value: np.ndarray, words: str
) -> None:
    arrays = artifacts.read_arrays(MESHES / "train.npz") | {name: value}
    artifacts.write_arrays(MESHES / "train.npz", arrays)
    assert train("hgn_64") == 2
    said = capsys.readouterr().err
    assert said == f"error: {MESHES}/train.npz: {words}; delete it and run fit_body again\n"


def test_a_file_without_graphs_is_one_line(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artifacts.write_arrays(MESHES / "graphs.npz", {"sizes": np.zeros(2, np.int32)})
    assert train("hgn_64") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {MESHES}/graphs.npz: permutation: missing") and said.count("\n") == 1
