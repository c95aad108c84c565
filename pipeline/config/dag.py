"""The plan for Snakemake and DVC: Snakefile reads it from here, and DVC's list of jobs is written from it.

DVC reads its stages from files and cannot filter a list by preset, so each preset has a file of its own, with a lock of
its own: params/<preset>/dvc.yaml holds that preset's jobs and nothing else. dvc.yaml in the root leads to it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline import artifacts, failures
from pipeline import config as params
from pipeline.artifacts import InputError
from pipeline.config import Run, cluster, running
from pipeline.config import plan as planning
from pipeline.config.code import Code
from pipeline.config.pixels import ORDER
from pipeline.config.plan import Job
from pipeline.layout import Layout
from pipeline.user_files import check_place

HEADER = """\
# The jobs of preset {preset}, written by `python -m pipeline plan --preset {preset}`: change params.yaml or the preset.
# tests/config/test_dag.py compares it with the plan and with Snakefile.
"""
SEED = 20_000  # what one seed more adds to a job's priority
# Folders that many jobs write into. A job that reads all of them depends on the folder, which keeps the lock short.
KINDS = ("lifting", "pixels", "detection")
GATHERED = (*(f"{step}_{kind}" for kind in KINDS for step in ("train", "evaluate")), "metrics")


# --- DVC --------------------------------------------------------------------------------------------------------------


def dvc_file(run: Run) -> Path:
    return Path("params", run.preset_name, "dvc.yaml")


def write_dvc(run: Run, jobs: list[Job]) -> bool:
    """Write the preset's list of jobs for DVC if it differs from the present file. Returns whether it did."""
    path, text = run.root / dvc_file(run), dvc_text(jobs)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    artifacts.write_text(path, text)
    return True


def dvc_text(jobs: list[Job]) -> str:
    preset = jobs[0].preset
    stages = {job.name: _dvc_stage(job) for job in jobs}
    metrics = [f"../../{Layout(preset).results.as_posix()}/metrics"]
    return HEADER.format(preset=preset) + yaml.dump(
        {"stages": stages, "metrics": metrics}, sort_keys=False, default_flow_style=None, width=10_000
    )


def _dvc_stage(job: Job) -> dict[str, Any]:
    outputs: list[Any] = [{path: {"push": False}} if path in job.licensed else path for path in job.outputs]
    return {
        "wdir": "../..",
        "cmd": job.command,
        "deps": [job.plan, *_gathered(job)],
        "outs": [*outputs, job.made],
    }


def _gathered(job: Job) -> list[str]:
    """A job's inputs. A stage that reads the outputs of all variants depends on their folders."""
    if "variant" in job.options:
        return list(job.inputs)
    layout = Layout(job.preset)
    folders = [(layout.results if name == "metrics" else layout.data) / name for name in GATHERED]

    def folder_of(path: str) -> str:
        return next((folder.as_posix() for folder in folders if Path(path).is_relative_to(folder)), path)

    return list(dict.fromkeys(map(folder_of, job.inputs)))


# --- Snakemake --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dag:
    """One preset's jobs, as Snakefile needs them."""

    run: Run
    jobs: tuple[Job, ...]

    def inputs(self, stage: str) -> Callable[[Any], list[str]]:
        """A function from a job's wildcards to its data."""
        found = {tuple(job.options.values()): list(job.inputs) for job in self.jobs if job.stage == stage}
        return lambda wildcards: found.get(tuple(wildcards), [])

    def data(self, stage: str) -> list[str]:
        """The data of a stage that has one job, or none."""
        return next((list(job.inputs) for job in self.jobs if job.stage == stage), [])

    def variants(self, kind: str) -> list[str]:
        """The names of a kind's variants, whether they are run or not; there is one at least."""
        names = (*self.run.lifting_variants, *self.run.detection_variants)
        return [name for name in names if self.run.layout.kind(name) == kind] or ["none"]

    def priority(self, stage: str) -> Callable[[Any], int]:
        """Priorities by wildcards. Rows with more seeds start first, because claims rest on them.

        Among those with equally many, long jobs start first: started last, they would leave cores idle.
        """
        return lambda wildcards: (
            SEED * len(self.run.seeds_of(wildcards.variant))
            + self._length(wildcards.variant)
            + (1 if stage.startswith("train") else 0)
        )

    def _length(self, variant: str) -> int:
        """An order of variants by the time that they take, below SEED.

        A network over mesh graphs has ten times the nodes of the others, a wider network takes longer, and so do
        more epochs. Detection networks take longer than most.
        """
        settings = self.run.any_variant(variant)
        if isinstance(settings, params.DetectionVariant):
            return 10_000 + settings.head.total_components
        if settings.closed_form:
            return 0
        if settings.pixels:  # trainings that begin with another's weights wait for it
            return 15_000 - ORDER.index(settings.pixels.stage)
        size = settings.model.channels * self.run.epochs(variant) // 64
        if settings.model.name == "graph_stacked_hourglass":
            return size * settings.model.blocks  # stacks, one after the other
        return size * (10 if settings.targets == "meshes" else 1)

    def first(self) -> int:
        """The priority of jobs that prepare data: the longest jobs wait for them."""
        return SEED * (1 + len(self.run.params.seeds))

    def gpu(self) -> dict[str, int | str]:
        """What Snakemake counts of a job that uses a GPU: one `gpu` and, on a cluster, the partition that has them.

        `device: auto` takes a GPU if this machine has one, or if the cluster does: then this machine, on which
        Snakemake runs, need not have one.
        """
        device, site = self.run.preset.device, cluster.read(self.run.root)
        here = any(Path("/dev").glob("nvidia[0-9]*"))
        if device == "cpu" or (device == "auto" and not here and not site.gpus):
            return {"gpu": 0}
        return {"gpu": 1, **({"slurm_partition": site.gpu_partition} if site.gpu_partition else {})}

    def hold(self, logs: Iterable[str] = ()) -> None:
        """Let no other Snakemake run this preset until this process ends; if one does, print one line and exit with 2.

        Nor may this one run while jobs of an earlier run are in Slurm (pipeline/config/running.py).
        """
        try:
            running.hold(self.run, [Path(log) for log in logs])
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except OSError as error:  # a full disk
            print(f"error: {failures.line(error) or error}", file=sys.stderr)
            sys.exit(2)

    def adopt(self, finished: Iterable[str]) -> None:
        """Register the outputs of a whole run with DVC (rule `all` is among the finished ones).

        Only for a preset that has a DVC file. If it fails (DVC not installed, no git), a later `dvc repro` runs the
        jobs again.
        """
        if "all" not in finished or not (self.run.root / dvc_file(self.run)).exists():
            return
        reason = commit(self.run)
        if reason:
            print(f"DVC did not take the outputs over, `dvc repro` would make them again: {reason}", file=sys.stderr)


def commit(run: Run, finished: Sequence[Job] | None = None) -> str | None:
    """Register the outputs of some jobs, or of all, with DVC, so that `dvc repro` finds nothing to do.

    `dvc commit` accepts whatever is in the outputs, so these must be known to be finished. Returns why it failed, or
    None.
    """
    file = dvc_file(run).as_posix()
    targets = [file] if finished is None else [f"{file}:{job.name}" for job in finished]
    if finished is None and run.params.preset == run.preset_name:
        targets.append("dvc.yaml")  # it refers to this preset only
    # Without --no-relink DVC would write the outputs again, with new dates, and Snakemake compares dates.
    command = [sys.executable, "-m", "dvc", "commit", "--force", "--no-relink", *targets]  # --quiet would hide reasons
    answer = subprocess.run(command, cwd=run.root, capture_output=True, text=True, check=False)
    return _reason(answer.stderr) if answer.returncode else None


def _reason(printed: str) -> str:
    """The first thing that DVC reports as an error, or its last line; the words after that are no help."""
    lines = printed.strip().splitlines() or ["no reason given"]
    reason = next((line for line in lines if line.startswith("ERROR: ")), lines[-1]).removeprefix("ERROR: ")
    full = any(os.strerror(number) in reason for number in failures.FULL)
    return f"{reason}; make room, and run the same command again" if full else reason


def read(preset: str | None = None, root: Path = Path()) -> Dag:
    """The jobs of a preset, by default of the one in params.yaml. Raises InputError with one line."""
    run = params.load(preset, root)
    code = Code(cache=run.layout.code_digests)
    jobs = planning.jobs(run, code)
    code.save()
    return Dag(run, tuple(jobs))


def plan_or_exit(config: Mapping[str, Any], main_process: bool) -> Dag:
    """The jobs of `snakemake --config preset=NAME`; their plan is written. A mistake prints one line and exits with 2.

    A job that Snakemake starts in a process of its own resolves the plan too, and writes nothing.
    """
    try:
        unknown = sorted(set(config) - {"preset"})
        if unknown:
            raise InputError(f"--config {unknown[0]}: only preset is chosen there; change params.yaml instead")
        found = read(str(config["preset"]) if "preset" in config else None)
        if main_process:
            check_place(Path(".snakemake"), "Snakemake's folder")
            planning.write(list(found.jobs), found.run.root)
            if dvc_file(found.run).exists():  # a preset that DVC does not run has no list
                write_dvc(found.run, list(found.jobs))
        return found
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # a full disk, or a checkout that may not be written
        print(f"error: {failures.line(error) or error}", file=sys.stderr)
        sys.exit(2)
