"""`python -m pipeline plan --explain`: what changed since each result was made, and what would run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from repository import replace_in, run_tool
from tiny_preset import copy_with_tiny

# Every job's outputs, and the record of what they were made from, without running it.
MADE = """
from pathlib import Path
from pipeline.config import dag, made

found = dag.read("tiny")
for job in found.jobs:
    for name in job.outputs:
        path = Path(name)
        file = path if path.suffix else path / "file"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    made.note(job, Path())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which every job of preset tiny seems to have run."""
    folder = copy_with_tiny(tmp_path_factory.mktemp("explained") / "repository")
    answer = run_tool(sys.executable, "-c", MADE, folder=folder)
    assert answer.returncode == 0, answer.stderr
    return folder


def explain(folder: Path, *options: str) -> str:
    answer = run_tool("python", "-m", "pipeline", "plan", "--explain", *options, folder=folder)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_summary_without_explain(folder: Path) -> None:
    answer = run_tool("python", "-m", "pipeline", "plan", folder=folder)
    assert answer.stdout == (
        "preset tiny: 35 jobs, 12 trainings of 12 variants, 115 variants left out; data/tiny/plan\n"
    )


def test_nothing_changed(folder: Path) -> None:
    assert explain(folder) == "all 35 jobs are up to date\n"
    assert explain(folder, "--variant", "graphmdn") == (
        "train_lifting graphmdn/seed_0:\n  up to date\nevaluate_lifting graphmdn:\n  up to date\n"
    )


def test_a_setting(folder: Path) -> None:
    replace_in(folder / "params" / "tiny.yaml", "training_images: true", "training_images: false")
    try:
        said = explain(folder)
    finally:
        replace_in(folder / "params" / "tiny.yaml", "training_images: false", "training_images: true")
    assert said.startswith(
        "evaluate_detection pose_l_mdn_2:\n  settings: preset.detection.training_images: True -> False\n"
    )
    assert "train_" not in said
    # Two evaluations, then tables, report and publish.
    assert said.endswith("5 of 35 jobs would run\n")


def test_the_code_and_what_follows_from_it(folder: Path) -> None:
    layer = folder / "pipeline" / "lifting" / "models" / "graphmdn.py"
    text = layer.read_text()
    layer.write_text(text.replace("raw = self.output(features)", "raw = 1 * self.output(features)"))
    try:
        said = explain(folder, "--variant", "graphmdn")
        others = explain(folder, "--variant", "semgcn_one_cycle")
    finally:
        layer.write_text(text)
    assert said == (
        "train_lifting graphmdn/seed_0:\n  code: pipeline/lifting/models/graphmdn.py changed: GraphMDN\n"
        "evaluate_lifting graphmdn:\n  code: pipeline/lifting/models/graphmdn.py changed: GraphMDN\n"
        "  data: data/tiny/train_lifting/graphmdn/seed_0 is made again first\n"
    )
    assert others.count("up to date") == 2


def test_data_and_outputs(folder: Path) -> None:
    poses, metrics = folder / "data/tiny/motion/ground_truth/file", folder / "results/tiny/metrics/hgn_64.json"
    before = poses.read_text(), metrics.read_text()
    poses.write_text("other poses")
    metrics.unlink()
    try:
        said = explain(folder, "--variant", "hgn_64")
    finally:
        poses.write_text(before[0])
        metrics.write_text(before[1])
    assert "train_lifting hgn_64/seed_0:\n  data: data/tiny/motion/ground_truth\n" in said
    assert "evaluate_lifting hgn_64:\n" in said and "  output: results/tiny/metrics/hgn_64.json is missing\n" in said


def test_a_variant_that_is_not_run_says_why(folder: Path) -> None:
    assert explain(folder, "--variant", "gat") == "gat: not run: preset tiny trains only those that it lists\n"


def test_an_unknown_variant_is_one_line(folder: Path) -> None:
    answer = run_tool("python", "-m", "pipeline", "plan", "--explain", "--variant", "gatt", folder=folder)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("error: params.yaml: lifting_variants has no 'gatt'; did you mean 'gat'?")


def test_what_never_ran(folder: Path) -> None:
    replace_in(folder / "params" / "tiny.yaml", "seeds_of: {}", "seeds_of:\n  graphmdn: 2")
    try:
        said = explain(folder)
    finally:
        replace_in(folder / "params" / "tiny.yaml", "seeds_of:\n  graphmdn: 2", "seeds_of: {}")
    assert "train_lifting graphmdn/seed_1:\n  never run\n" in said
    assert "train_lifting graphmdn/seed_0" not in said


@pytest.mark.parametrize("link", ["data", "results", "data/tiny"])
def test_a_linked_folder_of_outputs_is_refused_before_any_stage(tmp_path: Path, link: str) -> None:
    """DVC would say only after the first job that its outputs are outside the repository."""
    folder, other = copy_with_tiny(tmp_path / "repository"), tmp_path / "other disk"
    other.mkdir()
    if "/" in link:
        (folder / "data").mkdir()
    if (folder / link).exists():
        (folder / link).rename(other / "old")
        (other / "old").rename(other.with_name("results before"))
    (folder / link).symlink_to(other)
    said = f"error: {link}: is a link, and DVC keeps no outputs outside the repository; make it a folder"
    for command in (["python", "-m", "pipeline", "plan"], ["snakemake", "--cores", "1"]):
        answer = run_tool(*command, folder=folder)
        assert answer.returncode == 2 and answer.stderr.splitlines()[-1].startswith(said), answer.stderr
    (folder / link).unlink()


def test_linked_folders_of_downloads_are_taken(tmp_path: Path) -> None:
    folder, other = copy_with_tiny(tmp_path / "repository"), tmp_path / "other disk"
    other.mkdir()
    (folder / "data").mkdir()
    for name in ("raw", "licensed"):
        (folder / "data" / name).symlink_to(other)
    assert run_tool("python", "-m", "pipeline", "plan", folder=folder).returncode == 0
