"""What else happens on a cluster: the node dies, a job passes its time limit, Ctrl-C, and jobs that are to be ended.

They take minutes, most of them waiting for Slurm, so they run only with MIXPOSE_SLURM_FAULTS=1. The results are those
of a run on this machine alone, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import slurm_cluster
from test_slurm import FAST, OnSlurm, run_without_slurm, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif("MIXPOSE_SLURM_FAULTS" not in os.environ, reason="takes minutes: set MIXPOSE_SLURM_FAULTS=1"),
]


class Faulty(OnSlurm):
    """Runs that begin with prepared motion and end with the local run's bytes."""

    def __init__(self, folder: Path, cluster: slurm_cluster.Cluster) -> None:
        super().__init__(folder, cluster)
        self.heads = list[subprocess.Popen[str]]()

    def start(self, *command: str) -> subprocess.Popen[str]:
        self.heads.append(super().start(*command))
        return self.heads[-1]

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """Start a run from prepared motion, and return when both trainings wait in their jobs."""
        (self.folder / "begun").unlink(missing_ok=True)
        head = self.start(*command)
        until(lambda: len(self.begun()) == 2 or head.poll() is not None)
        assert head.poll() is None, self.printed()
        return head

    def end(self, head: subprocess.Popen[str], local: Path) -> None:
        """Let the trainings go on. The run ends with the bytes of one on this machine alone; then they are removed."""
        (self.folder / "go").touch()
        assert head.wait(timeout=400) == 0, self.printed()
        for name in ("results/tiny/metrics/graphmdn.json", "data/tiny/evaluate_lifting/graphmdn.npz"):
            assert (self.repository / name).read_bytes() == (local / name).read_bytes(), name
        (self.folder / "go").unlink()
        for name in ("data/tiny/train_lifting", "data/tiny/evaluate_lifting", "results/tiny", ".resume/tiny"):
            shutil.rmtree(self.repository / name)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    if reason := slurm_cluster.missing():
        pytest.skip(reason)
    with slurm_cluster.started(tmp_path_factory.mktemp("daemons")) as cluster:
        made = Faulty(tmp_path_factory.mktemp("slurm"), cluster)
        yield made
        for head in made.heads:  # of a test that failed
            head.kill()
        (made.folder / "go").touch()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run without Slurm."""
    return run_without_slurm(tmp_path_factory.mktemp("local") / "repository")


def test_a_run_survives_a_dead_node_and_a_time_limit(slurm: Faulty, request: pytest.FixtureRequest) -> None:
    cluster = slurm.cluster
    head = slurm.begin("snakemake", "--profile", "profiles/slurm", *FAST)

    # The node dies: Slurm itself starts its jobs again when the node is back.
    numbers = [slurm.queue(seed, "RUNNING") for seed in (0, 1)]
    cluster.kill_node()
    until(lambda: [slurm.queue(seed, "PENDING") for seed in (0, 1)] == numbers)
    cluster.start_node()
    time.sleep(5)  # Slurm tells the node to end the old jobs, and waits two minutes until it starts them again
    for (number,) in numbers:
        cluster.call("scontrol", "update", f"JobId={number}", "StartTime=now")
    until(lambda: len(slurm.begun()) == 4)
    assert [slurm.queue(seed, "RUNNING") for seed in (0, 1)] == numbers and head.poll() is None, slurm.printed()

    # A job passes its time limit, here shortened to Slurm's least: it is submitted again and asks for more.
    ((first,), (other,)) = numbers
    cluster.call("scontrol", "update", f"JobId={first}", "TimeLimit=1")
    local: Path = request.getfixturevalue("local")  # made while the minute passes
    until(lambda: slurm.queue(0, "TIMEOUT") == [first])
    until(lambda: len(slurm.queue(0, "RUNNING")) == 1)
    (second,) = slurm.queue(0, "RUNNING")
    assert cluster.call("squeue", "--noheader", f"--jobs={second}", "--format=%m") == "16000M"
    assert slurm.queue(1, "RUNNING") == [other]
    slurm.end(head, local)


def test_a_run_survives_ctrl_c_and_its_jobs_can_be_ended(slurm: Faulty, request: pytest.FixtureRequest) -> None:
    cluster = slurm.cluster
    head = slurm.begin("snakemake", "--profile", "profiles/slurm", *FAST)
    head.send_signal(signal.SIGINT)
    assert head.wait(timeout=120) != 0
    until(lambda: not cluster.jobs("pending,running,completing"))  # Snakemake has cancelled what it had submitted

    # The head is killed, and the next run is told to end what it left.
    head = slurm.begin(sys.executable, "-m", "pipeline", "cluster", "--", *FAST)
    head.send_signal(signal.SIGKILL)
    head.wait()
    left = sorted(number for seed in (0, 1) for number in slurm.queue(seed, "RUNNING"))
    assert len(left) == 2
    head = slurm.start(sys.executable, "-m", "pipeline", "cluster", "--cancel", "--", *FAST)
    until(lambda: "Took back 2: train_lifting graphmdn_" in slurm.printed() or head.poll() is not None)
    slurm.end(head, request.getfixturevalue("local"))
    states = {number: state for number, (_, state) in cluster.jobs().items()}
    assert {states[number] for number in left} == {"CANCELLED"}
