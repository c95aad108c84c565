"""A preset's own variants: they exist in it alone, may be like those of params.yaml, and are jobs for every tool."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import small_params
from dag_jobs import differences, dvc_jobs, snakemake_jobs
from dvc.utils.hydra import apply_overrides
from known_code import code
from repository import ROOT, run_tool
from small_params import edit, says

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import plan
from pipeline.config.dag import dvc_text

OWN = """\
lifting_variants:
  wider:
    like: wide
    title: Wider
    model: {channels: 512}
  wide:
    like: semgcn
    title: Wide
    core: true
    model: {channels: 256}
"""
DETECTION = """\
detection_variants:
  boxes_small:
    paper: mixture_dense
    title: Boxes
    task: boxes
"""
WIDE_BOXES, SEMGCN_BOXES = (DETECTION.replace("boxes_small", name) for name in ("wide", "semgcn"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    small_params.write(tmp_path)
    edit(tmp_path, "params/small.yaml", "lifting:\n", f"{OWN}lifting:\n")
    return tmp_path


def test_they_come_after_the_others_and_exist_in_their_preset_alone(root: Path) -> None:
    general = ["mean_pose", "semgcn", "graphmdn"]
    assert list(config.load("small", root).lifting_variants) == [*general, "wider", "wide"]
    assert list(config.load("real", root).lifting_variants) == general
    with pytest.raises(InputError, match=r"params.yaml: lifting_variants has no 'wide'; there is mean_pose, semgcn"):
        config.load("real", root).variant("wide")
    with pytest.raises(InputError, match=r"params.yaml: lifting_variants has no 'wid'; did you mean 'wide'\?"):
        config.load("small", root).variant("wid")


def test_they_may_be_like_a_variant_of_params_yaml_and_like_each_other(root: Path) -> None:
    run = config.load("small", root)
    semgcn = run.variant("semgcn")
    for name, title, channels, core in (("wide", "Wide", 256, True), ("wider", "Wider", 512, False)):
        model = semgcn.model.model_copy(update={"channels": channels})
        assert run.variant(name) == semgcn.model_copy(update={"title": title, "core": core, "model": model})


def test_the_preset_chooses_among_them_as_among_the_others(root: Path) -> None:
    run = config.load("small", root)
    assert run.why_left_out("wide") is None
    assert run.why_left_out("wider") == "preset small trains the core variants only"
    edit(root, "params/small.yaml", "variants: core", "variants:\n  - wider\nseeds_of:\n  wider: 3")
    run = config.load("small", root)
    assert run.why_left_out("wider") is None and run.seeds_of("wider") == (0, 1, 2)
    edit(root, "params/real.yaml", "motion:", "variants:\n  - wider\nmotion:")
    assert says(root, "real").startswith("params/real.yaml: variants: unknown variant 'wider'")


def test_a_detection_variant_may_be_a_presets_own_too(root: Path) -> None:
    edit(root, "params/real.yaml", "lifting:\n", f"{DETECTION}lifting:\n")
    assert config.load("real", root).detection_variant("boxes_small").task == "boxes"
    assert config.load("small", root).detection_variants == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  wide:\n", "  semgcn:\n", "lifting_variants.semgcn: params.yaml has a variant of this name; choose another"),
        ("like: semgcn", "like: semgnc", "wide.like: unknown variant 'semgnc'; did you mean 'semgcn'?"),
        ("like: semgcn", "like: wider", "wider.like: circular (wider, wide, wider); state one in full"),
        ("    core: true", "    imported: true", "wide.imported: weights are the same in every preset; move it"),
        ("model: {channels: 512}", "modle: {}", "lifting_variants.wider.modle: unknown key; did you mean 'model'?"),
        ("model: {channels: 512}", "epochs: 0", "lifting_variants.wider.epochs: input should be greater than or equal"),
        ("  wide:\n", "  Wide:\n    like: semgcn\n  wide:\n", "string should match pattern"),
        ("lifting_variants:", "lifting_variant:", "lifting_variant: unknown key; did you mean 'lifting_variants'?"),
        ("lifting:\n", f"{WIDE_BOXES}lifting:\n", "detection_variants.wide: a lifting vari"),
        ("lifting:\n", f"{SEMGCN_BOXES}lifting:\n", "detection_variants.semgcn: a lifting"),
        ("model: {channels: 512}", "schedule: {kind: step, factor: 2.0}", "wider.schedule.factor: input"),
        ("model: {channels: 512}", "schedule: {kind: stop}", "wider.schedule.kind: unknown word 'stop'; did you mean"),
        (OWN, "lifting_variants: 3\n", "lifting_variants: input should be a valid dictionary, found 3"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_presets_file(root: Path, old: str, new: str, expected: str) -> None:
    edit(root, "params/small.yaml", old, new)
    said = says(root, "small")
    assert said.startswith("params/small.yaml: ") and expected in said


def test_a_job_has_its_variants_settings_and_the_tables_have_all_variants(root: Path) -> None:
    run = config.load("small", root)
    jobs = {job.name: job for job in plan.jobs(run, code())}
    assert "train_lifting-wide-seed_1" in jobs and not any("wider" in name for name in jobs)
    trained = jobs["train_lifting-wide-seed_1"].settings
    assert trained["params"]["lifting_variants"]["wide"]["model"]["channels"] == 256
    received = plan.run_of({"settings": trained}, "small", root)
    assert received.variant("wide").model.channels == 256
    tabulated = jobs["tabulate"].settings
    assert list(tabulated["params"]["lifting_variants"]) == list(run.lifting_variants)
    assert tabulated["decided"]["left_out"]["wider"] == "preset small trains the core variants only"
    assert "lifting_variants" not in tabulated["preset"]  # they are said once


def test_another_presets_jobs_do_not_depend_on_them(root: Path) -> None:
    before = [job.content() for job in plan.jobs(config.load("real", root), code())]
    edit(root, "params/small.yaml", "channels: 256", "channels: 64")
    assert [job.content() for job in plan.jobs(config.load("real", root), code())] == before


# --- in the repository ------------------------------------------------------------------------------------------------


def test_dvc_and_snakemake_have_the_jobs_of_a_studys_own_variants(make_copy: Callable[[str], Path]) -> None:
    folder = make_copy("study")
    assert run_tool("python", "-m", "pipeline", "plan", "--preset", "collapse", folder=folder).returncode == 0
    jobs = dvc_jobs(folder, "collapse")
    assert sum("train_lifting" in command and "small_clusters" in command for command in jobs) == 10
    assert differences(jobs, snakemake_jobs(folder, "--config", "preset=collapse")) == []
    settings = json.loads((folder / "data/collapse/plan/train_lifting/small_clusters/seed_9.json").read_text())
    assert settings["settings"]["params"]["lifting_variants"]["small_clusters"]["head"]["start"] == "clusters"


def test_dvcs_option_reaches_a_setting_of_a_presets_own_variant(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "params", tmp_path / "params")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    apply_overrides(tmp_path / "params" / "collapse.yaml", ["lifting_variants.small_clusters.head.start=random"])
    assert config.load("collapse", tmp_path).variant("small_clusters").head.start == "random"


def test_a_preset_without_own_variants_has_the_lists_of_params_yaml_alone() -> None:
    demo = config.load("demo", ROOT)
    assert not demo.preset.lifting_variants and "small_clusters" not in demo.lifting_variants
    assert "small_clusters" not in dvc_text(plan.jobs(demo, code()))
