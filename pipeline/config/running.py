"""Who runs a preset, and who does a job: one process each.

A preset is run by the process of Snakemake, and by the jobs that it has put into Slurm, which outlive it after a kill.
So does a job that Snakemake or DVC had begun on this machine.

`.resume/<preset>/running` is locked while Snakemake runs the preset. It holds the number of that process and the name
that its jobs have in Slurm. The system ends a lock on an open file with its process, also after a kill; Snakemake's own
lock would stay, so the profile turns it off. Each job locks a file of its own in the same way, in
`.resume/<preset>/jobs`. Where files cannot be locked (some network file systems) there is no lock.
"""

from __future__ import annotations

import fcntl
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.config.plan import Job

SUBMITTED_AS = re.compile(r"SLURM run ID: (\S+)")  # how Snakemake's log names the jobs of a run


class SlurmJob(NamedTuple):
    """A job of ours that waits or runs in Slurm."""

    number: str
    state: str
    name: str  # the rule and its wildcards

    @property
    def waits(self) -> bool:
        """Whether it has not begun."""
        return self.state == "PENDING"


def hold(run: Run, logs: Iterable[Path] = ()) -> None:
    """Let no other Snakemake run this preset until this process ends. `logs` are those of this run of Snakemake.

    Raises InputError if another process runs the preset, or if jobs of an earlier run are still in Slurm.
    """
    path = run.layout.running
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT)  # stays open, and no job inherits it
    _lock(file, run)
    if process := dvc_at_work(run.root):
        raise InputError(f"process {process} is `dvc repro` in this folder; wait for it")
    left = jobs_left(run)
    if left:
        raise InputError(
            f"{len(left)} jobs of an earlier run of preset {run.preset_name} are still in Slurm "
            f"({', '.join(job.number for job in left[:3])}{', ...' if len(left) > 3 else ''}) and would be done twice; "
            f"`python -m pipeline cluster --preset {run.preset_name}` waits for them and goes on"
        )
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n{_submitted_as(logs)}\n".encode(), 0)


def _lock(file: int, run: Run) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"process {_holder(file)} is running preset {run.preset_name}; wait for it") from None
    except OSError:
        pass  # this file system has no locks


def require_nobody(run: Run) -> None:
    """Raise InputError if Snakemake runs the preset."""
    path = run.layout.running
    if path.exists():
        file = os.open(path, os.O_RDWR)
        try:
            _lock(file, run)
        finally:
            os.close(file)


def dvc_at_work(root: Path) -> int | None:
    """The number of a DVC process that runs a job in this folder; what a killed one has noted does not count."""
    try:
        noted = json.loads((root / ".dvc" / "tmp" / "rwlock").read_text(encoding="utf-8"))
        readers = [one for some in noted.get("read", {}).values() for one in some]
        processes = {int(one["pid"]) for one in (*readers, *noted.get("write", {}).values())}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None  # no such file, or DVC is just writing it
    return next((process for process in sorted(processes) if Path("/proc", str(process)).exists()), None)


@contextmanager
def alone(run: Run, job: Job) -> Iterator[bool]:
    """Do a job as the only process that does. Yields whether another one was waited for.

    That is one whose Snakemake or DVC was killed. It goes on by itself, and both would write the same files.
    """
    path = run.layout.job_lock(job.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        waited = _wait(file, job)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield waited
    finally:
        os.close(file)


def _wait(file: int, job: Job) -> bool:
    """Lock the open file, if need be after another process has left it.

    Unlike `flock`, this lock is not that of the processes that this one starts as well: some outlive a kill.
    """
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = _holder(file)
        print(f"process {other} already does {job.name}: waiting for it", flush=True)
        fcntl.lockf(file, fcntl.LOCK_EX)
        return True
    except OSError:
        pass  # this file system has no locks
    return False


def _holder(file: int) -> str:
    """The number of the process that has locked a file, as it wrote it there."""
    return os.pread(file, 20, 0).decode().partition("\n")[0].strip()


def require_writable(root: Path, job: Job) -> None:
    """Raise the system's OSError, with the output's name, before a job that could not write what it makes."""
    for path in (root / output for output in (*job.outputs, job.made)):
        place = next(parent for parent in path.absolute().parents if parent.is_dir())
        try:
            tempfile.TemporaryFile(dir=place).close()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None


def remove_unfinished(root: Path, job: Job) -> None:
    """Remove what a killed process has left beside the outputs that it was writing (artifacts.atomic)."""
    for path in (root / output for output in (*job.outputs, job.made)):
        for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
            if left.is_dir() and left.suffix in (".part", ".old"):
                shutil.rmtree(left)
            elif left.suffix == ".part":
                left.unlink()


def _submitted_as(logs: Iterable[Path]) -> str:
    """The name of this run's jobs in Slurm; empty if Snakemake runs them on this machine."""
    found = [SUBMITTED_AS.search(path.read_text(encoding="utf-8", errors="replace")) for path in logs if path.is_file()]
    return next((match[1] for match in found if match), "")


def name_in_slurm(run: Run) -> str:
    """The name that the jobs of the last run have in Slurm; empty if they ran on this machine or there was no run."""
    path = run.layout.running
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return lines[1].strip() if len(lines) > 1 else ""


def jobs_left(run: Run) -> list[SlurmJob]:
    """The jobs of the last run that wait or run in Slurm. On a machine without Slurm there are none.

    Raises InputError if Slurm does not answer.
    """
    name = name_in_slurm(run)
    if not name or not shutil.which("squeue"):
        return []
    command = ["squeue", "--noheader", f"--name={name}", "--format=%i|%T|%k"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"squeue does not say whether jobs of an earlier run go on: {reason}; try again when it does")
    lines = (line.strip().split("|", 2) for line in answer.stdout.splitlines() if line.strip())
    return [SlurmJob(number, state, _readable(comment)) for number, state, comment in lines]


def _readable(comment: str) -> str:
    """`rule_train_lifting_wildcards_graphmdn_0`, the plugin's comment, as `train_lifting graphmdn_0`."""
    return comment.removeprefix("rule_").replace("_wildcards_", " ")
