import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pipeline import params
from pipeline.__main__ import main
from pipeline.artifacts import InputError
from pipeline.stages import train_lift

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "pipeline", "train_lift", "--preset", "tiny", "--variant", "graphmdn"]


def outputs(folder: Path) -> dict[str, bytes]:
    """All that must be equal between equal runs: everything but where and when they ran."""
    made = folder / "data" / "tiny" / "train_lift" / "graphmdn"
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


@pytest.mark.slow
def test_killed_with_sigkill_again_and_again_it_ends_with_the_same_bytes(folder):
    finished = start(folder)
    assert finished.wait(timeout=300) == 0, finished.stderr.read()
    expected = outputs(folder)
    assert set(expected) == {
        "status.json",
        "variant.json",
        *(f"seed_{seed}/{name}" for seed in (0, 1) for name in ("checkpoint.pt", "best.pt", "history.csv")),
    }
    made = folder / "data" / "tiny" / "train_lift" / "graphmdn"
    shutil.rmtree(made)
    rng = random.Random(0)
    killed_at = []
    for _ in range(4):
        process, states = start(folder), state_files(folder)
        while state_files(folder) == states and process.poll() is None:  # until it has saved once more
            time.sleep(0.01)
        time.sleep(0.3 * rng.random())
        if process.poll() is None and not made.exists():
            process.send_signal(signal.SIGKILL)
            killed_at.append(sorted(path.name for path in (folder / ".resume" / "tiny" / "graphmdn").iterdir()))
        process.wait()
    assert killed_at, "the run was never killed: nothing is tested"
    assert any("seed_0.state.pt" in names or "seed_1.state.pt" in names for names in killed_at)
    last = start(folder)
    assert last.wait(timeout=300) == 0, last.stderr.read()
    assert outputs(folder) == expected
    assert not (folder / ".resume" / "tiny" / "graphmdn").exists()


def test_an_interrupted_run_goes_on_and_says_how_to(folder):
    process = start(folder)
    while not state_files(folder) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "run the same command again" in errors
    assert "Traceback" not in errors


def test_a_variant_outside_the_preset_is_not_run_at_once_and_says_why(folder):
    preset = folder / "params" / "tiny.yaml"
    preset.write_text(preset.read_text().replace("variants: all", "variants: core"))
    assert main(["train_lift", "--preset", "tiny", "--variant", "graphmdn_wide"]) == 0
    made = folder / "data" / "tiny" / "train_lift" / "graphmdn_wide"
    assert sorted(path.name for path in made.iterdir()) == ["status.json", "variant.json"]
    assert json.loads((made / "status.json").read_text()) == {
        "status": "not run",
        "reason": "preset tiny trains the core variants only",
    }


def test_a_closed_form_variant_is_fitted_and_saved_like_any_other(folder):
    assert main(["train_lift", "--preset", "tiny", "--variant", "linear_least_squares"]) == 0
    made = folder / "data" / "tiny" / "train_lift" / "linear_least_squares" / "seed_0"
    assert (made / "checkpoint.pt").exists() and (made / "history.csv").read_text().count("\n") == 2


def test_an_unknown_variant_is_one_line_and_no_work(folder, capsys):
    assert main(["train_lift", "--preset", "tiny", "--variant", "semgc"]) == 2
    error = capsys.readouterr().err
    assert error == "error: params.yaml: lift_variants has no 'semgc'; did you mean 'semgcn'?\n"


def test_poses_with_a_wrong_joint_count_name_file_and_field(folder, capsys):
    import numpy as np

    path = folder / "data" / "tiny" / "motion" / "ground_truth" / "train.npz"
    arrays = dict(np.load(path))
    arrays["keypoints_2d"] = arrays["keypoints_2d"][:, :16]
    np.savez(path, **arrays)
    assert main(["train_lift", "--preset", "tiny", "--variant", "mean_pose"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "train.npz: keypoints_2d: expected shape (1200, 17, 2)" in error


def test_a_diverging_run_names_variant_step_rate_and_term(folder):
    text = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(text.replace("peak: 6.0e-3", "peak: 1.0e+30"))
    run = params.load("tiny")
    torch.manual_seed(0)
    with pytest.raises(InputError, match=r"lift_variants\.graphmdn: training stopped at step \d+: .* at learning rate"):
        train_lift.run(run, "graphmdn")
