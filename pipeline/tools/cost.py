"""`python -m pipeline cost`: the trainings of a preset that are still to be done, in hours, memory and disk."""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tabulate import tabulate
from tqdm import tqdm

from pipeline import artifacts, config, device
from pipeline.artifacts import InputError
from pipeline.config import DetectionVariant, Run, made, plan
from pipeline.config.code import Code
from pipeline.config.plan import Job
from pipeline.data.images.settings import CocoImages, FilmedCrops
from pipeline.data.motion.settings import Human36mMotion
from pipeline.detection.data import settings as detection_settings
from pipeline.tools import calibration, options
from pipeline.tools.calibration import Calibration
from pipeline.training.progress import now
from pipeline.user_files import check_output

DESCRIPTION = """\
Say what the trainings of a preset cost that are not done yet, before you start them: per paper their number, hours on a
machine like this one, the longest of them, memory and disk. Every network is timed here for some steps, on a GPU if the
preset uses it and this machine has one. The range of hours is that of the fastest and the slowest of its steps.

  python -m pipeline cost --preset paper
  python -m pipeline cost --preset mini --json cost.json     also each training's seconds

The table is kept in data/<preset>/cost.json, and the report's page shows it.

Not counted: validations, evaluations, the preparation of data, and what waits for a place in a queue."""
HUMAN36M_POSES, HUMAN36M_RATE = 1_559_752, 50  # of the training subjects, in all four cameras, at 50 Hz
COCO_IMAGES = {"pose": 64_115, "boxes": 117_266}  # of train2017: with people, and with any object
GIGABYTE = 1e9


class Training(NamedTuple):
    """One training that is to be done."""

    paper: str
    name: str  # variant and seed
    seconds: tuple[float, float, float]  # by the fastest, the median and the slowest step
    memory: int  # bytes
    disk: int  # bytes: its checkpoints


@dataclass(frozen=True)
class Cost:
    """The sum over some trainings."""

    trainings: list[Training]

    @property
    def hours(self) -> list[float]:
        """By the fastest, the median and the slowest step."""
        return [sum(one.seconds[place] for one in self.trainings) / 3600 for place in range(3)]

    def numbers(self) -> dict[str, Any]:
        """Of the trainings of one paper, in hours and bytes (report/page/web/costs.py reads it)."""
        return {
            "paper": self.trainings[0].paper,
            "trainings": len(self.trainings),
            "hours": self.hours,
            "longest": max(one.seconds[1] for one in self.trainings) / 3600,
            "memory": max(one.memory for one in self.trainings),
            "disk": sum(one.disk for one in self.trainings),
        }

    def row(self, name: str) -> list[str]:
        found = self.numbers()
        least, middle, most = self.hours
        hours = f"{middle:,.1f} ({least:,.1f} to {most:,.1f})"
        memory, disk = (f"{found[what] / GIGABYTE:.2f}" for what in ("memory", "disk"))
        return [name, str(len(self.trainings)), hours, f"{found['longest']:,.1f}", memory, disk]


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)
    command.add_argument("--json", type=Path, metavar="FILE", help="also write every training's cost to this file")


def run(root: Path, preset: str | None = None, json: Path | None = None) -> int:
    """Measure, and print the table. Raises InputError if it is not known how many examples there are."""
    settings = config.load(preset, root)
    if json is not None:
        check_output(json, "--json")
    jobs = left_to_train(settings)
    for job in jobs:
        examples(
            settings, job.options["variant"]
        )  # what is missing is said before the measurements, which take minutes
    on = device.prepare(settings)
    measured = calibrate(settings, sorted({job.options["variant"] for job in jobs}), on)
    found = [training(settings, job, measured[job.options["variant"]]) for job in jobs]
    print("\n".join(report(settings, found, on)))
    artifacts.write_json(settings.layout.cost, estimate(settings, found, on))
    if json is not None:
        artifacts.write_json(json, {"device": on, "trainings": [one._asdict() for one in found]})
    return 0


def left_to_train(run: Run) -> list[Job]:
    """The trainings that would run: those whose record disagrees with the present settings, code and data."""
    code = Code(cache=run.layout.code_digests)
    jobs, digests = plan.jobs(run, code), made.Digests(run.root)
    code.save()
    return [job for job in jobs if _takes_time(run, job) and made.changes(job, run.root, digests, code)]


def _takes_time(run: Run, job: Job) -> bool:
    """Whether a job trains a network: neither a closed form nor imported weights."""
    if not job.stage.startswith("train_"):
        return False
    variant = run.any_variant(job.options["variant"])
    return not variant.imported and (isinstance(variant, DetectionVariant) or not variant.closed_form)


def calibrate(run: Run, names: list[str], on: str) -> dict[str, Calibration]:
    """Variants with what their networks need; a network that several variants share is measured once."""
    networks = {name: calibration.network_of(run, name) for name in names}
    measured: dict[str, Calibration] = {}
    bar = tqdm(total=len(set(networks.values())), desc="measuring networks", unit="network", disable=None)
    said = time.monotonic()
    for name, network in networks.items():
        if network in measured:
            continue
        measured[network] = calibration.measure(run, name, on)
        bar.update()
        if bar.disable and time.monotonic() - said > 30:  # into a file, where a bar would be one long line
            print(f"measured {len(measured)} of {bar.total} networks", flush=True)
            said = time.monotonic()
    bar.close()
    return {name: measured[network] for name, network in networks.items()}


def training(run: Run, job: Job, measured: Calibration) -> Training:
    """A training's cost, from the steps that it takes."""
    name, variant = job.options["variant"], run.any_variant(job.options["variant"])
    count, bytes_each = examples(run, name)
    if isinstance(variant, DetectionVariant):
        batch = detection_settings(run, name).batch_size
    else:
        batch = variant.optimizer.batch_size
    steps = math.ceil(count / batch) * run.epochs(name)
    seconds = min(measured.seconds), statistics.median(measured.seconds), max(measured.seconds)
    times = (steps * seconds[0], steps * seconds[1], steps * seconds[2])
    # The last and the best weights.
    return Training(variant.paper, job.item, times, measured.memory + count * bytes_each, 2 * measured.weights)


def examples(run: Run, name: str) -> tuple[int, int]:
    """How many examples a variant is trained on, and the bytes that each of them takes in memory.

    Raises InputError if that is known only after the motion was prepared.
    """
    variant, preset = run.any_variant(name), run.preset
    if isinstance(variant, DetectionVariant):
        if isinstance(preset.images, CocoImages):
            count = min(COCO_IMAGES[variant.task], preset.images.limit or COCO_IMAGES[variant.task])
        else:
            assert preset.images is not None  # a variant without images is not planned
            count = getattr(preset.images, variant.task).train
        return math.ceil(count * variant.training_share), 0  # read image by image
    each = 4 * 17 * (2 + 3)  # 2D and 3D joints in float32
    if variant.pixels and preset.crops:
        poses = _poses(run)
        if isinstance(preset.crops, FilmedCrops):  # their JPEGs stay on the disk
            poses = round(poses * preset.crops.frames_per_second / preset.motion.frames_per_second)
            return min(poses, preset.crops.train or poses), each
        return min(poses, preset.crops.train or poses), each + 3 * preset.crops.size**2
    return _poses(run), each


def _poses(run: Run) -> int:
    """The training poses. Raises InputError if that is known only after the motion was prepared."""
    path, preset = run.layout.motion_split("train"), run.preset
    if path.exists():
        return len(artifacts.map_arrays(path)["joints_3d"])
    if isinstance(preset.motion, Human36mMotion):
        return round(HUMAN36M_POSES * preset.motion.frames_per_second / HUMAN36M_RATE)
    raise InputError(
        f"{path}: missing, so it is not known how many poses there are; run "
        f"`snakemake --config preset={run.preset_name} --until prepare_motion` first"
    )


def estimate(run: Run, found: list[Training], on: str) -> dict[str, Any]:
    """The table for the report's page."""
    return {"date": now()[:10], "device": machine(run, on), "papers": [cost.numbers() for cost in by_paper(found)]}


def by_paper(found: list[Training]) -> list[Cost]:
    """The trainings of each paper, in the order of params.yaml."""
    papers = dict.fromkeys(one.paper for one in found)
    return [Cost([one for one in found if one.paper == paper]) for paper in papers]


def machine(run: Run, on: str) -> str:
    """What the steps were timed on."""
    return torch.cuda.get_device_name(on) if on != "cpu" else f"a CPU, threads: {run.preset.threads}"


def report(run: Run, found: list[Training], on: str) -> Iterator[str]:
    """The table, one row per paper, and how it was measured."""
    if not found:
        yield f"preset {run.preset_name}: all trainings are done"
        return
    rows = [cost.row(cost.trainings[0].paper) for cost in by_paper(found)]
    total = Cost(found)
    headers = ["paper", "trainings", "hours (range)", "longest, h", "memory, GB", "disk, GB"]
    yield tabulate([*rows, total.row("all")], headers, disable_numparse=True, colalign=("left", *["right"] * 5))
    days = total.hours[1] / 24
    yield (
        f"Hours of training steps, one training after the other, on this machine ({machine(run, on)}): "
        f"{days:,.1f} days. Each network was timed for {calibration.STEPS} steps."
    )
    if on == "cpu" and run.preset.device != "cpu":
        yield "There is no GPU here; one is many times as fast. Run this where the trainings will run."
