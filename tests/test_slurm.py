"""A run on a real Slurm: trainings side by side, jobs and the head killed, a node drained, and the local run's bytes.

Slurm is Debian's, started by slurm_cluster.py for this file. `make install-slurm-test` installs it; without it these
tests are skipped.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import slurm_cluster
from repository import DATED, run_tool
from slurm_cluster import Cluster
from tiny_preset import TINY, copy_with_tiny

from pipeline.config import cluster as cluster_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Every training writes its process, its seed and its GPU, and waits until it may go on.
WAITING = """\
#!/bin/sh
case "$3" in
  train_lifting) echo "$9 $CUDA_VISIBLE_DEVICES" >> {folder}/begun; while test ! -e {folder}/go; do sleep 0.05; done ;;
esac
exec {python} "$@"
"""

# The plugin looks at the queue after 1 s, then 11 s later, then 21 s. Snakemake's process loads this from PYTHONPATH.
LOOKS_OFTEN = """\
import sys
if "--profile" in sys.orig_argv:
    from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
    RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)
"""
FAST = (
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
    *("--latency-wait", "10", "--until", "evaluate_lifting"),
)
CLUSTER = "partition: main\ngpu_partition: main\ngpus: true\naccounting: false\nlongest_hours: 1\n"


def lifting_only() -> str:
    """The preset `tiny` with two seeds of one variant and no images; `auto` takes a GPU where a cluster has one."""
    before, _, rest = TINY.partition("variants:\n")
    _, motion, rest = rest.partition("motion:\n")
    text = f"{before}variants:\n  - graphmdn\n{motion}{rest.partition('images:')[0]}images: null\n"
    return text.replace("device: cpu", "device: auto").replace("seeds_of: {}", "seeds_of:\n  graphmdn: 2")


def copy(folder: Path) -> Path:
    copy_with_tiny(folder)
    (folder / "params" / "tiny.yaml").write_text(lifting_only(), encoding="utf-8")
    return folder


def run_without_slurm(folder: Path) -> Path:
    """A copy of the repository in which the same run was made on this machine alone."""
    answer = run_tool("snakemake", "--cores", "2", "--until", "evaluate_lifting", folder=copy(folder), **DATED)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


def until(condition: Callable[[], bool], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


class OnSlurm:
    """A copy of the repository whose trainings wait, and a cluster that it runs on."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster = folder, cluster
        self.repository = copy(folder / "repository")
        (self.repository / cluster_settings.FILE).write_text(CLUSTER)
        shims, patches = folder / "bin", folder / "patches"
        shims.mkdir()
        patches.mkdir()
        (shims / "python").write_text(WAITING.format(folder=folder, python=sys.executable))
        (shims / "python").chmod(0o755)
        (patches / "sitecustomize.py").write_text(LOOKS_OFTEN)
        path = [str(shims), str(Path(sys.executable).parent), cluster.environment["PATH"]]
        python_path = [str(patches), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.environment = {
            **cluster.environment,
            **DATED,
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": os.pathsep.join(python_path),
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.repository,
            env={**os.environ, **self.environment},
            stdout=(self.folder / "printed").open("w"),
            stderr=subprocess.STDOUT,
            text=True,
        )

    def begun(self) -> list[str]:
        path = self.folder / "begun"
        return path.read_text().splitlines() if path.exists() else []

    def queue(self, seed: int, state: str) -> list[str]:
        """The numbers of the jobs of a training in a state."""
        comment = f"rule_train_lifting_wildcards_graphmdn_{seed}"
        return [number for number, job in self.cluster.jobs().items() if job == (comment, state)]

    def printed(self) -> str:
        return (self.folder / "printed").read_text()


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnSlurm]:
    reason = slurm_cluster.missing()
    if reason is None and not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
        reason = "Snakemake's plugin for Slurm is not installed: run `make install-slurm-test`"
    if reason:
        pytest.skip(reason)
    with slurm_cluster.started(tmp_path_factory.mktemp("daemons")) as cluster:
        yield OnSlurm(tmp_path_factory.mktemp("slurm"), cluster)


def test_a_run_survives_the_death_of_jobs_and_of_its_head(slurm: OnSlurm, tmp_path: Path) -> None:
    cluster = slurm.cluster
    head = slurm.start("snakemake", "--profile", "profiles/slurm", *FAST)
    until(lambda: len(slurm.begun()) == 2 or head.poll() is not None)
    assert head.poll() is None, slurm.printed()
    # Each seed is a job, and each job has a card of its own.
    assert sorted(line.split()[0] for line in slurm.begun()) == ["0", "1"]
    assert sorted(line.split()[1] for line in slurm.begun()) == ["0", "1"]

    # A job ends while the node takes no new ones: its second try waits, and asks for twice the memory.
    cluster.call("scontrol", "update", "NodeName=ALL", "State=DRAIN", "Reason=test")
    (first,) = slurm.queue(0, "RUNNING")
    memory = cluster.call("squeue", "--noheader", f"--jobs={first}", "--format=%m")
    cluster.call("scancel", first)
    until(lambda: len(slurm.queue(0, "PENDING")) == 1)
    (second,) = slurm.queue(0, "PENDING")
    assert (memory, cluster.call("squeue", "--noheader", f"--jobs={second}", "--format=%m")) == ("8000M", "16000M")

    # The head dies. Snakemake alone would submit both trainings again; it refuses.
    head.send_signal(signal.SIGKILL)
    head.wait()
    answer = run_tool("snakemake", "--profile", "profiles/slurm", *FAST, folder=slurm.repository, **slurm.environment)
    assert answer.returncode != 0
    assert "error: 2 jobs of an earlier run of preset tiny are still in Slurm" in answer.stdout + answer.stderr

    # The wrapper takes back the one that waits, waits for the one that runs, and goes on.
    head = slurm.start(sys.executable, "-m", "pipeline", "cluster", "--", *FAST)
    until(lambda: "Waiting for" in slurm.printed() or head.poll() is not None)
    assert f"Took back 1: train_lifting graphmdn_0 ({second})" in slurm.printed()
    cluster.call("scontrol", "update", "NodeName=ALL", "State=RESUME")
    (slurm.folder / "go").touch()
    assert head.wait(timeout=400) == 0, slurm.printed()

    # No job was done twice.
    done = Counter(comment for comment, state in cluster.jobs().values() if state == "COMPLETED")
    assert done == {
        "rule_prepare_motion": 1,
        "rule_train_lifting_wildcards_graphmdn_0": 1,
        "rule_train_lifting_wildcards_graphmdn_1": 1,
        "rule_evaluate_lifting_wildcards_graphmdn": 1,
    }
    logs = slurm.repository / "logs/tiny/train_lifting/graphmdn"
    assert (logs / "seed_0.log").exists() and "max_rss" in (logs / "seed_0.jsonl").read_text()

    # The same bytes as on this machine alone.
    local = run_without_slurm(tmp_path / "local")
    for name in ("results/tiny/metrics/graphmdn.json", "data/tiny/evaluate_lifting/graphmdn.npz"):
        assert (slurm.repository / name).read_bytes() == (local / name).read_bytes(), name
