"""What several stages do: read poses, choose the device, write down where and when something ran."""

from __future__ import annotations

import csv
import datetime
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.geometry.coarsening import GraphError, MeshGraphs
from pipeline.geometry.poses import PoseSet
from pipeline.lift.dataset import LiftData, semgcn_protocol_2, skeleton_of
from pipeline.lift.mesh_targets import MeshTargets
from pipeline.lift.task import LiftTask, predict
from pipeline.params import LiftVariant, Run
from pipeline.stages.poses import read_poses
from pipeline.stages.status import why_no_input
from pipeline.training import device as devices
from pipeline.training.loop import Progress

TIMED_BATCH = 64  # the batch of SemGCN's trainings
TIMED_SECONDS = 0.5


def read_data(run: Run, variant: LiftVariant, device: str) -> dict[str, LiftData]:
    """The variant's splits, `train` and `test`: the 2D joints that it is given, and what it learns from them."""
    poses = {split: read_poses(run, split, variant.input) for split in ("train", "test")}
    skeleton = skeleton_of(variant)
    if variant.protocol == "semgcn_2":
        poses = dict(zip(poses, semgcn_protocol_2(*poses.values()), strict=True))
    if variant.targets == "joints":
        return {split: LiftData.from_pose_set(found, device, skeleton) for split, found in poses.items()}
    graphs = read_graphs(run)
    return {
        split: LiftData.from_pose_set(found, device, skeleton, _read_meshes(run, split, found, graphs, device))
        for split, found in poses.items()
    }


def read_graphs(run: Run) -> MeshGraphs:
    """The coarse graphs of the preset's body."""
    path = run.layout.mesh_graphs
    try:
        return MeshGraphs.from_arrays(artifacts.read_arrays(path))
    except GraphError as error:
        raise InputError(f"{path}: {error}; delete it and run fit_body again") from None


def _read_meshes(run: Run, split: str, poses: PoseSet, graphs: MeshGraphs, device: str) -> MeshTargets:
    path = run.layout.mesh_split(split)
    arrays = artifacts.map_arrays(path)
    try:
        return MeshTargets.from_arrays(arrays, graphs, torch.tensor(poses.camera).long(), poses.cameras, device)
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: {error}; delete it and run fit_body again") from None


def read_generalization(run: Run, variant: LiftVariant, device: str) -> LiftData | None:
    """Another data set's test poses, None where there are none."""
    if why_no_input(run, "mpi_inf_3dhp"):
        return None
    return LiftData.from_pose_set(read_poses(run, "test", "mpi_inf_3dhp"), device, skeleton_of(variant))


def device(run: Run) -> str:
    try:
        return devices.prepare(run.preset.device, run.preset.threads)
    except devices.DeviceError as error:
        raise InputError(f"params/{run.preset_name}.yaml: {error}") from None


def now() -> str:
    """The time in UTC to the second. SOURCE_DATE_EPOCH, as in reproducible builds, goes before the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = (
        datetime.datetime.now(datetime.UTC)
        if epoch is None
        else datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
    )
    return moment.isoformat(timespec="seconds")


def started(path: Path, fingerprint: str) -> str:
    """When the run of this fingerprint was first started, remembered across interruptions."""
    if path.exists():
        record = artifacts.read_json(path)
        if record["fingerprint"] == fingerprint:
            return str(record["started"])
    record = {"fingerprint": fingerprint, "started": now()}
    artifacts.write_json(path, record)
    return record["started"]


def environment(run: Run, task: LiftTask, started: str, progress: Progress, epochs: int) -> dict[str, Any]:
    """Where, when and how fast a training ran: everything that may differ between two equal runs."""
    poses = task.examples * epochs
    device = task.device
    return {
        "started": started,
        "finished": now(),
        "seconds": round(progress.seconds, 3),
        "device": torch.cuda.get_device_name()
        if device.startswith("cuda")
        else platform.processor() or platform.machine(),
        "threads": run.preset.threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "git_commit": git_commit(run.root),
        "epochs": epochs,
        "steps": progress.step,
        "poses": poses,
        "poses_per_second": round(poses / progress.seconds, 1) if progress.seconds else None,
        "inference_poses_per_second": inference_speed(task),
        "resumed": progress.resumed,
        "peak_memory_mb": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2), 1
        ),
    }


def inference_speed(task: LiftTask) -> float | None:
    """Poses that the finished model takes a second in batches of 64: the median of a few seconds' batches.

    None where there are fewer poses than make a batch.
    """
    if len(task.test) < TIMED_BATCH:
        return None
    inputs = task.test.inputs_of(slice(0, TIMED_BATCH))
    seconds: list[float] = []
    end = time.monotonic() + TIMED_SECONDS
    while time.monotonic() < end or len(seconds) < 3:
        start = time.perf_counter()
        predict(task.model, inputs, samples=1)
        if task.device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return round(TIMED_BATCH / statistics.median(seconds), 1)


def git_commit(root: Path) -> str | None:
    """The commit that ran, with `-dirty` where the code differs from it; None outside a git repository."""
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def write_history(path: Path, rows: list[dict[str, float]]) -> None:
    """Write a training's history. It holds no times, so that equal runs have equal files."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with artifacts.atomic(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
