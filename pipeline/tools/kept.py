"""Finished variants of a run, kept beside its committed results so that another clone can take them over.

A variant is kept as what its jobs wrote, at the same places: results/reference/<preset>/run/ stands for data/<preset>/.
Weights and predictions are left out, because they are large. What a variant was made from stands in the records of its
jobs, so a clone can see whether it would train the same: the same settings, the same code, the same data.

Another processor rounds otherwise, so data that is computed (fitted meshes) is not the same there byte for byte. Data
also counts as the same if the records of the jobs that made it say that they had the same settings, code and data.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import artifacts
from pipeline.config import Run, finished, made
from pipeline.config.made import Digests
from pipeline.config.plan import Job

FOLDER = "run"
MILLISECOND = 1_000_000  # in nanoseconds
WEIGHTS = "*.pt"
TAKE = "take_"  # arrays of an evaluation: a few seconds of its poses (lifting/examples.py)
NOT_KEPT = (WEIGHTS, "predictions_*", ".*")  # what is large and no table or figure reads; the tools' own files


@dataclass(frozen=True)
class Variant:
    """A variant's jobs: its trainings, and its evaluation last."""

    name: str
    jobs: tuple[Job, ...]

    def files(self) -> Iterator[str]:
        """What its jobs write, in their order; the record of a job is its last file."""
        return (path for job in self.jobs for path in (*job.outputs, job.made))

    def begun(self, root: Path) -> bool:
        """Whether something of this variant is there, which must not be overwritten."""
        return any((root / path).exists() for path in self.files())

    def difference(self, root: Path, place: Callable[[str], Path], origins: Origins | None = None) -> str | None:
        """Why what is at `place` is not what the jobs would write now; None if it is.

        The first thing that the present plan or data have otherwise. Weights may be absent. With `origins`, data may
        differ by what another processor rounds otherwise.
        """
        own, digests = {path for job in self.jobs for path in job.outputs}, Digests(root)
        for job in self.jobs:
            missing = next((path for path in (job.made, *job.outputs) if not place(path).exists()), None)
            if missing:
                return f"{job.stage} is not finished"
            record = artifacts.read_json(place(job.made))
            changed = next(made.differences(record["plan"], job.content()), None)
            if changed:
                return changed
            for path in job.inputs:
                weightless = not any((root / path).glob(WEIGHTS))  # kept without weights, so its digest is another
                if path in own and weightless:
                    continue
                if not (root / path).exists():
                    return f"data: {path} is not made yet"
                if _is_training(path) and weightless:  # another variant's, taken over before
                    continue
                if record["data"].get(path) == digests.of(path):
                    continue
                reason = origins.difference(path) if origins else "it was made again"
                if reason:
                    return f"data: {path} differs: {reason}"
        return None


def _is_training(path: str) -> bool:
    """Whether a path of the plan, data/<preset>/..., is a training's folder."""
    return Path(path).parts[2:3] != () and Path(path).parts[2].startswith("train_")


@dataclass(frozen=True)
class Origins:
    """Where the data at `root` and that of a kept run come from: the jobs that made it, and their records in both."""

    root: Path
    place: Callable[[str], Path]
    makers: dict[str, Job]  # by their outputs

    def difference(self, path: str) -> str | None:
        """What the jobs that made a file here and there had otherwise: settings, code or data; None if nothing."""
        maker = self.makers.get(path)
        if maker is None:
            return "no job makes it"
        own, kept = self.root / maker.made, self.place(maker.made)
        if not (own.exists() and kept.exists()):
            return f"{maker.name} left no record"
        one, other = artifacts.read_json(kept), artifacts.read_json(own)
        changed = next(made.differences(one["plan"], other["plan"]), None)
        if changed:
            return f"{maker.name}: {changed}"
        inputs = (name for name, digest in one["data"].items() if other["data"][name] != digest)
        return next(filter(None, map(self.difference, inputs)), None)


def makers(jobs: Iterable[Job]) -> dict[str, Job]:
    """The jobs that make the data, which are those before the variants, by their outputs."""
    found = list(jobs)
    first = next((place for place, job in enumerate(found) if "variant" in job.options), len(found))
    return {path: job for job in found[:first] for path in job.outputs}


def variants(jobs: Iterable[Job]) -> list[Variant]:
    """The variants of a plan, in its order."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        if "variant" in job.options:
            found.setdefault(job.options["variant"], []).append(job)
    return [Variant(name, tuple(of_variant)) for name, of_variant in found.items()]


def write(run: Run, jobs: list[Job], done: Iterable[Variant], reference: Path) -> None:
    """Copy the finished variants of a run into a folder of committed results, whose metrics are there already.

    The records of the data's own jobs go with them: they tell another clone whether its data was made alike.
    """
    records = [job.made for job in makers(jobs).values() if (run.root / job.made).exists()]
    for path in (*records, *(path for variant in done for path in variant.files())):
        place = in_reference(run, path, reference)
        if not place.exists():
            _copy(run.root / path, place)
            if run.preset.motion.licensed and place.suffix == ".npz":
                _leave_out_the_take(place)


def adopt(run: Run, variant: Variant, reference: Path) -> None:
    """Put a kept variant, of which nothing is there, where its jobs would have written it; all of it or nothing.

    Half of it would count as begun, and no later call would complete it.
    """
    try:
        _put(run, variant, reference)
    except BaseException:  # a full disk, Ctrl-C
        for path in variant.files():
            place = run.root / path
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        raise


def _put(run: Run, variant: Variant, reference: Path) -> None:
    """Copy a variant, with dates in the order of its jobs: Snakemake compares them."""
    for path in variant.files():
        _copy(in_reference(run, path, reference), run.root / path)
    for job in variant.jobs:
        _record_what_is_here(run.root, job)
    for job in variant.jobs:  # Snakemake's benchmark of an earlier run, whose date counts as an output's
        (run.root / "logs" / job.preset / job.stage / f"{job.item}.jsonl").unlink(missing_ok=True)
    now = time.time_ns()
    for number, path in enumerate(variant.files()):
        os.utime(run.root / path, ns=(now, now + number * MILLISECOND))
    for job in variant.jobs:
        finished.keep(job, run.root)  # if its inputs are made again with the same contents, Snakemake runs the job


def _leave_out_the_take(file: Path) -> None:
    """Nobody may publish seconds of a licensed recording; the page then has nothing to play of this variant."""
    arrays = artifacts.read_arrays(file)
    artifacts.write_arrays(file, {name: array for name, array in arrays.items() if not name.startswith(TAKE)})


def _record_what_is_here(root: Path, job: Job) -> None:
    """Let the record agree with the inputs here, and keep the digests that differ: other rounding, or no weights."""
    record, digests = artifacts.read_json(root / job.made), Digests(root)
    here = {path: digests.of(path) for path in job.inputs}
    elsewhere = {path: record["data"][path] for path, digest in here.items() if record["data"][path] != digest}
    if elsewhere:
        first = elsewhere | record.get("elsewhere", {})
        artifacts.write_json(root / job.made, record | {"data": here, "elsewhere": first})


def in_reference(run: Run, path: str, reference: Path) -> Path:
    """Where a path of the run is kept: metrics with the results, all else in its own folder."""
    place, layout = run.root / path, run.layout
    if place.is_relative_to(layout.results):
        return reference / place.relative_to(layout.results)
    return reference / FOLDER / place.relative_to(layout.data)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, or a folder without its weights."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        with artifacts.atomic_folder(target) as part:
            ignored = shutil.ignore_patterns(*NOT_KEPT)
            shutil.copytree(source, part, ignore=ignored, copy_function=shutil.copyfile, dirs_exist_ok=True)
    else:
        with artifacts.atomic(target) as part:
            shutil.copyfile(source, part)
