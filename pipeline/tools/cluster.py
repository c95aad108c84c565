"""`python -m pipeline cluster`: runs a preset on a Slurm cluster, after what an earlier run has left there."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import Run, cluster, running
from pipeline.tools import options

DESCRIPTION = """\
Run a preset on a Slurm cluster: `snakemake --profile profiles/slurm`, which submits every job. If an earlier run was
killed, its jobs may still be in Slurm. Those that wait are taken back and submitted again in their turn; those that run
are waited for, and what they have made is kept. So no job is done twice.

  python -m pipeline cluster --preset paper
  python -m pipeline cluster --preset paper --cancel              ends the running ones too; trainings go on later
  python -m pipeline cluster --preset paper -- --until fit_body   what follows `--` is for snakemake

Partition and account are in profiles/slurm/cluster.yaml (see cluster.example.yaml there, and docs/clusters.md)."""
SECONDS = 5.0  # between two looks at the queue
NEEDED = ("sbatch", "squeue", "scancel")


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)
    command.add_argument("--cancel", action="store_true", help="end the running jobs of an earlier run")
    command.add_argument("snakemake", nargs="*", metavar="OPTION", help="after `--`: options of snakemake")


def run(root: Path, preset: str | None = None, cancel: bool = False, snakemake: list[str] | None = None) -> int:
    """Wait for what is left of an earlier run, then become Snakemake. Raises InputError where there is no Slurm."""
    settings = config.load(preset, root)
    cluster.read(root)
    absent = [name for name in NEEDED if not shutil.which(name)]
    if absent:
        raise InputError(f"{absent[0]}: not found; run this on a machine from which jobs are submitted to Slurm")
    running.require_nobody(settings)
    settle(settings, cancel)
    config_of = ["--config", f"preset={preset}"] if preset else []
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", *config_of, *(snakemake or [])]
    os.chdir(root)
    sys.stdout.flush()  # what is in a buffer would be lost
    os.execv(sys.executable, command)


def settle(settings: Run, cancel: bool) -> None:
    """Take back the jobs of an earlier run that wait, or with `cancel` all, and return when none is left."""
    left = running.jobs_left(settings)
    if not left:
        return
    waiting = [job for job in left if job.waits]
    print(f"An earlier run has {len(left)} jobs in Slurm: {len(left) - len(waiting)} begun, {len(waiting)} waiting")
    ended = left if cancel else waiting
    if ended:
        _scancel(running.name_in_slurm(settings), every=cancel)
        print(f"Took back {len(ended)}: {_names(ended)}")
    shown: list[str] = []
    while left := running.jobs_left(settings):
        numbers = [job.number for job in left]
        if numbers != shown and not cancel:
            print(f"Waiting for {len(left)}: {_names(left)}; --cancel ends them", flush=True)
        shown = numbers
        time.sleep(SECONDS)


def _scancel(name: str, every: bool) -> None:
    command = ["scancel", f"--name={name}", *([] if every else ["--state=PENDING"])]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise InputError(f"scancel failed: {answer.stderr.strip()}; end the jobs named {name} yourself")


def _names(jobs: list[running.SlurmJob], shown: int = 5) -> str:
    more = f" and {len(jobs) - shown} more" if len(jobs) > shown else ""
    return ", ".join(f"{job.name} ({job.number})" for job in jobs[:shown]) + more
