"""What MLflow gets, read from the stages' files: one record per training, and one per paper with its results."""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection.results import DetectionResults
from pipeline.layout import Layout
from pipeline.lifting.results import LiftingResults
from pipeline.report import loading
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.quantities_detection import AP, AP50, AP75, AR
from pipeline.report.quantities_lifting import P1, P2, P1_frames, P2_frames

Results = LiftingResults | DetectionResults

# Beside all numbers of the metrics file, these have the names that tables and claims use.
LIFTING = (P1, P2, P1_frames, P2_frames)
DETECTION = (AP, AP50, AP75, AR)

CONTEXTS = {"train": "training", "val": "validation", "test": "testing"}
NOT_IN_A_METRIC_NAME = re.compile(r"[^\w.\- :/]")


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
    """One MLflow run as plain data. Times are in seconds since 1970; None means the time of publishing."""

    kind: str  # training or results
    experiment: str
    name: str
    place: dict[str, str]  # the tags by which MLflow finds the run again
    tags: dict[str, str]
    files: tuple[tuple[str, Path], ...]  # (folder among the artifacts, file)
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    history_file: Path | None = None
    steps: int = 0
    started: float | None = None
    finished: float | None = None

    def digest(self) -> str:
        """SHA-256 of everything that is published. The same files and settings give the same digest."""
        content = vars(self) | {
            "files": [(place, file.name, artifacts.digest(file)) for place, file in self.files],
            "datasets": [vars(dataset) for dataset in self.datasets],
            "history_file": None,  # one of the files
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def history(self) -> Iterator[tuple[str, float, int, float]]:
        """Each value of the training history: (name, value, step, fraction of the training done)."""
        if self.history_file is None:
            return
        with self.history_file.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                try:
                    step = int(row["step"])
                    values = {name: float(cell) for name, cell in row.items() if name != "step" and cell != ""}
                except (KeyError, TypeError, ValueError) as error:
                    raise InputError(
                        f"{self.history_file}: line {number}: not a row of a history ({error!r}); train again"
                    ) from None
                for name, value in values.items():
                    yield _metric_name(f"history/{name}"), value, step, min(1.0, step / max(1, self.steps))


def find(run: Run) -> list[Record]:
    """The preset's finished trainings, in the order of params.yaml, then the results of every paper that has any.

    A variant that was not measured yet is skipped. Raises InputError on a file that is missing or damaged.
    """
    variants = [*run.lifting_variants, *run.detection_variants]
    papers = tuple(dict.fromkeys(run.any_variant(variant).paper for variant in variants))
    evidence = loading.evidence_so_far(run)
    files: list[Results | None] = [metrics.file for metrics in evidence.results.variants.values()]
    files += [metrics.file for metrics in evidence.detection.variants.values()]
    trainings = [record for results in files if results for record in _trainings(evidence, results)]
    return trainings + [record for paper in papers for record in _results(run, paper, papers)]


# --- trainings --------------------------------------------------------------------------------------------------------


def _trainings(evidence: Evidence, results: Results) -> Iterator[Record]:
    """A record for each seed of a variant."""
    for number in range(len(results.seeds)):
        folder = evidence.run.layout.seed(results.variant, results.seeds[number].seed)
        environment = artifacts.read_json(folder / "environment.json")
        try:
            yield _training(evidence, results, number, environment)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{folder / 'environment.json'}: {error!r} in it; delete {folder} and run {_stage(results)} again"
            ) from None


def _stage(results: Results) -> str:
    return "train_detection" if isinstance(results, DetectionResults) else "train_lifting"


def _training(evidence: Evidence, results: Results, number: int, environment: dict[str, Any]) -> Record:
    run, variant, seed = evidence.run, results.variant, results.seeds[number].seed
    settings, layout, preset = run.any_variant(variant), run.layout, run.preset_name
    files = [path(variant, seed) for path in (layout.checkpoint, layout.history, layout.environment)]
    for file in files:
        if not file.exists():
            raise InputError(f"{file}: missing, though it was measured; run {_stage(results)} for {variant} again")
    epochs = int(environment["epochs"])
    splits = _splits(run, variant, results)
    tags = {
        "paper": settings.paper,
        "checkpoint": artifacts.digest(layout.checkpoint(variant, seed)),
        **{f"{split}_digest": dataset.digest for split, dataset in splits.items()},
        "mlflow.note.content": f"{settings.title}: {epochs} of the {settings.epochs} epochs that the variant states, "
        f"{_examples(results)}",
    }
    commit = environment["git_commit"]
    if commit:
        tags |= {"git_commit": commit, "mlflow.source.git.commit": commit.removesuffix("-dirty")}
    return Record(
        kind="training",
        experiment=settings.paper,
        name=f"{variant} seed {seed} ({preset})",
        place={"kind": "training", "preset": preset, "variant": variant, "seed": str(seed)},
        tags=tags,
        files=(*(("", file) for file in files), ("metrics", layout.metrics(variant))),
        parameters=_parameters(run, variant, seed, epochs),
        metrics=_metrics(results, number, environment) | _quantities(evidence, results, seed),
        datasets=tuple(splits.values()),
        history_file=layout.history(variant, seed),
        steps=int(environment["steps"]),
        started=_seconds(environment["started"]),
        finished=_seconds(environment["finished"]),
    )


def _examples(results: Results) -> str:
    data = results.data
    if isinstance(results, DetectionResults):
        return f"{results.data.train_images} {data.source} images"
    return f"{results.data.train_poses} poses of {data.source} motion"


def _parameters(run: Run, variant: str, seed: int, epochs: int) -> dict[str, str]:
    """The settings of the variant and of the preset, flat: `optimizer.learning_rate`, `preset.motion.source`."""
    data = {"images", "detection"} if variant in run.detection_variants else {"motion"}
    settings = run.any_variant(variant).model_dump(mode="json", exclude={"paper", "title", "core", "epochs"})
    preset = run.preset.model_dump(mode="json", include=data | {"threads", "device"})
    training = {"seed": seed, "epochs": epochs, "epochs_stated": run.any_variant(variant).epochs}
    flat = _flat(settings | training | {"preset": preset}, ".")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in flat.items()}


def _metrics(results: Results, number: int, environment: dict[str, Any]) -> dict[str, float]:
    """Every number of a seed, named by its place in the metrics file: `predictions/mean/mpjpe/action_average`.

    The numbers of environment.json are below `training/`.
    """
    seed = results.seeds[number].model_dump(mode="json", by_alias=True, exclude={"seed"})
    flat = _flat({"parameters": results.parameters} | seed | {"training": environment}, "/", lists=True)
    return {_metric_name(name): float(value) for name, value in flat.items() if isinstance(value, int | float)}


def _quantities(evidence: Evidence, results: Results, seed: int) -> dict[str, float]:
    """The quantities that a seed has, by name."""
    found = {}
    for quantity in DETECTION if isinstance(results, DetectionResults) else LIFTING:
        try:
            by_seed = evidence.by_seed(quantity(results.variant))
        except NotRunError:  # it has no such number
            continue
        if seed in by_seed:
            found[quantity.name] = by_seed[seed]
    return found


def _splits(run: Run, variant: str, results: Results) -> dict[str, Dataset]:
    """The data sets that a training used, by split."""
    layout, data = Layout(run.preset_name), results.data.model_dump()  # paths relative to the repository
    if isinstance(results, DetectionResults):
        what, unit = f"{results.data.source} {results.data.task}", "images"
        files = {split: layout.images_split(results.data.task, split) for split in ("train", "val")}
    else:
        what, unit = results.data.source, "poses"
        files = {split: layout.motion_split(split, results.data.input.name) for split in ("train", "test")}
    return {
        split: Dataset(
            name=f"{run.preset_name} {what} {split}",
            context=CONTEXTS[split],
            digest=str(data[f"{split}_digest"]),
            source=json.dumps({"uri": file.as_posix()}),
            profile=json.dumps({"num_rows": data[f"{split}_{unit}"]}),
        )
        for split, file in files.items()
    }


# --- results ----------------------------------------------------------------------------------------------------------


def _results(run: Run, paper: str, papers: tuple[str, ...]) -> Iterator[Record]:
    """The tables and figures whose names begin with the paper's key, and those that belong to no single paper."""
    layout = run.layout
    drawn = [
        (folder.name, file)
        for folder in (layout.tables, layout.figures)
        for file in sorted(folder.glob("*"))
        if file.is_file()
    ]
    own = [(folder, file) for folder, file in drawn if file.name.startswith(paper)]
    if not own:
        return
    shared = [(folder, file) for folder, file in drawn if not file.name.startswith(papers)]
    shared += [("", file) for file in (layout.claims, layout.claims_text, layout.report) if file.exists()]
    yield Record(
        kind="results",
        experiment=paper,
        name=f"results ({run.preset_name})",
        place={"kind": "results", "preset": run.preset_name},
        tags={"paper": paper},
        files=tuple(own + shared),
    )


# --- names and times --------------------------------------------------------------------------------------------------


def _flat(value: Any, separator: str, lists: bool = False, name: str = "") -> dict[str, Any]:
    """Nested mappings (and lists, if asked) as one mapping with joined keys."""
    if isinstance(value, list) and lists:
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {name: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= _flat(inner, separator, lists, f"{name}{separator}{key}" if name else str(key))
    return flat


def _metric_name(name: str) -> str:
    """A name that MLflow accepts: letters, digits, spaces and `_ - . : /`."""
    return NOT_IN_A_METRIC_NAME.sub("_", name)


def _seconds(moment: str) -> float:
    """ISO time in seconds since 1970; without an offset it is UTC."""
    parsed = datetime.datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)).timestamp()
