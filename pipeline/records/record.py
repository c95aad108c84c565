"""What MLflow gets, as plain data: a run (`Record`), its data sets, and a paper's experiment."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError

# The form of what is published. A run of another form is replaced, as if its files had changed.
LAYOUT = "2"
NOT_IN_A_METRIC_NAME = re.compile(r"[^\w.\- :/]")

Point = tuple[str, float, int, float]  # a metric's name and value, the step, the fraction of the training done


@dataclass(frozen=True)
class Dataset:
    """A split that a training used. `source` and `profile` are JSON, as MLflow expects."""

    name: str
    context: str
    digest: str
    source: str
    profile: str


@dataclass(frozen=True)
class Record:
    """One MLflow run. Times are in seconds since 1970; None means the time of publishing.

    `metrics` are single values. Curves are read from `histories`, over `steps` steps, as a mean over these files.
    """

    kind: str  # training (one seed), variant (its seeds together) or results (of a paper)
    experiment: str
    name: str
    place: dict[str, str]  # the tags by which MLflow finds the run again
    tags: dict[str, str]
    files: tuple[tuple[str, Path], ...] = ()  # (folder among the artifacts, file)
    parent: dict[str, str] | None = None  # the place of the run that it is shown under
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    images: tuple[Path, ...] = ()  # PNG files that are shown beside the curves, under their names
    histories: tuple[Path, ...] = ()
    steps: int = 0
    started: float | None = None
    finished: float | None = None

    def digest(self) -> str:
        """SHA-256 of everything that is published. The same files and settings give the same digest."""
        content = vars(self) | {
            "layout": LAYOUT,
            "files": [(place, file.name, artifacts.digest(file)) for place, file in self.files],
            "images": [(file.name, artifacts.digest(file)) for file in self.images],
            "datasets": [vars(dataset) for dataset in self.datasets],
            "histories": [artifacts.digest(file) for file in self.histories],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def history(self) -> Iterator[Point]:
        """Each value of the history; of several, means at the steps that all have.

        Raises InputError on a damaged file.
        """
        several: dict[tuple[str, int, float], list[float]] = {}
        for file in self.histories:
            for name, value, step, share in self._points(file):
                several.setdefault((name, step, share), []).append(value)
        for (name, step, share), values in several.items():
            if len(values) == len(self.histories):
                yield name, fmean(values), step, share

    def _points(self, path: Path) -> Iterator[Point]:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                try:
                    values = {name: float(cell) for name, cell in row.items() if cell != ""}
                    yield from points([values], self.steps)
                except (KeyError, TypeError, ValueError) as error:
                    raise InputError(
                        f"{path}: line {number}: not a row of a history ({error!r}); train again"
                    ) from None


@dataclass(frozen=True)
class Model:
    """A version of a registered model: the weights of one training."""

    name: str  # of the registered model
    card: str  # Markdown: what it is, its numbers, what it is not for
    alias: str  # best, or paper for the authors' weights
    checkpoint: Path
    training: dict[str, str]  # the place of its training
    joints: int
    variant: str


@dataclass(frozen=True)
class Experiment:
    """A paper's experiment: its description in Markdown, its runs, and how its table of runs is shown.

    Parents come before their children. `columns` are names of metrics, parameters and tags with their kind in front:
    `metrics.test/P1`, `tags.table`.
    """

    name: str
    preset: str
    description: str
    columns: tuple[str, ...]
    curves: tuple[str, ...]  # metrics of the first charts
    bars: tuple[str, ...]
    records: tuple[Record, ...]
    models: tuple[Model, ...] = ()


def points(rows: Iterable[Mapping[str, float]], steps: int) -> Iterator[Point]:
    """The values of a history's rows. Raises KeyError for a row without a step."""
    for row in rows:
        step = int(row["step"])
        for name, value in row.items():
            if name != "step":
                yield curve_name(name), value, step, min(1.0, step / max(1, steps))


def curve_name(column: str) -> str:
    """The metric of a column of history.csv: what was trained on, or what was tested after an epoch."""
    split, _, what = column.partition("_")
    return metric_name(f"test/by_epoch/{what}" if split in ("test", "val") else f"train/{column}")


def metric_name(name: str) -> str:
    """A name that MLflow accepts: letters, digits, spaces and `_ - . : /`."""
    return NOT_IN_A_METRIC_NAME.sub("_", name)


def flat(value: Any, separator: str, name: str = "") -> dict[str, Any]:
    """Nested mappings as one mapping with joined keys."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= flat(inner, separator, f"{name}{separator}{key}" if name else str(key))
    return found
