"""`python -m pipeline reference`: copies the results of a finished run to where git keeps them.

results/<preset>/ has the results of the last run; git ignores it. results/reference/<preset>/ has the run that the
repository shows, results/reference/studies/<preset>/ that of a study. Its run.json names the machine, the commit and
the date. A long run may be copied before its end: its tables and claims then have the finished variants.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import torch

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.config import plan as planning
from pipeline.config.code import Code
from pipeline.config.plan import Job
from pipeline.report import provenance
from pipeline.report.provenance import NEEDED
from pipeline.stages import report, tabulate
from pipeline.tools import kept, options

RUN = "run.json"
# Figures with COCO's images are never committed. The page of megabytes can be made again from what is. The other names
# are temporary files of a stage or of Snakemake.
LEFT_BEHIND = ("with_images", "report", ".*")
JOINT = ", "  # between the names of several machines
OF_PROCESSOR = ("processor", "cpu_capability", "cores")

DESCRIPTION = """\
Copy the results of a finished run from results/<preset> to results/reference/<preset>, which is committed, and replace
what was there. A study goes to results/reference/studies/<preset>. run.json receives the machine, the commit and the
date from the records of the trainings. Figures that show COCO's images and the page report/ are left out.

  python -m pipeline reference --preset mini
  python -m pipeline reference --preset mini --so-far        # of a run that is not finished, once it is stopped

With --so-far, tables, claims and figures are made from the variants that are finished; the others are shown as not run.
The folder run/ keeps what `python -m pipeline adopt` needs to go on with the run in another clone.

Afterwards `python -m pipeline readme` writes the tables of README.md, docs/results.md and
docs/studies.md."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)
    command.add_argument("--so-far", action="store_true", help="copy the finished variants of a run that is stopped")


def run(root: Path, preset: str | None = None, so_far: bool = False) -> int:
    """Copy a finished run. Raises InputError, and changes nothing, if it is not finished and `so_far` is not asked."""
    settings = config.load(preset, root)
    jobs = planning.jobs(settings, Code(cache=settings.layout.code_digests))
    found = kept.variants(jobs)
    finished = [variant for variant in found if not variant.difference(root, root.joinpath)]
    if so_far:
        settings = _show(settings, {variant.name for variant in found if variant not in finished})
    else:
        _require_finished(settings, jobs)
    about = _about(
        settings, f"{provenance.UNFINISHED}: {len(finished)} of {len(found)} variants so far." if so_far else None
    )
    target = settings.reference
    with artifacts.atomic_folder(target) as part:
        ignored = shutil.ignore_patterns(*LEFT_BEHIND, *(f"{name}.json" for name in settings.awaited))
        shutil.copytree(settings.layout.results, part, ignore=ignored, dirs_exist_ok=True)
        artifacts.write_json(part / RUN, about)
        kept.write(settings, jobs, finished, part)
    print(f"{target}: the run of {about['date']}; `python -m pipeline readme` writes the result tables from it")
    return 0


def _show(run: Run, awaited: set[str]) -> Run:
    """Make tables, claims and figures of a run that is not finished. Gives the run without what is awaited."""
    run = run.model_copy(update={"awaited": frozenset(awaited)})
    measured = [name for name in (*run.lifting_variants, *run.detection_variants) if not run.why_left_out(name)]
    if not measured:
        raise InputError(f"{run.layout.results / 'metrics'}: no variant is finished, so there is nothing to copy")
    tabulate.run(run)
    report.run(run)
    return run


def _require_finished(run: Run, jobs: list[Job]) -> None:
    """Raise InputError unless the last stage has read all metrics files as they are, or is newer than they are."""
    receipt, metrics = run.layout.publish_receipt, run.layout.results / "metrics"
    remedy = f"finish the run with `snakemake --config preset={run.preset_name}`"
    if not receipt.exists():
        raise InputError(f"{receipt}: missing, so the run is not finished; {remedy}")
    files = sorted(metrics.glob("*.json"))
    if not files:
        raise InputError(f"{metrics}: no metrics files, so there is nothing to copy; {remedy}")
    record = next(run.root / job.made for job in jobs if job.stage == "publish")
    read = artifacts.read_json(record)["data"] if record.exists() else {}
    published = receipt.stat().st_mtime_ns
    for file in files:
        if read.get(file.relative_to(run.root).as_posix()) == artifacts.digest(file):
            continue  # dates do not tell: the clock may have been set back
        if file.stat().st_mtime_ns > published:
            raise InputError(f"{file}: newer than {receipt}, so the run is not finished; {remedy}")


# --- run.json ---------------------------------------------------------------------------------------------------------


def _about(run: Run, how_far: str | None) -> dict[str, Any]:
    """Machine, commits and times, from the records of the trainings whose metrics are there."""
    records = [_record(run, file) for file in _record_files(run)]
    about = provenance.of(records)
    machine, machine_note = _machine(records, run.reference / RUN)
    notes = [note for note in (how_far, machine_note) if note]
    if about["uncommitted_changes"]:
        notes.append("The code differed from the commit while it ran (-dirty).")
    versions = {name: about.pop(name) for name in ("torch", "python")}
    return {"preset": run.preset_name, **about, "machine": machine, **versions, "note": " ".join(notes) or None}


def _record_files(run: Run) -> list[Path]:
    """The records of the variants that were measured. Trainings of earlier settings do not count."""
    found: dict[str, list[Path]] = {}
    for file in sorted(run.layout.data.glob("train_*/**/environment.json")):
        found.setdefault(_variant(run, file), []).append(file)
    files = sorted((run.layout.results / "metrics").glob("*.json"))
    files = [file for file in files if file.stem not in run.awaited]
    measured = [file for file in files if artifacts.read_json(file).get("status", "run") == "run"]
    for file in measured:
        if file.stem not in found:
            raise InputError(
                f"{file}: no training's environment.json in {run.layout.data} belongs to it, so it is unknown where "
                f"it was made; delete it, or train it with `snakemake --config preset={run.preset_name}`"
            )
    return [record for file in measured for record in found[file.stem]]


def _variant(run: Run, record: Path) -> str:
    """The variant of a record in data/<preset>/train_lifting/<variant>/..."""
    return record.relative_to(run.layout.data).parts[1]


def _record(run: Run, file: Path) -> dict[str, Any]:
    content = artifacts.read_json(file)
    missing = [key for key in NEEDED if key not in content] if isinstance(content, dict) else ["started"]
    if missing:
        raise InputError(
            f"{file}: {missing[0]}: is missing; delete {file.parent} and train {_variant(run, file)} again with "
            f"`snakemake --config preset={run.preset_name}`"
        )
    return dict(content)


def _machine(records: list[dict[str, Any]], committed: Path) -> tuple[dict[str, Any], str | None]:
    """The machine or machines, and a note if a processor is unknown.

    A training records its system and its device, but not the name of its processor. This function asks the present
    system for the name, if trainings ran on it, and the run that is committed until now for those that it continues.
    """
    systems, gpus, here = provenance.systems(records), provenance.gpus(records), platform.platform()
    before = artifacts.read_json(committed)["machine"] if committed.exists() else {"operating_system": ""}
    earlier = [system for system in systems if system != here and system in before["operating_system"].split(JOINT)]
    known = [before] if earlier else []
    if here in systems:
        cpu = torch.backends.cpu.get_cpu_capability()
        known.append({"processor": processor(), "cpu_capability": cpu, "cores": os.cpu_count()})
    whole = {here, *earlier}.issuperset(systems)
    machine = {key: _together([one[key] for one in known]) if whole else None for key in OF_PROCESSOR}
    machine |= {"gpu": JOINT.join(gpus) or None, "operating_system": JOINT.join(systems)}
    unknown = "Copied on another system than the one it ran on, so its processor is unknown."
    return machine, None if whole else unknown


def _together(values: list[Any]) -> Any:
    """The values of several machines as one, if they are the same, or else joined; None if one is unknown."""
    if None in values:
        return None
    each = [value.split(JOINT) if isinstance(value, str) else [value] for value in values]
    different = list(dict.fromkeys(itertools.chain.from_iterable(each)))
    return different[0] if len(different) == 1 else JOINT.join(map(str, different))


def processor() -> str:
    """The processor's name, or its architecture if the system gives no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
