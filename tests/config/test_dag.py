"""pipeline/config/dag.py: DVC's files and the Snakefile are the same DAG, which holds what is run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dag_jobs import differences, dvc_jobs, snakemake_jobs
from repository import ROOT, replace_in, run_tool

from pipeline import __main__ as command_line
from pipeline import config
from pipeline.config import dag, plan
from pipeline.config.cluster import FILE

PRESETS = ("demo", "mini", "paper")

# --- the same DAG ----------------------------------------------------------------------------------------------------


def planned(folder: Path, preset: str) -> Path:
    """The list of jobs for DVC: that of the default preset is in the repository."""
    if preset != "demo":
        assert run_tool("python", "-m", "pipeline", "plan", "--preset", preset, folder=folder).returncode == 0
    return folder / "params" / preset / "dvc.yaml"


@pytest.mark.parametrize("preset", PRESETS)
def test_dvc_and_snakemake_have_the_same_jobs(repository_copy: Path, preset: str) -> None:
    planned(repository_copy, preset)
    jobs = dvc_jobs(repository_copy, preset)
    assert {command.split()[3] for command in jobs} <= set(command_line.STAGES)
    assert differences(jobs, snakemake_jobs(repository_copy, "--config", f"preset={preset}")) == []


def test_the_preset_of_params_yaml_is_the_one_that_both_take(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("mini")
    replace_in(folder / "params.yaml", "preset: demo\n", "preset: mini\n")
    planned(folder, "mini")
    assert differences(dvc_jobs(folder, "mini"), snakemake_jobs(folder)) == []
    root = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    assert root["all"]["deps"] == ["data/${preset}/plan", "data/${preset}/publish.json"]
    assert "data/mini/publish.json" in set().union(*(job.outputs for job in dvc_jobs(folder, "mini").values()))


def test_a_preset_with_crops_has_one_more_job_and_both_tools_run_it(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("crops")
    path = folder / "params" / "demo.yaml"
    path.write_text(path.read_text() + "\ncrops:\n  source: synthetic\n  size: 64\n")
    before = set(dvc_jobs(folder, "demo"))
    assert run_tool("python", "-m", "pipeline", "plan", folder=folder).returncode == 0
    jobs = dvc_jobs(folder, "demo")
    assert set(jobs) - before == {"python -m pipeline prepare_crops --preset demo"}
    assert differences(jobs, snakemake_jobs(folder)) == []


def test_dvcs_jobs_are_those_of_the_plan() -> None:
    found = dag.read("demo", ROOT)
    text = (ROOT / dag.dvc_file(found.run)).read_text()
    assert text == dag.dvc_text(list(found.jobs)), "run `python -m pipeline plan --preset demo`"


def test_dvc_is_told_once_that_the_jobs_are_others(make_copy: Callable[[str], Path]) -> None:
    """As a stage of DVC's, which has read the old list, `plan` stops it; the second time all is well."""
    folder = make_copy("new")
    command = ("python", "-m", "pipeline", "plan", "--preset", "mini")
    first, second = (run_tool(*command, folder=folder, DVC_STAGE="plan") for _ in range(2))
    assert (first.returncode, second.returncode) == (2, 0)
    assert "params/mini/dvc.yaml is updated, run the same command again" in first.stderr


def test_snakemake_leaves_no_file_for_dvc_where_there_was_none(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("clean")
    assert run_tool("snakemake", "--dry-run", "--config", "preset=mini", folder=folder).returncode == 0
    assert not (folder / "params" / "mini").exists()


@pytest.mark.parametrize(
    ("file", "before", "after", "difference"),
    [
        (
            "body",
            '        directory("<data>/targets/meshes"),\n',
            '        directory("<data>/targets/meshes"),\n        "extra",\n',
            "output extra in one",
        ),
        (
            "motion",
            '        "<data>/download.json",\n    output:',
            "    output:",
            "input data/demo/download.json in one",
        ),
        ("body", "pipeline build_body --preset", "pipeline build_body --quiet --preset", "in one file only"),
        ("lifting", '        data=PLAN.inputs("train_lifting"),\n', "", "input data/demo/motion/ground_truth in one"),
    ],
)
def test_a_change_to_one_file_alone_is_found(
    make_copy: Callable[[str], Path], file: str, before: str, after: str, difference: str
) -> None:
    folder = make_copy("changed")
    path = folder / "pipeline" / "rules" / f"{file}.smk"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    found = differences(dvc_jobs(folder, "demo"), snakemake_jobs(folder))
    assert any(difference in line for line in found)


# --- only what is planned ---------------------------------------------------------------------------------------------


def test_the_demo_holds_the_core_variants_and_few_other_jobs(repository_copy: Path) -> None:
    run = config.load("demo", repository_copy)
    core = {name for name in (*run.lifting_variants, *run.detection_variants) if run.any_variant(name).core}
    commands = [command.split() for command in snakemake_jobs(repository_copy, "--config", "preset=demo")]
    of_variants = {command[command.index("--variant") + 1] for command in commands if "--variant" in command}
    assert of_variants == core
    assert len([command for command in commands if "--variant" not in command]) + len(["all"]) <= 15


def test_each_seed_is_a_job(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("seeds")
    replace_in(folder / "params" / "demo.yaml", "seeds_of: {}", "seeds_of:\n  graphmdn: 3")
    commands = [command for command in snakemake_jobs(folder) if "train_lifting" in command and " graphmdn " in command]
    assert sorted(command.rpartition(" ")[2] for command in commands) == ["0", "1", "2"]


def test_dvcs_files_name_no_settings_and_no_module() -> None:
    for path in (ROOT / "dvc.yaml", *ROOT.glob("params/*/dvc.yaml")):
        for name, stage in yaml.safe_load(path.read_text())["stages"].items():
            assert "params" not in stage
            assert [dep for dep in stage["deps"] if dep.startswith("pipeline/")] == []
            # The plan alone depends on the code, and on all of it.
            assert ("pipeline" in stage["deps"]) == (name == "plan")


def test_the_users_smpl_body_is_never_pushed(repository_copy: Path) -> None:
    stages = yaml.safe_load(planned(repository_copy, "paper").read_text())["stages"]
    for stage, output in (("build_body", "data/paper/body"), ("fit_body", "data/paper/targets/meshes")):
        assert {output: {"push": False}} in stages[stage]["outs"]


# --- what Snakefile takes from here ----------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("device", "cluster", "asked"),
    [
        ("cpu", "gpus: true", {"gpu": 0}),
        ("cuda", "gpus: false", {"gpu": 1}),
        ("auto", "gpus: true", {"gpu": 1}),
        ("auto", "gpus: true\ngpu_partition: cards", {"gpu": 1, "slurm_partition": "cards"}),
        ("cpu", "gpus: true\ngpu_partition: cards", {"gpu": 0}),
    ],
)
def test_a_training_takes_a_gpu_where_it_uses_one(
    make_copy: Callable[[str], Path], device: str, cluster: str, asked: dict[str, int | str]
) -> None:
    folder = make_copy("cluster")
    (folder / FILE).write_text(cluster)
    found = dag.read("demo", folder)
    run = found.run.model_copy(update={"preset": found.run.preset.model_copy(update={"device": device})})
    assert dataclasses.replace(found, run=run).gpu() == asked


def test_the_trainings_that_take_longest_start_first() -> None:
    found = dag.read("demo", ROOT)

    @dataclasses.dataclass
    class Wildcards:
        variant: str

    def priority(variant: str) -> int:
        return found.priority("train_lifting")(Wildcards(variant))

    assert priority("pose_l_mdn_3") > priority("pose_l_base") > priority("semgcn")  # 36 epochs
    assert priority("semgcn") > priority("hgn") > priority("semgcn_17")  # two epochs each


def test_part_of_a_run_is_not_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(dag.subprocess, "run", lambda command, **_: commands.append(command))
    dag.read("demo", ROOT).adopt({"download", "prepare_motion"})
    assert commands == []


def test_a_whole_run_is_adopted_into_the_lock_of_its_preset_if_dvc_knows_it(
    make_copy: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_copy("adopting")
    planned(folder, "mini")
    commands: list[list[str]] = []

    class Answer:
        returncode = 0

    monkeypatch.setattr(dag.subprocess, "run", lambda command, **_: commands.append(command) or Answer())
    for preset in ("paper", "mini", "demo"):
        dag.read(preset, folder).adopt({"all"})
    assert [[part for part in command if part.endswith("dvc.yaml")] for command in commands] == [
        ["params/mini/dvc.yaml"],
        ["params/demo/dvc.yaml", "dvc.yaml"],
    ]


def test_plan_writes_only_what_changes(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("written")
    found = dag.read("demo", folder)
    assert len(plan.write(list(found.jobs), folder)) == len(found.jobs)
    assert plan.write(list(found.jobs), folder) == []
    shorter = [job for job in found.jobs if job.options.get("variant") != "hgn"]
    assert plan.write(shorter, folder) == [
        "data/demo/plan/evaluate_lifting/hgn.json",
        "data/demo/plan/train_lifting/hgn/seed_0.json",
    ]
    assert not (folder / "data/demo/plan/train_lifting/hgn/seed_0.json").exists()
