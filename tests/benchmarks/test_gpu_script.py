"""gpu.sh in small: what a machine with a GPU will run takes every figure, with its goal, and needs no workflow tool."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from repository import ROOT

FIGURES = {
    "same numbers": ["largest_relative_difference"],
    "stop and resume": ["largest_difference_after_resuming", "names_the_step"],
    "images through the loop": [],
    "steps": [],
    "two epochs of Human3.6M's size": ["seconds"],
    "LargeHG at 512 px": ["times_faster"],
    "lifting of mini, three seeds": ["minutes_of_steps"],
}
TRUE_ON_A_CPU = ("same numbers", "stop and resume")  # the others are speeds


@pytest.mark.slow
def test_every_figure_is_taken_without_mlflow_dvc_and_snakemake(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    for tool in ("mlflow", "dvc", "snakemake"):
        (blocked / f"{tool}.py").write_text("raise ImportError('not on this machine')\n")
    environment = {"OUT": str(tmp_path), "PYTHON": sys.executable, "PYTHONPATH": str(blocked)}
    command = [str(ROOT / "tests" / "benchmarks" / "gpu.sh"), "--tiny"]
    answer = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads((tmp_path / "gpu.json").read_text())
    assert found.keys() == {"machine", *FIGURES}
    for name, figures in FIGURES.items():
        assert not {"failed", "left out"} & found[name].keys(), found[name]
        assert all({"value", "goal", "held"} <= found[name][figure].keys() for figure in figures)
    assert all(found[name][figure]["held"] for name in TRUE_ON_A_CPU for figure in FIGURES[name])
    assert found["same numbers"]["same_random_state"]
    assert {"graphmdn", "semgcn", "hgn"} < found["steps"].keys()
    assert found["steps"]["graphmdn"]["times_faster"]["goal"] == "at least 10"


def test_without_a_gpu_only_the_small_form_runs(tmp_path: Path) -> None:
    command = [sys.executable, "tests/benchmarks/gpu.py", "--out", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "CUDA_VISIBLE_DEVICES": ""}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1] == "torch finds no GPU here; --tiny runs the script on a CPU"
