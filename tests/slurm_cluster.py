"""A real Slurm on this machine for the length of a test: one node, 8 processors, 2 GPUs that are none, loopback only.

Needs Debian's slurm-wlm and munge (`make install-slurm-test`) and root, because slurmd starts jobs as their users.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=2,sched_min_interval=0,defer_batch
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
JobRequeue=0
ReturnToService=2
MinJobAge=300
KillWait=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE DefaultTime=10 DefMemPerCPU=100 State=UP
"""
GPUS = "NodeName={host} Name=gpu File=/dev/null\nNodeName={host} Name=gpu File=/dev/zero\n"

# A job step drops SLURM_CONF before it calls srun. A real cluster has its configuration where srun looks for it.
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""


def missing() -> str | None:
    """Why no Slurm can be started here; None if one can."""
    absent = [name for name in PROGRAMS if not shutil.which(name, path=_path())]
    if absent:
        return f"Slurm is not installed ({absent[0]} is missing): run `make install-slurm-test`"
    if os.geteuid():
        return "Slurm's daemons need root here"
    return None


def _path() -> str:
    return os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"))


class Cluster:
    """The running daemons, and what a client needs to reach them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.daemons = folder, list[subprocess.Popen[bytes]]()
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder / 'bin'}{os.pathsep}{_path()}"}

    def call(self, *command: str) -> str:
        """What one of Slurm's commands prints."""
        answer = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, f"{command}: {answer.stdout}{answer.stderr}"
        return answer.stdout.strip()

    def jobs(self, states: str = "all") -> dict[str, tuple[str, str]]:
        """Comment and state of the jobs, by number, also of ended ones; a comment is `rule_NAME_wildcards_VALUES`."""
        lines = self.call("squeue", "--noheader", f"--states={states}", "--format=%i|%k|%T").splitlines()
        return {number: (comment, state) for number, comment, state in (line.split("|") for line in lines)}

    def start(self) -> None:
        for name in ("munge", "state", "spool", "bin"):
            (self.folder / name).mkdir(mode=0o755)
        host = socket.gethostname().partition(".")[0]
        ports = dict(zip(("controller_port", "node_port"), _free_ports(2), strict=True))
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(folder=self.folder, host=host, **ports))
        (self.folder / "gres.conf").write_text(GPUS.format(host=host))
        shim = self.folder / "bin" / "srun"
        shim.write_text(SRUN.format(folder=self.folder, srun=shutil.which("srun")))
        shim.chmod(0o755)
        key, munge = self.folder / "munge.key", self.folder / "munge"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = [f"--{kind}-file={munge}/munged.{kind}" for kind in ("pid", "log", "seed")]
        self._daemon("munged", "--foreground", "--force", f"--socket={munge}/munge.socket", f"--key-file={key}", *files)
        _until((munge / "munge.socket").exists, "munged has no socket")
        self._daemon("slurmctld", "-D", "-c")
        _until(lambda: "UP" in self.call("scontrol", "ping"), "slurmctld does not answer")
        self.start_node()

    def start_node(self) -> None:
        self._daemon("slurmd", "-D", "-c")
        _until(lambda: self.call("sinfo", "--noheader", "--format=%T") == "idle", "the node is not idle")

    def kill_node(self) -> None:
        """The node loses its power: slurmd and all that it has started end, and Slurm learns of it from nobody."""
        node = self.daemons.pop()
        steps = [one for one in psutil.process_iter() if self._is_step(one)]
        jobs = [one for one in psutil.process_iter() if self._is_of_job(one)]
        node.kill()
        node.wait()
        for process in (*steps, *jobs):  # a step would report the end of its job
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.call("scontrol", "update", "NodeName=ALL", "State=DOWN", "Reason=test")  # or after SlurmdTimeout

    def _is_step(self, process: psutil.Process) -> bool:
        """Whether a process watches a job of this cluster: its log is slurmd.log."""
        with contextlib.suppress(psutil.Error):
            logs = (file.path for file in process.open_files())
            return process.name() == "slurmstepd" and str(self.folder / "slurmd.log") in logs
        return False

    def _is_of_job(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return process.environ().get("SLURM_SUBMIT_DIR", "").startswith(str(self.folder.parent))
        return False

    def stop(self) -> None:
        """End all jobs, then the daemons: a job that still runs would outlive them."""
        with contextlib.suppress(AssertionError):
            self.call("scancel", "--user=root")
            _until(lambda: not self.jobs("pending,running,completing"), "jobs do not end")
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            daemon.wait(timeout=20)

    def _daemon(self, *command: str) -> None:
        output = (self.folder / f"{command[0]}.out").open("wb")
        self.daemons.append(
            subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=output, stderr=output)
        )


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def _until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(AssertionError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(what)


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
