"""failures.py: a full disk, a file without permission and a result that is no number end in one line."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import detection_folder
import pytest
from repository import copy_of_repository, replace_in

from pipeline import __main__, artifacts, failures
from pipeline.__main__ import main

SMALL = 40_000  # bytes that a file may have, with `ulimit -f`


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the plan of a preset of a few made images, whose first stage is done."""
    folder = copy_of_repository(tmp_path_factory.mktemp("planned"))
    (folder / "params" / "tiny.yaml").write_text(detection_folder.PRESET + detection_folder.IMAGES)
    replace_in(folder / "params.yaml", "preset: demo\n", "preset: tiny\n")
    for command in ("plan", "download"):
        ended = pipeline(folder, command)
        assert ended.returncode == 0, ended.stderr
    return folder


def pipeline(folder: Path, *command: str, **options: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pipeline", *command]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **options)  # type: ignore


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))


def test_a_full_disk_is_one_line_with_the_file_and_nothing_half_written(planned: Path) -> None:
    before = {path: path.read_bytes() for path in planned.joinpath("data").rglob("*") if path.is_file()}
    stage = ("prepare_images", "--task", "pose")
    ended = pipeline(planned, *stage, preexec_fn=limited)
    assert ended.returncode == 2
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("error:")]
    assert "images/pose" in line and "train.npz: File too large; make room; what was finished before stays" in line
    assert "Traceback" not in ended.stderr
    after = {path: path.read_bytes() for path in planned.joinpath("data").rglob("*") if path.is_file()}
    assert after == before
    assert pipeline(planned, *stage).returncode == 0  # goes on when there is room


def test_a_full_disk_of_the_plan(planned: Path) -> None:
    """Other commands have the same line: it is in one place for all."""
    ended = pipeline(planned, "plan", "--preset", "mini", preexec_fn=limited)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert "File too large; make room" in ended.stderr


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space left on device; make room; what was"),
        (errno.EDQUOT, "Disk quota exceeded; make room; what was"),
        (errno.EROFS, "Read-only file system; give yourself the right to write there"),
        (errno.EACCES, "Permission denied; give yourself the right to write there"),
        (errno.EIO, "Input/output error; mend that"),
    ],
)
def test_any_stage_and_tool_names_the_file(
    number: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A write that fails does not know its file's name: the writer does."""

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    target = tmp_path / "made.json"

    def writes(*_: object, **__: object) -> int:
        artifacts.write_text(target, "text")
        return 0

    tool = SimpleNamespace(run=writes, arguments=lambda command: None)
    monkeypatch.setattr(artifacts.tempfile, "mkstemp", fails)
    monkeypatch.setattr(__main__.importlib, "import_module", lambda name: tool)
    monkeypatch.setattr(__main__, "run_stage", writes)
    for command in ("plan", "doctor", "download", "report"):
        assert main([command]) == 2
        assert capsys.readouterr().err.startswith(f"error: {target}: {words}")


def test_a_result_that_is_no_number_is_named(tmp_path: Path) -> None:
    value = {"predictions": {"mean": {"p1": [1.0, float("nan")], "p2": float("inf")}}, "count": 3, "name": "nan"}
    with pytest.raises(ValueError) as caught:
        artifacts.write_json(tmp_path / "semgcn.json", value)
    line = failures.line(caught.value)
    assert line is not None and "\n" not in line
    assert line.startswith(f"{tmp_path}/semgcn.json: predictions.mean.p1[1] is nan (2 such values), so it was not")
    assert not list(tmp_path.iterdir())


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    for mistake in (ValueError("shape"), KeyError("name"), OSError("no number"), AssertionError()):
        assert failures.line(mistake) is None
    assert "not enough memory" in str(failures.line(MemoryError()))


def test_output_that_nobody_reads_is_no_error(planned: Path) -> None:
    """`python -m pipeline doctor | head -1`"""
    ended = subprocess.run(
        f"{sys.executable} -m pipeline doctor | true; echo ${{PIPESTATUS[0]}}",
        cwd=planned,
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == "" and ended.stdout.strip() in ("0", "141")


def test_a_checkout_that_may_not_be_written(planned: Path) -> None:
    """Snakemake and the commands say so before any stage."""
    if os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("root may write everywhere, and this machine lets nobody mount")
    mount = f"mount --bind {planned} {planned} && mount -o remount,bind,ro {planned} && cd {planned} && "
    for command, words in (
        (
            "python -m pipeline download",
            "error: .resume/tiny/jobs/download: Read-only file system; give yourself the right",
        ),
        ("snakemake --cores 1", "error: Snakemake's folder .snakemake: cannot be written (Read-only file system)"),
    ):
        ended = subprocess.run(
            ["unshare", "-m", "bash", "-c", mount + command],
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 2 and "Traceback" not in ended.stderr, ended.stderr
        assert words in ended.stderr
