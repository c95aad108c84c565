"""What a training leaves beside its weights: its history, and where, when and how fast it ran."""

from __future__ import annotations

import csv
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from pipeline.training.progress import Progress, Row, now
from pipeline.training.task import Task

MEMORY_UNITS = 1024 if sys.platform == "linux" else 1024**2  # of ru_maxrss in a megabyte: kB on Linux, bytes on macOS


def environment(task: Task, progress: Progress, epochs: int, threads: int, root: Path) -> dict[str, Any]:
    """Where, when and how fast a training ran: everything that may differ between two equal trainings."""
    examples = task.examples * epochs
    on_gpu = task.device.startswith("cuda")
    return {
        "started": progress.started,
        "finished": now(),
        "seconds": round(progress.seconds, 3),
        "device": torch.cuda.get_device_name() if on_gpu else platform.processor() or platform.machine(),
        "threads": threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "git_commit": git_commit(root),
        "epochs": epochs,
        "steps": progress.step,
        task.unit: examples,
        f"{task.unit}_per_second": round(examples / progress.seconds, 1) if progress.seconds else None,
        "resumed": progress.resumed,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEMORY_UNITS, 1),
    }


def git_commit(root: Path) -> str | None:
    """The commit of the code, with `-dirty` where the code differs from it; None outside a git repository."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def write_history(path: Path, rows: list[Row]) -> None:
    """Write a training's history. It holds no times, so that equal trainings have equal files."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_history(path: Path) -> list[Row]:
    """The rows that `write_history` wrote, each with the cells that it has."""
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: float(cell) for name, cell in row.items() if cell} for row in csv.DictReader(file)]
