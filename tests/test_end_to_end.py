"""The whole pipeline in a tiny preset, once through DVC and once through Snakemake with two jobs at a time."""

from __future__ import annotations

import dataclasses
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dag_jobs import dvc_jobs
from repository import copy_of_repository, files_of_repository, replace_in, run_tool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

TINY = """
    description: synthetic motion, a test
    threads: 1
    device: cpu
    seeds: 1
    seeds_of: {}
    body: open
    coarsening: searched
    variants:
      - mean_pose
      - linear_least_squares
      - semgcn_one_cycle
      - graphmdn
      - mixture_without_graph_sh
      - semgcn_17
      - hgn_64
    motion:
      source: synthetic
      frames_per_second: 1
      seconds_per_take: 4
      seed: 0
    detections:
      stacked_hourglass:
        source: noise
        spread:
          trunk: 1.0
          head: 1.2
          hip: 1.2
          shoulder: 1.4
          knee: 1.6
          elbow: 2.0
          ankle: 2.0
          wrist: 2.4
        degrees_of_freedom: 3
        swap: 0.01
        miss: 0.01
    generalization: null
    lift:
      epochs: 1
    images:
      source: synthetic
      seed: 0
      pose:
        size: 64
        train: 48
        val: 16
        people:
          - 1
          - 1
        scale:
          - 0.7
          - 1.0
        front: 0.6
        yaw_spread: 0.4
        without_cue: 0.15
        occluders: 0.3
        clutter: 2
      boxes:
        size: 64
        train: 32
        val: 16
        objects:
          - 2
          - 3
        scale:
          - 0.3
          - 1.0
        clutter: 2
    dense:
      epochs:
        pose: 1
        boxes: 1
      input_size:
        pose: 64
        boxes: 64
      networks:
        stacks: 1
        widths:
          - 32
          - 40
          - 48
          - 64
        modules: 1
        map_width: 16
        center_width: 16
      recipe:
        learning_rate: 1.0e-3
        schedule: cosine
        batch_size: 8
        beta2: 0.99
        sigma_factor: 0.3
        sigma_start:
          pose: 10.0
      augment: full
      variants:
        - pose_l_mdn_2
        - boxes_l_mdn_3
      training_images: true
      test_scales:
        - 3
    """


# Loaded by every Python that DVC starts: a stage notes which data files it opens, except those it is still writing.
TRACER = """
import os, sys

arguments = sys.orig_argv
if "pipeline" in arguments:
    stage = arguments[arguments.index("pipeline") + 1]
    item = arguments[-1] if "--variant" in arguments or "--detector" in arguments else ""
    notes = open(os.path.join(os.environ["OPENED"], f"{stage}@{item}"), "a", buffering=1)
    root = os.getcwd()

    def note(event, details):
        if event == "open" and isinstance(details[0], (str, os.PathLike)):
            path = os.path.relpath(details[0], root)
            if path.startswith(("data/", "results/")) and ".part" not in path:
                notes.write(path + "\\n")

    sys.addaudithook(note)
"""


# Tables with images a second in them, which differ from run to run.
MEASURED = ("mixture_dense_speed", "mixture_dense_table2", "mixture_dense_table7")


@dataclasses.dataclass(frozen=True)
class Runs:
    dvc: Path
    snakemake: Path
    opened: Path  # a file a job of the DVC run: what it opened


def repro(folder: Path, *options: str, **environment: str) -> str:
    return tool(folder, "dvc", "repro", *options, **environment)


def snakemake(folder: Path, *options: str) -> str:
    return tool(folder, "snakemake", "--cores", "2", *options)


def tool(folder: Path, *command: str, **environment: str) -> str:
    """What a successful run printed. Captions are dated, so the date is fixed, as for any reproducible build."""
    answer = run_tool(*command, folder=folder, SOURCE_DATE_EPOCH="1700000000", **environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def content(folder: Path) -> dict[str, bytes]:
    """The metrics, tables and claims of a run."""
    results = folder / "results" / "tiny"
    files = [*results.glob("metrics/*.json"), *results.glob("tables/*.*"), *results.glob("claims.*")]
    files = [file for file in files if file.stem not in MEASURED]
    return {str(path.relative_to(results)): path.read_bytes() for path in files if path.name != ".snakemake_timestamp"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folders = [copy_of_repository(tmp_path_factory.mktemp(name)) for name in ("dvc", "snakemake")]
    for folder in folders:
        (folder / "params" / "tiny.yaml").write_text(textwrap.dedent(TINY), encoding="utf-8")
        replace_in(folder / "params.yaml", "preset: demo\n", "preset: tiny\n")
    opened = tmp_path_factory.mktemp("opened")
    tracer = tmp_path_factory.mktemp("tracer")
    (tracer / "sitecustomize.py").write_text(TRACER, encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        both = [
            # The preset's thread count goes before what the environment says (Snakemake tells its jobs the same).
            pool.submit(repro, folders[0], OMP_NUM_THREADS="2", PYTHONPATH=str(tracer), OPENED=str(opened)),
            pool.submit(snakemake, folders[1]),
        ]
        for run in both:
            run.result()
    return Runs(*folders, opened)


def test_both_give_the_same_bytes(runs: Runs) -> None:
    by_dvc, by_snakemake = content(runs.dvc), content(runs.snakemake)
    dense = {"metrics/pose_l_mdn_2.json", "metrics/boxes_l_mdn_3.json"}
    assert dense | {"metrics/graphmdn.json", "metrics/hgn_64.json", "claims.md"} <= by_dvc.keys()
    assert b'"plain"' in by_dvc["metrics/pose_l_mdn_2.json"]
    assert b'"mpvpe"' in by_dvc["metrics/hgn_64.json"]
    assert any(name.startswith("tables/") and name.endswith(".md") for name in by_dvc)
    assert by_dvc.keys() == by_snakemake.keys()
    assert [name for name in by_dvc if by_dvc[name] != by_snakemake[name]] == []


def test_a_stage_opens_only_the_data_it_declares(runs: Runs) -> None:
    """What a stage reads without saying so would not make it run again when that changes."""
    jobs = dvc_jobs(runs.dvc)
    undeclared = []
    for notes in runs.opened.iterdir():
        job = jobs[notes.name.removesuffix("@")]
        for path in set(notes.read_text(encoding="utf-8").split()):
            if not any(Path(path).is_relative_to(place) for place in job.inputs | job.outputs):
                undeclared.append(f"{notes.name} opens {path}")
    assert len(list(runs.opened.iterdir())) == len(jobs)
    assert sorted(undeclared) == []


def test_a_second_run_of_either_does_nothing(runs: Runs) -> None:
    assert_nothing_is_done_by_dvc(runs.dvc)
    assert_nothing_is_done_by_snakemake(runs.snakemake)


def test_each_takes_over_the_outputs_of_the_other(runs: Runs) -> None:
    assert_nothing_is_done_by_snakemake(runs.dvc)
    assert_nothing_is_done_by_dvc(runs.snakemake)


def test_editing_one_variant_runs_one_variant_again(runs: Runs) -> None:
    expected = {"train_lift@mean_pose", "evaluate_lift@mean_pose", "tabulate", "report", "publish"}
    for folder in (runs.dvc, runs.snakemake):
        replace_in(folder / "params.yaml", "    title: Mean pose\n", "    title: Edited\n")
    try:
        # What follows a training hangs on what it leaves, so only a real run of DVC's knows of it.
        printed = repro(runs.dvc)
        started = {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}
        assert started == expected
        assert b'"Edited"' in content(runs.dvc)["metrics/mean_pose.json"]
        printed = snakemake(runs.snakemake, "--dry-run", "--printshellcmds")
        commands = [line for line in printed.splitlines() if line.startswith("Shell command: python")]
        assert len(commands) == len(expected)
        assert sum("--variant mean_pose " in line for line in commands) == 2
    finally:
        for folder in (runs.dvc, runs.snakemake):
            replace_in(folder / "params.yaml", "    title: Edited\n", "    title: Mean pose\n")
        repro(runs.dvc)


def test_sync_tells_snakemake_what_dvc_has_made(runs: Runs) -> None:
    """Outputs checked out of DVC's cache have dates in any order; the commands of `make sync` put that right."""
    for path in (runs.dvc / "data" / "tiny" / "motion").iterdir():
        path.touch()
    assert "Nothing to be done" not in snakemake(runs.dvc, "--dry-run")
    tool(runs.dvc, "make", "--old-file", ".venv/installed", "sync")
    assert_nothing_is_done_by_snakemake(runs.dvc)
    assert_nothing_is_done_by_dvc(runs.dvc)


def test_git_sees_results_and_nothing_else(runs: Runs) -> None:
    before = {str(path) for path in files_of_repository()}
    for folder in (runs.dvc, runs.snakemake):
        seen = tool(folder, "git", "ls-files", "--others", "--exclude-standard").split()
        new = {name for name in seen if not name.startswith("results/tiny/")} - before
        assert new - {"dvc.lock"} == {"params/tiny.yaml"}  # the repository has a lock already, of its own preset


def assert_nothing_is_done_by_dvc(folder: Path) -> None:
    printed = repro(folder)
    assert "Data and pipelines are up to date." in printed
    assert "Running stage" not in printed


def assert_nothing_is_done_by_snakemake(folder: Path) -> None:
    assert "Nothing to be done" in snakemake(folder)
