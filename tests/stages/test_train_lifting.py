import csv
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import planned
import pytest
import small_lifting

from pipeline import config
from pipeline.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [
    sys.executable,
    "-m",
    "pipeline",
    "train_lifting",
    "--preset",
    "tiny",
    "--variant",
    "graphmdn",
    "--seed",
    "0",
]


def train(variant: str, seed: int = 0) -> int:
    return planned.stage("train_lifting", "--variant", variant, "--seed", str(seed))


def outputs(folder: Path) -> dict[str, bytes]:
    """All that must be equal between equal runs: everything but where and when they ran."""
    made = folder / "data" / "tiny" / "train_lifting" / "graphmdn" / "seed_0"
    return {
        str(path.relative_to(made)): path.read_bytes()
        for path in sorted(made.rglob("*"))
        if path.is_file() and path.name != "environment.json"
    }


def start(folder: Path) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        COMMAND, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def state_files(folder: Path) -> dict[str, int]:
    """What a stopped run would go on from, with the time it was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / ".resume").rglob("*.pt") if path.exists()}


@pytest.fixture
def many_steps(folder, monkeypatch):
    """A training of sixty short steps, each of which is saved: long enough to be stopped in its midst."""
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("epochs: 2", "epochs: 12\n  validate_every: 4"))
    small_lifting.narrow("graphmdn")
    monkeypatch.setenv("MIXPOSE_SAVE_EVERY_SECONDS", "0")
    return folder


@pytest.mark.slow
def test_killed_with_sigkill_again_and_again_it_ends_with_the_same_bytes(many_steps):
    folder = many_steps
    assert train("graphmdn") == 0
    expected = outputs(folder)
    assert set(expected) == {"checkpoint.pt", "best.pt", "history.csv"}
    made = folder / "data" / "tiny" / "train_lifting" / "graphmdn" / "seed_0"
    shutil.rmtree(made)
    rng = random.Random(0)
    killed_at = []
    for _ in range(2):
        process, states = start(folder), state_files(folder)
        while state_files(folder) == states and process.poll() is None:  # until it has saved once more
            time.sleep(0.01)
        time.sleep(0.1 * rng.random())  # some steps, and some savings
        if process.poll() is None and not made.exists():
            process.send_signal(signal.SIGKILL)
            killed_at.append(sorted(path.name for path in (folder / ".resume" / "tiny" / "graphmdn").iterdir()))
        process.wait()
    assert killed_at, "the run was never killed: nothing is tested"
    assert any("seed_0.state.pt" in names for names in killed_at)
    assert train("graphmdn") == 0
    assert outputs(folder) == expected
    assert list((folder / ".resume" / "tiny" / "graphmdn").iterdir()) == []


def test_an_interrupted_training_says_how_to_resume(many_steps):
    planned.plan()
    process = start(many_steps)
    while not state_files(many_steps) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "run the same command again" in errors
    assert "Traceback" not in errors


def test_a_variant_outside_the_preset_is_no_job_and_one_line_says_why(folder, capsys):
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("variants: all", "variants: core"))
    assert train("graphmdn_wide") == 2
    reason = "not run: preset tiny trains the core variants only; see params/tiny.yaml"
    assert capsys.readouterr().err == f"error: train_lifting --variant graphmdn_wide: {reason}\n"
    assert not Layout("tiny").training("graphmdn_wide").exists()
    assert {path.name for path in Path("data/tiny/plan/train_lifting").iterdir()} == set(core_of_params())


def core_of_params() -> list[str]:
    run = config.load("tiny")
    return [name for name, variant in run.lifting_variants.items() if variant.core and run.why_left_out(name) is None]


def test_a_seed_that_the_preset_does_not_grant_is_no_job(folder, capsys):
    assert train("mean_pose", 2) == 2
    said = capsys.readouterr().err
    assert said == "error: train_lifting --variant mean_pose --seed 2: preset tiny has no such job\n"


def test_a_closed_form_variant_is_fitted_and_saved_like_any_other(folder):
    assert train("linear_least_squares") == 0
    made = folder / "data" / "tiny" / "train_lifting" / "linear_least_squares" / "seed_0"
    assert (made / "checkpoint.pt").exists() and (made / "history.csv").read_text().count("\n") == 2


def test_validations_come_as_often_as_the_preset_says_and_after_the_last_epoch(folder):
    small_lifting.keep(train=128)
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(re.sub(r"(?m)^  epochs: .*", "  epochs: 5\n  validate_every: 2", preset.read_text(), count=1))
    assert train("resgcn") == 0
    made = folder / "data" / "tiny" / "train_lifting" / "resgcn" / "seed_0"
    rows = list(csv.DictReader((made / "history.csv").open()))
    assert [float(row["epoch"]) for row in rows if row["test_mpjpe"]] == [2, 4, 5]


def test_an_unknown_variant_is_one_line_and_no_work(folder, capsys):
    assert train("semgc") == 2
    error = capsys.readouterr().err
    assert error == "error: params.yaml: lifting_variants has no 'semgc'; did you mean 'semgcn'?\n"


def test_poses_with_a_wrong_joint_count_name_file_and_field(folder, capsys):
    import numpy as np

    path = folder / "data" / "tiny" / "motion" / "ground_truth" / "train.npz"
    arrays = dict(np.load(path))
    arrays["keypoints_2d"] = arrays["keypoints_2d"][:, :16]
    np.savez(path, **arrays)
    assert train("mean_pose") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "train.npz: keypoints_2d: expected shape (1200, 17, 2)" in error


def test_a_diverging_training_names_variant_step_rate_and_term(folder, capsys):
    text = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(text.replace("peak: 6.0e-3", "peak: 1.0e+30"))
    assert train("graphmdn") == 2
    error = capsys.readouterr().err
    assert re.search(r"lifting_variants\.graphmdn: training stopped at step \d+: .* at learning rate", error)
