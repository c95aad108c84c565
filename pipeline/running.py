"""What every training and measurement does: choose the device, and write down where and when something ran."""

from __future__ import annotations

import csv
import datetime
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.training import device as devices
from pipeline.training.loop import Progress
from pipeline.training.task import Task


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


def save_every_seconds() -> float:
    """How much work a killed training loses at most. It changes no number, so it stands in no settings."""
    return float(os.environ.get("MIXPOSE_SAVE_EVERY_SECONDS", "30"))


def started(path: Path, fingerprint: str) -> str:
    """When the run of this fingerprint was first started, remembered across interruptions."""
    if path.exists():
        record = artifacts.read_json(path)
        if record["fingerprint"] == fingerprint:
            return str(record["started"])
    record = {"fingerprint": fingerprint, "started": now()}
    artifacts.write_json(path, record)
    return record["started"]


def environment(run: Run, task: Task, started: str, progress: Progress, epochs: int) -> dict[str, Any]:
    """Where, when and how fast a training ran: everything that may differ between two equal runs."""
    examples = task.examples * epochs
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
        task.unit: examples,
        f"{task.unit}_per_second": round(examples / progress.seconds, 1) if progress.seconds else None,
        "resumed": progress.resumed,
        "peak_memory_mb": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2), 1
        ),
    }


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


def imported_weights(run: Run, variant: str) -> Path:
    """The file of an imported variant's weights, checked against the digest that params.yaml states."""
    digest = str(run.any_variant(variant).weights)
    path = run.layout.imported(digest)
    if not path.exists() or artifacts.digest(path) != digest:
        key = "detection_variants" if variant in run.detection_variants else "lifting_variants"
        raise InputError(
            f"{path}: {'is not what it was' if path.exists() else 'missing'}, though params.yaml: {key}.{variant}."
            "weights names it; run `python -m pipeline import_checkpoint` again, or write `weights: null`"
        )
    return path


def write_history(path: Path, rows: list[dict[str, float]]) -> None:
    """Write a training's history. It holds no times, so that equal runs have equal files."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with artifacts.atomic(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows that `write_history` wrote, each with the cells that it has."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(file)]
