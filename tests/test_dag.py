"""pipeline/dag.py, and the promise around it: dvc.yaml and Snakefile are the same DAG, with the code it really uses."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import module_graph
import pytest
from dag_jobs import differences, dvc_jobs, snakemake_jobs
from repository import ROOT, replace_in, run_tool

from pipeline import __main__ as command_line
from pipeline import dag, params

# --- the same DAG ----------------------------------------------------------------------------------------------------


def test_dvc_and_snakemake_have_the_same_jobs(repository_copy: Path) -> None:
    jobs = dvc_jobs(repository_copy)
    run = dag.read(root=repository_copy).run
    assert len(jobs) == 15 + 2 * (len(run.lift_variants) + len(run.dense_variants))
    assert {name.partition("@")[0] for name in jobs} == set(command_line.STAGES)
    assert differences(jobs, snakemake_jobs(repository_copy)) == []


@pytest.mark.parametrize("preset", ["mini", "paper"])
def test_another_preset_has_the_same_jobs_in_both(make_copy: Callable[[str], Path], preset: str) -> None:
    folder = make_copy(preset)
    replace_in(folder / "params.yaml", "preset: demo\n", f"preset: {preset}\n")
    of_params, of_option = snakemake_jobs(folder), snakemake_jobs(folder, "--config", f"preset={preset}")
    assert of_params == of_option
    assert differences(dvc_jobs(folder), of_option) == []


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        (
            'directory("<data>/motion/ground_truth"),',
            'directory("<data>/motion/ground_truth"), "extra",',
            "prepare_motion: output extra in one",
        ),
        ('"<data>/download.json",\n        code', "code", "prepare_motion: input data/demo/download.json in one"),
        ("pipeline prepare_motion", "pipeline --quiet prepare_motion", "prepare_motion: 'python -m pipeline prep"),
    ],
)
def test_a_change_to_one_file_alone_is_found(
    make_copy: Callable[[str], Path], before: str, after: str, difference: str
) -> None:
    folder = make_copy("changed")
    replace_in(folder / "pipeline" / "rules" / "motion.smk", before, after)
    assert any(line.startswith(difference) for line in differences(dvc_jobs(folder), snakemake_jobs(folder)))


def test_every_detector_has_its_stage() -> None:
    assert dag.read(root=ROOT).items_of("detect") == list(get_args(params.Detector))


# --- the code that a stage uses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [stage for stage in command_line.STAGES if not stage.endswith("_code")])
def test_a_stage_depends_on_the_modules_it_uses(stage: str) -> None:
    start = ROOT / "pipeline" / "stages" / f"{stage}.py"
    plumbing = frozenset(ROOT / name for name in dag.PLUMBING)
    used = {path.relative_to(ROOT).as_posix() for path in module_graph.reached(start, ROOT, plumbing)}
    declared = {path for path in dag.read(root=ROOT).code_of(stage) if not module_graph.only_explains(ROOT / path)}
    listed = "\n".join(f"- {path}" for path in sorted(used))
    assert declared == used, f"dvc.yaml: deps of {stage} inside pipeline/ are\n{listed}"


def test_following_imports(tmp_path: Path) -> None:
    files = {
        "pipeline/__init__.py": "'''About.'''\n",
        "pipeline/plumbing.py": "from pipeline import never\n",
        "pipeline/never.py": "VALUE = 1\n",
        "pipeline/stages/__init__.py": "'''About.'''\n",
        "pipeline/stages/train.py": "from pipeline import plumbing, room\ndef run():\n    import pipeline.room.late\n",
        "pipeline/room/__init__.py": "from pipeline.room.first import thing\n",
        "pipeline/room/first.py": "TABLE = 'table.csv'\n",
        "pipeline/room/late.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pipeline.never\n",
        "pipeline/room/table.csv": "",
        "pipeline/room/other.csv": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    stop = frozenset({tmp_path / "pipeline/plumbing.py"})
    found = module_graph.reached(tmp_path / "pipeline/stages/train.py", tmp_path, stop)
    assert {path.relative_to(tmp_path).as_posix() for path in found} == {
        "pipeline/stages/train.py",
        "pipeline/room/__init__.py",
        "pipeline/room/first.py",
        "pipeline/room/late.py",
        "pipeline/room/table.csv",
    }


# --- what Snakefile takes from here ----------------------------------------------------------------------------------


def test_editing_one_variant_changes_the_settings_of_that_variant_alone(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("edited")
    before = dag.read(root=folder)
    replace_in(folder / "params.yaml", "title: GraphMDN, sigma per axis", "title: another")
    after = dag.read(root=folder)
    changed = [
        variant
        for variant in before.run.lift_variants
        if before.settings_of("train_lift", variant) != after.settings_of("train_lift", variant)
    ]
    assert changed == ["graphmdn_sigma_per_axis"]
    assert before.settings_of("prepare_motion") == after.settings_of("prepare_motion")


def test_settings_are_those_that_dvc_yaml_names() -> None:
    stages = dag.read("demo", ROOT)
    settings = json.loads(stages.settings_of("train_lift", "semgcn"))
    assert settings["params.yaml: lift_variants.semgcn"]["title"] == "SemGCN"
    assert settings["params/demo.yaml: threads"] == stages.run.preset.threads
    assert json.loads(stages.settings_of("prepare_motion")).keys() == {"params/demo.yaml: motion"}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("preset=dmo", ["no preset 'dmo'", "did you mean 'demo'"]),
        ("presett=demo", ["--config presett", "only preset"]),
    ],
)
def test_a_wrong_config_is_one_line(repository_copy: Path, option: str, words: list[str]) -> None:
    answer = run_tool("snakemake", "--dry-run", "--config", option, folder=repository_copy)
    (line,) = [line for line in answer.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
    assert answer.returncode == 2
    assert all(word in line for word in words)


@pytest.mark.parametrize(("device", "count"), [("cpu", 0), ("cuda", 1)])
def test_a_training_takes_a_gpu_where_it_uses_one(device: str, count: int) -> None:
    stages = dag.read("demo", ROOT)
    run = stages.run.model_copy(update={"preset": stages.run.preset.model_copy(update={"device": device})})
    assert dataclasses.replace(stages, run=run).gpus() == count


def test_part_of_a_run_is_not_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(dag.subprocess, "run", lambda command, **_: commands.append(command))
    dag.read("demo", ROOT).adopt({"download", "prepare_motion"})
    dag.read("mini", ROOT).adopt({"all"})
    assert commands == []
