"""Outputs of finished jobs, kept so that Snakemake does not do again what would come out the same.

Snakemake compares dates, and deletes a job's outputs before it runs the job. So an edit to a stage that then writes the
same bytes as before would train everything behind it again. Outputs of jobs that take long are therefore kept in
data/<preset>/finished/, as hard links, which take no room, beside the job's record of what they were made from. (DVC
compares contents and needs none of this.)
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from pipeline import artifacts
from pipeline.config.made import Digests, record
from pipeline.config.plan import Job
from pipeline.layout import Layout

RECORD = "made.json"
OUTPUTS = "outputs.json"  # their digests: a link can be written through
ASKED = "MIXPOSE_REUSE"  # Snakefile sets it for its jobs; a stage that a person runs by hand is always run


def wanted(job: Job) -> bool:
    """Whether the outputs are to be kept: those of trainings and evaluations, and fitted bodies, if Snakemake asks."""
    return ASKED in os.environ and ("variant" in job.options or job.stage == "fit_body")


def folder(job: Job, root: Path) -> Path:
    """Where a job's outputs are kept; deleting it is safe."""
    return Layout(job.preset, root).finished(job.stage, job.item)


def keep(job: Job, root: Path) -> None:
    """Keep a finished job's outputs, in place of those of an earlier run. Without hard links nothing is kept."""
    with contextlib.suppress(OSError), artifacts.atomic_folder(folder(job, root)) as part:
        for number, path in enumerate(job.outputs):
            _link(root / path, part / str(number))
        shutil.copyfile(root / job.made, part / RECORD)
        artifacts.write_json(part / OUTPUTS, _contents(part, job))


def take(job: Job, root: Path) -> bool:
    """Put a job's kept outputs and record back if it would make the same now; otherwise change nothing, give False."""
    kept = folder(job, root)
    if not (kept / RECORD).exists() or not (kept / OUTPUTS).exists():
        return False
    before = artifacts.read_json(kept / RECORD)
    now = record(job, Digests(root))
    if any(before[key] != now[key] for key in now):
        return False
    if artifacts.read_json(kept / OUTPUTS) != _contents(kept, job):
        return False
    for number, path in enumerate(job.outputs):
        _put_back(kept / str(number), root / path)
    with artifacts.atomic(root / job.made) as part:
        shutil.copyfile(kept / RECORD, part)
    return True


def _contents(folder: Path, job: Job) -> list[str | None]:
    """The digests of the outputs kept in a folder, in the job's order."""
    digests = Digests(folder)
    return [digests.of(str(number)) for number in range(len(job.outputs))]


def _put_back(kept: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if kept.is_dir():
        with artifacts.atomic_folder(place) as part:
            part.rmdir()
            _link(kept, part)
    else:
        with artifacts.atomic(place) as part:
            part.unlink()
            _link(kept, part)
            os.utime(part)  # Snakemake wants outputs that are younger than the inputs


def _link(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, copy_function=os.link)
    else:
        os.link(source, target)
