"""tools.sync: outputs that come by `dvc pull`, from a cluster or in a copied folder are not made again.

The tools, the plan and the code are real; quick_stages.py replaces the stages. The DVC remote is a folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import quick_stages
import tool_server
from repository import replace_in, run_tool
from tiny_preset import copy_with_tiny

from pipeline import artifacts, config
from pipeline.config import plan as planning
from pipeline.config.code import Code
from pipeline.tools import kept

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

OF_DVC = ("params/tiny/dvc.yaml", "params/tiny/dvc.lock", "dvc.lock")  # what a user commits besides the preset
# The user's own copies of licensed data, and what of the preset's outputs holds them.
LICENSED = (
    "human36m/Poses_D3_Positions_S1.tgz",
    "human36m/data_2d_h36m_sh_ft_h36m.npz",
    "smpl/SMPL_NEUTRAL.pkl",
    "mpi_inf_3dhp/mpi_inf_3dhp_test_set/TS1/annot_data.mat",
)
HOLDS_LICENSED = (
    "data/tiny/motion/ground_truth",
    "data/tiny/motion/stacked_hourglass",
    "data/tiny/motion/mpi_inf_3dhp",
    "data/tiny/body",
    "data/tiny/targets/meshes",
    "data/tiny/evaluate_lifting/graphmdn.npz",
)


class Clone:
    """A copy of the repository in which the tools run quick stages."""

    def __init__(self, folder: Path, change: Callable[[Path], None] = lambda preset: None) -> None:
        self.folder = copy_with_tiny(folder / "repository")
        change(self.folder / "params" / "tiny.yaml")
        path = quick_stages.install(folder / "bin")
        self.journal = folder / "journal"
        self.journal.write_text("")
        self.environment = {"PATH": path, "JOURNAL": str(self.journal), "RECORDS": "yes"}

    def call(self, *command: str) -> str:
        answer = run_tool(*command, folder=self.folder, **self.environment)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    def jobs_of(self, *command: str) -> list[str]:
        """The jobs that a tool runs."""
        self.journal.write_text("")
        self.call(*command)
        return sorted(self.journal.read_text().splitlines())

    def tool(self, name: str) -> str:
        """What a tool of ours prints; it is no quick stage."""
        return self.call(str(tool_server.shared().python), "-m", "pipeline", name)

    def finish(self) -> None:
        """Run everything; DVC knows the outputs afterwards."""
        self.tool("plan")
        assert len(self.jobs_of("snakemake", "--cores", "2")) > 20

    def push(self, remote: Path) -> None:
        self.call("dvc", "remote", "add", "--default", "--local", "remote", str(remote))
        self.call("dvc", "push", "params/tiny/dvc.yaml")

    def nothing_to_do(self) -> None:
        assert self.jobs_of("snakemake", "--cores", "1") == []
        assert self.jobs_of("dvc", "repro") == []
        assert self.jobs_of("snakemake", "--cores", "1") == []


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with a finished run, pushed to a remote beside it."""
    folder = tmp_path_factory.mktemp("first")
    clone = Clone(folder)
    clone.finish()
    clone.push(folder / "remote")
    return clone


def copy_outputs(first: Clone, second: Clone) -> None:
    """As `rsync` does without dates; what the tools keep for themselves stays behind."""
    for name in ("data", "results"):
        shutil.copytree(
            first.folder / name / "tiny",
            second.folder / name / "tiny",
            ignore=shutil.ignore_patterns(".*"),
            copy_function=shutil.copyfile,
        )


def test_after_dvc_pull_nothing_is_done_again(first: Clone, tmp_path: Path) -> None:
    second = Clone(tmp_path)
    for name in OF_DVC:
        (second.folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(first.folder / name, second.folder / name)
    second.call("dvc", "remote", "add", "--default", "--local", "remote", str(first.folder.parent / "remote"))
    second.tool("plan")
    second.call("dvc", "pull", "params/tiny/dvc.yaml")
    assert "of the others" not in second.tool("sync")
    second.nothing_to_do()


def test_a_copied_run_is_not_done_again(first: Clone, tmp_path: Path) -> None:
    second = Clone(tmp_path)
    copy_outputs(first, second)
    second.tool("sync")
    second.nothing_to_do()


def test_of_a_copied_run_only_what_is_finished_and_the_same_is_kept(first: Clone, tmp_path: Path) -> None:
    """One training was not finished when the folder was copied, and one variant has other settings here."""
    second = Clone(tmp_path)
    copy_outputs(first, second)
    (second.folder / "data/tiny/made/train_lifting/graphmdn/seed_0.json").unlink()
    replace_in(
        second.folder / "params/tiny.yaml", "generalization: null\n", "generalization: null\nepochs_of:\n  hgn_64: 2\n"
    )
    assert "of the others `python -m pipeline plan --explain --preset tiny` says why not" in second.tool("sync")
    assert second.jobs_of("snakemake", "--cores", "1") == [
        "evaluate_lifting graphmdn",
        "evaluate_lifting hgn_64",
        "publish",
        "report",
        "tabulate",
        "train_lifting graphmdn seed_0",
        "train_lifting hgn_64 seed_0",
    ]


def test_sync_after_a_plain_run_changes_nothing(first: Clone) -> None:
    first.tool("sync")
    first.nothing_to_do()


def licensed(preset: Path) -> None:
    """The preset with all that only a licence lets one have, and without image networks."""
    text = preset.read_text()
    before, _, rest = text.partition("motion:\n")
    lifting = rest[rest.index("lifting:\n") : rest.index("images:\n")]
    motion = "motion:\n  source: human36m\n  frames_per_second: 10\n"
    keypoints = "keypoints:\n  stacked_hourglass: {source: file}\ngeneralization: mpi_inf_3dhp\n"
    preset.write_text(before.replace("body: open", "body: smpl") + motion + keypoints + lifting + "images: null\n")


def test_licensed_data_are_never_pushed(tmp_path: Path) -> None:
    clone = Clone(tmp_path, licensed)
    for name in LICENSED:
        path = clone.folder / "data/licensed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("licensed to one user")
    clone.finish()
    clone.push(tmp_path / "remote")
    pushed = [path.read_text(errors="replace") for path in (tmp_path / "remote").rglob("*") if path.is_file()]
    assert [text for text in pushed if "licensed to one user" in text] == []
    assert [name for name in HOLDS_LICENSED if any(text.startswith(f"{name} ") for text in pushed)] == []
    # What a training wrote is pushed, so the list above is not empty for want of a push.
    assert any(text.startswith("data/tiny/train_lifting/graphmdn/seed_0 ") for text in pushed)
    for path in map(clone.folder.joinpath, HOLDS_LICENSED):
        assert (path if path.suffix else path / "file").exists()


def test_committed_results_have_no_seconds_of_a_licensed_recording(tmp_path: Path) -> None:
    root, reference = copy_with_tiny(tmp_path / "repository"), tmp_path / "reference"
    licensed(root / "params/tiny.yaml")
    run = config.load("tiny", root)
    jobs = planning.jobs(run, Code(cache=run.layout.code_digests))
    (variant,) = (one for one in kept.variants(jobs) if one.name == "graphmdn")
    for path in map(root.joinpath, variant.files()):
        artifacts.write_text(path if path.suffix else path / "file", "made by its job")
    evaluation = run.layout.evaluation("graphmdn")
    artifacts.write_arrays(evaluation, {"example_pose": np.zeros((2, 16, 3)), "take_pose": np.zeros((100, 16, 3))})
    kept.write(run, jobs, [variant], reference)
    (committed,) = reference.rglob("*.npz")
    assert artifacts.read_arrays(committed).keys() == {"example_pose"}
    assert artifacts.read_arrays(evaluation).keys() == {"example_pose", "take_pose"}
