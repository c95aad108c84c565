"""tools.reference: what of a finished run is copied to results/reference, and which runs are refused."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import finished_runs
import known_code
import pytest
import torch
from repository import ROOT, run_tool

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.layout import Layout
from pipeline.tools import reference

COMMIT = finished_runs.environment()["git_commit"]
IMAGE = "figures/with_images/somebody.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository whose preset demo has run to its end, with a figure that shows an image from COCO."""
    finished_runs.make(tmp_path)
    known_code.remember(Layout("demo", tmp_path))
    finished_runs.write(tmp_path / "results/demo" / IMAGE, "an image")
    finished_runs.write(tmp_path / "results/demo/tables/.snakemake_timestamp", "")
    for file in records(tmp_path):
        change(file, torch="2.13.0+cpu", python="3.11.2", device=platform.machine(), platform=platform.platform())
    artifacts.write_json(tmp_path / "data/demo/publish.json", {})
    return tmp_path


def records(root: Path) -> list[Path]:
    return sorted(root.glob("data/demo/train_lifting/*/seed_*/environment.json"))


def change(file: Path, **values: Any) -> None:
    finished_runs.edit(file, lambda content: content.update(values))


def about(root: Path) -> dict[str, Any]:
    """Copy the run and give its run.json."""
    assert reference.run(root, "demo") == 0
    return dict(artifacts.read_json(root / "results/reference/demo/run.json"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_copied_but_images_of_others(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished_runs.write(root / "results/reference/demo/metrics/of_an_earlier_run.json", "{}")
    about(root)
    made, copied = files(root / "results/demo"), files(root / "results/reference/demo")
    assert copied.pop("run.json")
    assert made.pop(IMAGE) and made.pop("tables/.snakemake_timestamp") == b""
    assert copied == made
    assert [path.name for path in (root / "results/reference").iterdir()] == ["demo"]
    assert "results/reference/demo: the run of 2026-11-20; `python -m pipeline readme`" in capsys.readouterr().out


def test_run_json_says_where_when_and_from_which_commit(root: Path) -> None:
    change(records(root)[0], started="2026-11-20T09:00:00+00:00", git_commit=40 * "a")
    assert about(root) == {
        "preset": "demo",
        "date": "2026-11-20",
        "started": "2026-11-20T09:00:00+00:00",
        "finished": "2026-11-20T10:30:00+00:00",
        "hours": 1.5,
        "training_hours": 1.37,  # four of 1,234.5 seconds
        "commits": [40 * "a", COMMIT.removesuffix("-dirty")],
        "uncommitted_changes": True,
        "machine": {
            "processor": reference.processor(),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "cores": os.cpu_count(),
            "gpu": None,
            "operating_system": platform.platform(),
        },
        "torch": "2.13.0+cpu",
        "python": "3.11.2",
        "note": "The code differed from the commit while it ran (-dirty).",
    }


def test_a_gpu_is_named_and_a_clean_commit_needs_no_note(root: Path) -> None:
    for file in records(root):
        change(file, git_commit=40 * "b")
    change(records(root)[0], device="NVIDIA H100 80GB HBM3", torch="2.13.0+cu130")
    said = about(root)
    assert said["machine"]["gpu"] == "NVIDIA H100 80GB HBM3"
    assert (said["commits"], said["uncommitted_changes"], said["note"]) == ([40 * "b"], False, None)
    assert said["torch"] == "2.13.0+cu130, 2.13.0+cpu"


def test_what_another_machine_was_is_not_guessed(root: Path) -> None:
    for file in records(root):
        change(file, platform="Linux-1.0-riscv64-with-glibc2.99", device="riscv64", git_commit=None)
    said = about(root)
    assert said["machine"] == {
        "processor": None,
        "cpu_capability": None,
        "cores": None,
        "gpu": None,
        "operating_system": "Linux-1.0-riscv64-with-glibc2.99",
    }
    assert (said["commits"], said["note"]) == (
        [],
        "Copied on another system than the one it ran on, so its processor is unknown.",
    )


def test_a_run_that_was_continued_on_another_machine_names_both(root: Path) -> None:
    first, other = about(root)["machine"], "Linux-1.0-riscv64-with-glibc2.99"
    earlier = first | {"processor": "An Earlier One", "operating_system": other}
    artifacts.write_json(root / "results/reference/demo/run.json", {"machine": earlier})
    change(records(root)[0], platform=other, device="riscv64")
    said = about(root)["machine"]
    assert said["processor"] == f"An Earlier One, {reference.processor()}"
    assert (said["cores"], said["cpu_capability"]) == (first["cores"], first["cpu_capability"])
    assert sorted(said["operating_system"].split(", ")) == sorted([other, platform.platform()])
    assert about(root)["machine"] == said  # and again: the committed run now has both
    change(records(root)[1], platform="Linux-0.9-sparc64-with-glibc2.1", device="sparc64")
    assert about(root)["machine"]["processor"] is None


def test_a_training_that_was_not_measured_plays_no_part(root: Path) -> None:
    left_over = root / "data/demo/train_lifting/left_over/seed_0/environment.json"
    artifacts.write_json(left_over, artifacts.read_json(records(root)[0]) | {"git_commit": 40 * "c"})
    assert about(root)["commits"] == [COMMIT.removesuffix("-dirty")]


def no_receipt(root: Path) -> None:
    (root / "data/demo/publish.json").unlink()


def newer_metrics(root: Path) -> None:
    later = (root / "data/demo/publish.json").stat().st_mtime + 10
    os.utime(root / "results/demo/metrics/semgcn.json", (later, later))


def no_metrics(root: Path) -> None:
    for file in (root / "results/demo/metrics").iterdir():
        file.unlink()


def no_records(root: Path) -> None:
    for file in records(root):
        file.unlink()


def an_old_record(root: Path) -> None:
    finished_runs.edit(records(root)[0], lambda content: content.pop("torch"))


FINISH = "`snakemake --config preset=demo`"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (no_receipt, ["data/demo/publish.json: missing, so the run is not finished; ", FINISH]),
        (newer_metrics, ["results/demo/metrics/semgcn.json: newer than ", "data/demo/publish.json", FINISH]),
        (no_metrics, ["results/demo/metrics: no metrics files", FINISH]),
        (no_records, ["results/demo/metrics/graphmdn.json: no training's environment.json in ", FINISH]),
        (an_old_record, ["graphmdn/seed_0/environment.json: torch: is missing; ", "train graphmdn again", FINISH]),
    ],
)
def test_what_is_not_finished_is_refused_and_the_old_run_stays(root: Path, damage: Any, words: list[str]) -> None:
    finished_runs.write(root / "results/reference/demo/README.md", "of an earlier run")
    damage(root)
    with pytest.raises(InputError) as refused:
        reference.run(root, "demo")
    message = str(refused.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []
    assert files(root / "results/reference") == {"demo/README.md": b"of an earlier run"}


def test_a_study_is_copied_to_the_studies(root: Path) -> None:
    preset = root / "params/demo.yaml"
    preset.write_text(preset.read_text() + "study: collapse\n")
    assert reference.run(root, "demo") == 0
    assert [path.name for path in (root / "results/reference").iterdir()] == ["studies"]
    assert (root / "results/reference/studies/demo/run.json").exists()


def test_an_unknown_preset(root: Path) -> None:
    with pytest.raises(InputError, match="no preset 'demmo'"):
        reference.run(root, "demmo")


@pytest.mark.parametrize("preset", ["demo", "mini"])
def test_the_committed_runs_say_of_all_that_a_run_says(preset: str, root: Path) -> None:
    committed = artifacts.read_json(ROOT / "results/reference" / preset / "run.json")
    assert about(root).keys() - committed.keys() == set()
    assert committed["preset"] == preset


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("results/demo/README.md", True),
        ("results/reference/mini/figures/with_images/mdn_offset_figure2.png", True),
        ("results/reference/.mini.abc.part/README.md", True),
        ("results/reference/studies/collapse/figures/with_images/somebody.png", True),
        ("results/reference/studies/.collapse.abc.part/README.md", True),
        ("results/reference/studies/collapse/figures/a.png", False),
        ("results/reference/new/metrics/semgcn.json", False),
        ("results/published/new_table1.csv", False),
    ],
)
def test_what_git_ignores(path: str, ignored: bool) -> None:
    assert (run_tool("git", "check-ignore", "--no-index", path).returncode == 0) == ignored
