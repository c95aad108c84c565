"""A run that is killed goes on by the same command, and no second run begins beside one that still works."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import quick_stages
import tool_server
from repository import run_tool
from tiny_preset import copy_with_tiny

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# The first training waits until it may go on. It writes its number, so that the test can end it.
WAITING = """\
#!/bin/sh
case "$3" in
  train_lifting) echo $$ > {folder}/waits; while test ! -e {folder}/go; do sleep 0.05; done ;;
esac
exec {python} "$@"
"""


class Killed:
    """A copy of the repository with a run of Snakemake that waits in a training."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.repository = copy_with_tiny(folder / "repository")
        quick_stages.install(folder / "quick", served=False)
        self.bin.mkdir()
        shim = self.bin / "python"
        shim.write_text(WAITING.format(folder=folder, python=folder / "quick" / "python"))
        shim.chmod(0o755)
        path = os.pathsep.join((str(self.bin), tool_server.USUAL_PATH))
        self.environment = {"PATH": path, "JOURNAL": str(folder / "journal")}
        (folder / "journal").touch()

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["snakemake", "--cores", "1"],
            cwd=self.repository,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        waits = self.folder / "waits"
        while not (waits.exists() and waits.read_text()):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        return process

    def again(self) -> subprocess.CompletedProcess[str]:
        return run_tool("snakemake", "--cores", "1", folder=self.repository, **self.environment)

    def jobs(self) -> list[str]:
        return (self.folder / "journal").read_text().splitlines()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    made = Killed(tmp_path_factory.mktemp("killed"))
    yield made
    (made.folder / "go").touch()


def test_a_killed_run_goes_on_by_the_same_command(killed: Killed) -> None:
    process = killed.start()
    beside = killed.again()
    assert beside.returncode != 0
    assert f"error: process {process.pid} is running preset tiny; wait for it" in beside.stdout + beside.stderr
    by_dvc = run_tool("dvc", "repro", folder=killed.repository, **killed.environment)
    assert by_dvc.returncode != 0
    assert f"error: process {process.pid} is running preset tiny; wait for it" in by_dvc.stdout + by_dvc.stderr

    process.send_signal(signal.SIGKILL)
    process.wait()
    os.kill(int((killed.folder / "waits").read_text()), signal.SIGKILL)  # its job, which nobody waits for any more
    before = killed.jobs()
    assert before and not any(job.startswith("train_lifting") for job in before)

    (killed.folder / "go").touch()
    answer = killed.again()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    jobs = killed.jobs()
    assert jobs[: len(before)] == before and len(jobs) == len(set(jobs)) and jobs[-1] == "publish"
    assert killed.again().returncode == 0 and killed.jobs() == jobs  # and then there is nothing to do
