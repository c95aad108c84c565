"""Finished trainings and papers' results as plain data, read from the stages' files: one record per MLflow run."""

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
from pipeline.config import DetectionVariant, LiftingVariant, Run
from pipeline.layout import Layout

CONTEXTS = {"train": "training", "val": "validation", "test": "testing"}
NOT_IN_A_METRIC_NAME = re.compile(r"[^\w.\- :/]")


@dataclass(frozen=True)
class Dataset:
    """A split that a training used. `source` and `profile` are JSON, as MLflow stores them."""

    name: str
    context: str
    digest: str
    source: str
    profile: str


@dataclass(frozen=True)
class Record:
    """One MLflow run as plain data. Times are seconds since 1970; None is the time of publishing."""

    kind: str  # training or results
    experiment: str
    name: str
    place: dict[str, str]  # the tags by which the MLflow run is found
    tags: dict[str, str]
    files: tuple[tuple[str, Path], ...]  # (the artifact's folder, the file)
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    history_file: Path | None = None
    steps: int = 0
    started: float | None = None
    finished: float | None = None

    def digest(self) -> str:
        """SHA-256 of everything that is published: equal for equal files and settings."""
        content = vars(self) | {
            "files": [(place, file.name, artifacts.digest(file)) for place, file in self.files],
            "datasets": [vars(dataset) for dataset in self.datasets],
            "history_file": None,  # one of the files
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def history(self) -> Iterator[tuple[str, float, int, float]]:
        """The history: (name, value, step, share of the training done) for every filled cell."""
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
                    yield _metric_name("history", name), value, step, min(1.0, step / max(1, self.steps))


def find(run: Run) -> list[Record]:
    """The preset's finished trainings in the order of params.yaml, then the results of each paper that has any.

    Raises InputError for a missing or damaged file. A variant that was not measured yet is left out.
    """
    variants = [*run.lifting_variants, *run.detection_variants]
    papers = tuple(dict.fromkeys(run.any_variant(variant).paper for variant in variants))
    trainings = [record for variant in variants for record in _trainings(run, variant)]
    return trainings + [record for paper in papers for record in _results(run, paper, papers)]


def _trainings(run: Run, variant: str) -> Iterator[Record]:
    """One record per seed; none for a variant that the preset does not run or that was not measured yet."""
    path = run.layout.metrics(variant)
    if not path.exists():
        return
    metrics = artifacts.read_json(path)
    try:
        for measured in metrics["seeds"]:
            yield _training(run, variant, metrics, measured)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        stage = f"evaluate_{_kind(run, variant)}"
        raise InputError(
            f"{path}: {error!r} in it or in its training's environment.json; delete it and run {stage} again"
        ) from None


def _kind(run: Run, variant: str) -> str:
    return "detection" if variant in run.detection_variants else "lifting"


def _training(run: Run, variant: str, metrics: dict[str, Any], measured: dict[str, Any]) -> Record:
    settings, layout, preset, seed = run.any_variant(variant), run.layout, run.preset_name, int(measured["seed"])
    detection = isinstance(settings, DetectionVariant)
    data = metrics["data"]
    environment = artifacts.read_json(layout.environment(variant, seed))
    files = [path(variant, seed) for path in (layout.checkpoint, layout.history, layout.environment)]
    for file in files:
        if not file.exists():
            raise InputError(
                f"{file}: missing, though it was measured; run train_{_kind(run, variant)} for {variant} again"
            )
    epochs = int(environment["epochs"])
    tags = {
        "paper": settings.paper,
        "checkpoint": artifacts.digest(layout.checkpoint(variant, seed)),
        **{f"{split}_digest": str(data[f"{split}_digest"]) for split in ("train", "val" if detection else "test")},
        "mlflow.note.content": (
            f"{settings.title}: {epochs} of the {settings.epochs} epochs that the variant states, "
            + (f"{data['train_images']} {data['source']} images" if detection else "")
            + ("" if detection else f"{data['train_poses']} poses of {data['source']} motion")
        ),
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
        metrics=(_detection_metrics if detection else _metrics)(metrics, measured, environment),
        datasets=_datasets(preset, data, settings),
        history_file=layout.history(variant, seed),
        steps=int(environment["steps"]),
        started=_seconds(environment["started"]),
        finished=_seconds(environment["finished"]),
    )


def _results(run: Run, paper: str, papers: tuple[str, ...]) -> Iterator[Record]:
    """A paper's tables and figures, whose names begin with its key, and the files that belong to no single paper."""
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


def _parameters(run: Run, variant: str, seed: int, epochs: int) -> dict[str, str]:
    """The settings of variant and preset, flat: `optimizer.learning_rate`, `preset.motion.source`."""
    data = {"images", "detection"} if variant in run.detection_variants else {"motion"}
    settings = run.any_variant(variant).model_dump(mode="json", exclude={"paper", "title", "core", "epochs"})
    preset = run.preset.model_dump(mode="json", include=data | {"threads", "device"})
    training = {"seed": seed, "epochs": epochs, "epochs_stated": run.any_variant(variant).epochs}
    flat = _flat(settings | training | {"preset": preset}, ".")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in flat.items()}


def _metrics(metrics: dict[str, Any], measured: dict[str, Any], environment: dict[str, Any]) -> dict[str, float]:
    """The final numbers: `test/mean/mpjpe` is averaged action by action, `test/mean/mpjpe/Walking` is one action's."""
    figures: dict[str, Any] = {
        "model/parameters": metrics["parameters"],
        "train/loss": measured["loss"]["train"],
        "test/loss": measured["loss"]["test"],
        "test/mixture": measured["mixture"],
        "best_on_test": measured["best_on_test"],
        "training": {
            name: environment[name] for name in ("seconds", "poses", "poses_per_second", "resumed", "peak_memory_mb")
        },
    }
    for prediction, errors in measured["predictions"].items():
        for error, values in errors.items():
            name = f"test/{prediction}/{error}"
            figures[name] = values["action_average"]
            figures[f"{name}_frame_average"] = values["frame_average"]
            figures |= {f"{name}/{action}": value for action, value in values["per_action"].items()}
    flat = _flat(figures, "/", lists=True)
    return {_metric_name(name): float(value) for name, value in flat.items() if isinstance(value, int | float)}


def _detection_metrics(
    metrics: dict[str, Any], measured: dict[str, Any], environment: dict[str, Any]
) -> dict[str, float]:
    """The final numbers: `val/plain/ap` per mode; `train/plain/ap` if the training images were measured."""
    figures = {
        "model/parameters": metrics["parameters"],
        "val": measured["modes"],
        "train": measured["training_images"],
        "groups": measured["groups"],
        "mixture": measured["mixture"],
        "best_on_val": measured["best"],
        "training": {
            name: environment[name] for name in ("seconds", "images", "images_per_second", "resumed", "peak_memory_mb")
        },
    }
    flat = _flat(figures, "/", lists=True)
    return {_metric_name(name): float(value) for name, value in flat.items() if isinstance(value, int | float)}


def _datasets(preset: str, data: dict[str, Any], settings: LiftingVariant | DetectionVariant) -> tuple[Dataset, ...]:
    layout = Layout(preset)
    what = settings.task if isinstance(settings, DetectionVariant) else None
    if isinstance(settings, DetectionVariant):
        files = {split: layout.images_split(settings.task, split) for split in ("train", "val")}
        unit = "images"
    else:
        files = {split: layout.motion_split(split, settings.input) for split in ("train", "test")}
        unit = "poses"
    return tuple(
        Dataset(
            name=" ".join(filter(None, (preset, data["source"], what, split))),
            context=CONTEXTS[split],
            digest=str(data[f"{split}_digest"]),
            source=json.dumps({"uri": file.as_posix()}),
            profile=json.dumps({"num_rows": data[f"{split}_{unit}"]}),
        )
        for split, file in files.items()
    )


def _flat(value: Any, separator: str, lists: bool = False, name: str = "") -> dict[str, Any]:
    """Nested mappings (and lists, with `lists`) as one mapping with joined keys."""
    if isinstance(value, list) and lists:
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {name: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= _flat(inner, separator, lists, f"{name}{separator}{key}" if name else str(key))
    return flat


def _metric_name(*parts: str) -> str:
    """A name that MLflow accepts: letters, digits and `_ - . : /` and spaces."""
    return NOT_IN_A_METRIC_NAME.sub("_", "/".join(parts))


def _seconds(moment: str) -> float:
    """ISO time in seconds since 1970; without an offset it is UTC."""
    parsed = datetime.datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)).timestamp()
