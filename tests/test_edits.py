"""What an edit runs again, under DVC and under Snakemake: exactly what the table of edits says (docs/plan.md).

The tools, the plan and the code are real; quick_stages.py replaces the stages, so that it takes seconds.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import quick_stages
from repository import replace_in, run_tool
from tiny_preset import copy_with_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TABLES = {"tabulate", "report", "publish"}
LISTED = "  - graphmdn\n"  # where tiny.yaml names its variants


def trained(*names: str, seed: int = 0, kind: str = "lifting") -> set[str]:
    """The training of these variants, and their evaluation."""
    return {f"train_{kind} {name} seed_{seed}" for name in names} | measured(*names, kind=kind)


def measured(*names: str, kind: str = "lifting") -> set[str]:
    return {f"evaluate_{kind} {name}" for name in names}


@dataclass(frozen=True)
class Edit:
    """A change to one file, and the jobs that it runs again."""

    what: str
    file: str
    before: str
    after: str
    jobs: set[str]


GRAPH_NETWORKS = ("semgcn_one_cycle", "graphmdn", "semgcn_17")
MIXTURES = ("graphmdn", "mixture_without_graph_sh")
EDITS = [
    Edit("a comment", "pipeline/lifting/task.py", "\nimport torch\n", "\n# What torch does.\nimport torch\n", set()),
    Edit("a docstring", "pipeline/mixture.py", '"""', '"""New: ', set()),
    Edit("a message", "pipeline/training/readings.py", "at learning rate", "with a learning rate of", set()),
    Edit(
        "one more seed of one variant",
        "params/tiny.yaml",
        "seeds_of: {}",
        "seeds_of:\n  graphmdn: 2",
        {"train_lifting graphmdn seed_1"} | measured("graphmdn") | TABLES,
    ),
    Edit(
        "a default that graph networks use",
        "pipeline/config/lifting.py",
        "channels: int = Field(128, ge=2)",
        "channels: int = Field(64, ge=2)",
        trained("semgcn_one_cycle", "graphmdn", "semgcn_17")
        | {"train_lifting graphmdn seed_1"}
        | trained("pixels_detector", "semgcn_pixels_fixed", "semgcn_pixels", kind="pixels")
        | TABLES,
    ),
    Edit(
        "a default of mixtures",
        "pipeline/config/lifting.py",
        "kernels: int = Field(5, ge=1)",
        "kernels: int = Field(6, ge=1)",
        trained(*MIXTURES) | {"train_lifting graphmdn seed_1"} | TABLES,
    ),
    Edit(
        "a default that nobody here uses",
        "pipeline/config/lifting.py",
        "latent: int = Field(32, ge=1)",
        "latent: int = Field(16, ge=1)",
        TABLES,  # whose plan has every variant, the auto-encoders too
    ),
    Edit(
        "a layer of one network",
        "pipeline/lifting/models/hgn.py",
        "return non_local(residual(features))",
        "return non_local(1 * residual(features))",
        trained("hgn_64") | TABLES,
    ),
    Edit(
        "a loss",
        "pipeline/lifting/losses.py",
        "return -distribution(mixture).log_prob(target.flatten(1)).mean()",
        "return 0 - distribution(mixture).log_prob(target.flatten(1)).mean()",
        trained(*MIXTURES) | {"train_lifting graphmdn seed_1"} | TABLES,
    ),
    Edit(
        "a setting of evaluation",
        "params/tiny.yaml",
        "training_images: true",
        "training_images: false",
        measured("pose_l_mdn_2", "boxes_l_mdn_3", kind="detection") | TABLES,
    ),
    Edit(
        "a scale of tests",
        "params/tiny.yaml",
        "test_scales:\n    - 3",
        "test_scales:\n    - 3\n    - 5",
        measured("boxes_l_mdn_3", kind="detection") | TABLES,
    ),
    Edit("a table", "pipeline/report/papers/common.py", "Test-dev: only", "On test-dev only", TABLES),
    Edit(
        "how a figure is drawn", "pipeline/report/figures/curves.py", "alpha=0.18", "alpha=0.19", TABLES - {"tabulate"}
    ),
    Edit("a claim", "pipeline/report/papers/graphmdn/claims.py", "at_most=1.05", "at_most=1.06", TABLES),
    Edit("a title", "params.yaml", "title: Mean pose", "title: The mean pose", TABLES),
    Edit("an authors' weight-name map", "pipeline/authors/names.py", "\nimport ", "\nEDITED = 1\nimport ", set()),
    Edit("a variant more", "params/tiny.yaml", LISTED, f"{LISTED}  - resgcn\n", trained("resgcn") | TABLES),
    Edit(
        "one of the layers in a file",
        "pipeline/lifting/models/semgcn.py",
        "joints, in_features = _check_features(features, self.adjacency, self.weight.shape[0])",
        "joints, in_features = _check_features(1 * features, self.adjacency, self.weight.shape[0])",
        trained("resgcn") | TABLES,  # GraphConv; SemGraphConv in the same file is what the others use
    ),
]

BY_NAME = {edit.what: edit for edit in EDITS}
# DVC needs ten seconds for a run, so edits whose jobs are different ones are made together for it.
TOGETHER = (
    ("a comment", "a docstring", "a message", "an authors' weight-name map"),
    ("one more seed of one variant",),
    ("a default that nobody here uses", "a table", "a claim", "a title"),
    ("how a figure is drawn",),
    ("a default that graph networks use", "a layer of one network", "a setting of evaluation"),
    ("a default of mixtures", "a scale of tests", "a variant more"),
    ("a loss", "one of the layers in a file"),
)


class Tool:
    """A copy of the repository in which one tool runs."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.folder, self.command = folder, command
        self.path = quick_stages.install(folder.parent / "bin")
        self.journal = folder.parent / "journal"

    def run(self) -> list[str]:
        """Run the tool; gives the jobs that it ran. DVC is run again where it says so."""
        self.journal.write_text("")
        answer = self._once()
        if answer.returncode and "run the same command again" in answer.stdout + answer.stderr:
            assert self.journal.read_text() == ""  # nothing was run by an old list
            answer = self._once()
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return self.journal.read_text().splitlines()

    def _once(self) -> object:
        return run_tool(*self.command, folder=self.folder, PATH=self.path, JOURNAL=str(self.journal))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with a finished run of Snakemake, which DVC knows: DVC itself needs a second per job."""
    folder = copy_with_tiny(tmp_path_factory.mktemp("finished") / "repository")
    assert run_tool("python", "-m", "pipeline", "plan", folder=folder).returncode == 0  # or DVC would not be told
    jobs = Tool(folder, "snakemake", "--cores", "2").run()
    assert len(jobs) == len(set(jobs)) == 11 + 2 * 12  # eleven jobs of the preset, twelve variants
    return folder


@pytest.fixture(scope="module")
def snakemake(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Tool:
    folder = copied(finished, tmp_path_factory.mktemp("snakemake"))
    (folder / "params" / "tiny" / "dvc.yaml").unlink()  # or Snakemake would tell DVC of each of its runs
    return Tool(folder, "snakemake", "--cores", "2")


@pytest.fixture(scope="module")
def dvc(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return Tool(copied(finished, tmp_path_factory.mktemp("dvc")), "dvc", "repro")


def copied(finished: Path, place: Path) -> Path:
    return Path(shutil.copytree(finished, place / "repository", symlinks=True))


def make(edit: Edit, folder: Path) -> None:
    """Edits stay where they are: each is measured against those before."""
    path = folder / edit.file
    text = path.read_text()
    assert edit.before in text
    path.write_text(text.replace(edit.before, edit.after, 1))


def test_unchanged_nothing_runs(snakemake: Tool, dvc: Tool) -> None:
    assert snakemake.run() == dvc.run() == []


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.what.replace(" ", "_"))
def test_an_edit_runs_exactly_what_it_must(snakemake: Tool, edit: Edit) -> None:
    make(edit, snakemake.folder)
    assert sorted(snakemake.run()) == sorted(edit.jobs)


@pytest.mark.parametrize("names", TOGETHER, ids=lambda names: names[0].replace(" ", "_"))
def test_edits_run_exactly_what_they_must_under_dvc(dvc: Tool, names: tuple[str, ...]) -> None:
    edits = [BY_NAME[name] for name in names]
    for edit in edits:
        make(edit, dvc.folder)
    expected = set[str]().union(*(edit.jobs for edit in edits))
    assert len(expected - TABLES) == sum(len(edit.jobs - TABLES) for edit in edits)  # none hides another's
    assert sorted(dvc.run()) == sorted(expected)


def test_every_edit_is_made_under_dvc() -> None:
    assert sorted(name for names in TOGETHER for name in names) == sorted(BY_NAME)


@pytest.mark.parametrize("name", ["dvc", "snakemake"])
def test_a_clock_that_was_set_back_stops_no_job(name: str, request: pytest.FixtureRequest) -> None:
    """What was made is from the future then. Snakemake lets jobs fail whose inputs are younger than their outputs."""
    tool: Tool = request.getfixturevalue(name)
    tomorrow = time.time_ns() + 86_400 * 1_000_000_000
    oldest = min(path.stat().st_mtime_ns for path in tool.folder.glob("data/tiny/**/*"))
    for top in ("data", "results", "logs"):
        for path in (tool.folder / top).rglob("*"):
            date = tomorrow + path.lstat().st_mtime_ns - oldest
            os.utime(path, ns=(date, date), follow_symlinks=False)
    preset, edited = tool.folder / "params" / "tiny.yaml", "seeds_of:\n  graphmdn: 2"  # by an edit above
    before, count = (edited, 3) if edited in preset.read_text() else ("seeds_of: {}", 2)
    replace_in(preset, before, f"seeds_of:\n  graphmdn: {count}")
    expected = {f"train_lifting graphmdn seed_{count - 1}"} | measured("graphmdn") | TABLES
    assert sorted(tool.run()) == sorted(expected)
    assert tool.run() == []
