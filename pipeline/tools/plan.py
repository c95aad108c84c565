"""`python -m pipeline plan`: resolves the jobs of a preset into data/<preset>/plan; lists which would run again."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import Run, dag, made, plan, running
from pipeline.config.code import Code
from pipeline.config.plan import Job
from pipeline.tools import options

DESCRIPTION = """\
Resolve the jobs of a preset: one file per job in data/<preset>/plan, with its settings, its data and a digest of its
code, and the list of jobs for DVC in params/<preset>/dvc.yaml. This is the first stage of `dvc repro`; `snakemake` does
the same when it starts.

  python -m pipeline plan --explain                     which jobs would run again, and what has changed
  python -m pipeline plan --explain --variant hgn       the same for one variant, with all changes
"""
SHOWN = 3  # changes per job, unless one variant is asked for


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)
    command.add_argument("--explain", action="store_true", help="list what has changed since each result was made")
    command.add_argument("--variant", help="with --explain: all changes of this variant")


def run(root: Path, preset: str | None = None, explain: bool = False, variant: str | None = None) -> int:
    """Write the plan, then print a summary or the explanation. Raises InputError; the exit code is 0."""
    settings = config.load(preset, root)
    if variant is not None:
        settings.any_variant(variant)
    found, _ = write(settings)
    if explain or variant is not None:
        print("\n".join(explanation(settings, found, variant)))
    else:
        print(summary(settings, found))
    return 0


def write(run: Run) -> tuple[list[Job], list[str]]:
    """Write the plan's files and DVC's list of jobs. Returns the jobs and the files of the plan that changed.

    Called as a stage by DVC, it raises InputError if Snakemake runs the preset, or if the list changed, because DVC has
    read the old one.
    """
    if os.environ.get("DVC_STAGE"):
        running.require_nobody(run)
    code = Code(cache=run.layout.code_digests)
    found = plan.jobs(run, code)
    code.save()
    changed = plan.write(found, run.root)
    if dag.write_dvc(run, found) and os.environ.get("DVC_STAGE"):
        raise InputError(
            f"the jobs of preset {run.preset_name} have changed since DVC read them: {dag.dvc_file(run).as_posix()} "
            "is updated, run the same command again (first `dvc commit --force` that file, if Snakemake has made its "
            "outputs)"
        )
    return found, changed


def summary(run: Run, found: list[Job]) -> str:
    names = (*run.lifting_variants, *run.detection_variants)
    out = [name for name in names if run.why_left_out(name)]
    trainings = sum(job.stage.startswith("train_") for job in found)
    return (
        f"preset {run.preset_name}: {len(found)} jobs, {trainings} trainings of {len(names) - len(out)} variants, "
        f"{len(out)} variants left out; data/{run.preset_name}/plan"
    )


def explanation(run: Run, found: list[Job], variant: str | None) -> list[str]:
    """The jobs that would run and why, with some lines per job; for one variant all changes."""
    digests, code = made.Digests(run.root), Code(cache=run.layout.code_digests)
    renewed: set[str] = set()  # outputs that will be rewritten
    lines, waiting = [], 0
    for job in found:
        changes = made.changes(job, run.root, digests, code)
        changes += [f"data: {path} is made again first" for path in job.inputs if path in renewed]
        if changes:
            waiting += 1
            renewed |= set(job.outputs)
        if variant is None:
            lines += _lines(job, changes[:SHOWN], len(changes)) if changes else []
        elif job.options.get("variant") == variant:
            lines += _lines(job, changes or ["up to date"], len(changes))
    if variant is not None:
        return lines or [f"{variant}: not run: {run.why_left_out(variant)}"]
    return [*lines, f"{waiting} of {len(found)} jobs would run" if waiting else f"all {len(found)} jobs are up to date"]


def _lines(job: Job, changes: list[str], count: int) -> list[str]:
    more = [f"  ... and {count - len(changes)} more"] if count > len(changes) else []
    return [f"{' '.join(filter(None, (job.stage, job.item)))}:", *(f"  {change}" for change in changes), *more]
