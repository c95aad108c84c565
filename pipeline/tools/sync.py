"""`python -m pipeline sync`: tells Snakemake and DVC which outputs from elsewhere are finished."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import Run, dag, made
from pipeline.config.code import Code
from pipeline.config.plan import Job
from pipeline.tools import options, plan

DESCRIPTION = """\
Outputs that were not made here (by `dvc pull`, on a cluster, in a folder that was copied) have no dates and records
that Snakemake or DVC could compare. But each job left a record of what it was made from (data/<preset>/made). A job is
finished if its record agrees with the present settings, code and data, and so do those of all jobs before it. Both
tools are told which jobs are finished, and do none of these again. All others stay as they are.

  dvc pull params/paper/dvc.yaml
  rsync -a cluster:mixpose/data/paper data/ && rsync -a cluster:mixpose/results/paper results/
  python -m pipeline sync --preset paper"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)


def run(root: Path, preset: str | None = None) -> int:
    """Tell both tools, and say what is left to do. Raises InputError if one of them fails."""
    settings = config.load(preset, root)
    jobs, _ = plan.write(settings)
    print(f"comparing the outputs of {len(jobs)} jobs with their records", flush=True)
    done = finished(settings, jobs)
    if done:
        _tell_snakemake(settings, done)
        whole = len(done) == len(jobs)
        reason = dag.commit(settings, None if whole else done)
        if reason:
            raise InputError(f"DVC did not take the outputs over: {reason}")
    why = f"; of the others `python -m pipeline plan --explain --preset {settings.preset_name}` says why not"
    print(f"{len(done)} of {len(jobs)} jobs are finished{why if len(done) < len(jobs) else ''}")
    return 0


def finished(run: Run, jobs: list[Job]) -> list[Job]:
    """The jobs whose outputs are what they would write now."""
    digests, code = made.Digests(run.root), Code(cache=run.layout.code_digests)
    done, renewed = [], set[str]()
    for job in jobs:
        if renewed.intersection(job.inputs) or made.changes(job, run.root, digests, code):
            renewed.update(job.outputs)
        else:
            done.append(job)
    return done


def _tell_snakemake(run: Run, done: list[Job]) -> None:
    """`snakemake --touch` gives the outputs dates in the order of their jobs, and removes marks of unfinished ones."""
    outputs = [path for job in done for path in (*job.outputs, job.made)]
    options = ["--touch", "--cores", "1", "--quiet", "all", "--config", f"preset={run.preset_name}"]
    command = [sys.executable, "-m", "snakemake", *options, "--", *outputs]
    answer = subprocess.run(command, cwd=run.root, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"snakemake --touch failed: {reason.removeprefix('error: ')}")
