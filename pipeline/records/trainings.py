"""The trainings of a variant, read from the stages' files: one record for each seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.config.pixels import IMAGES
from pipeline.detection.results import DetectionResults
from pipeline.detection.results import Seed as DetectionSeed
from pipeline.lifting.results import LiftingResults
from pipeline.records.measured import Measured
from pipeline.records.record import Dataset, Record, flat, metric_name
from pipeline.report import components, provenance, runs

Results = LiftingResults | DetectionResults

CONTEXTS = {"train": "training", "val": "validation", "test": "testing"}
# Of environment.json, under `cost/`: what a training took.
COSTS = ("seconds", "poses", "poses_per_second", "images", "images_per_second", "peak_memory_mb", "resumed")


def of_variant(run: Run, results: Results, measured: Measured, shared: dict[str, str]) -> Iterator[Record]:
    """A record for each seed of a variant. `shared`: the tags that its seeds have in common.

    Raises InputError on a file that is missing or damaged.
    """
    for number in range(len(results.seeds)):
        folder = run.layout.seed(results.variant, results.seeds[number].seed)
        environment = artifacts.read_json(folder / "environment.json")
        try:
            yield _training(run, results, number, environment, measured, shared)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            stage = f"train_{run.layout.kind(results.variant)}"
            raise InputError(
                f"{folder / 'environment.json'}: {error!r} in it; delete {folder} and run {stage} again"
            ) from None


def _training(
    run: Run,
    results: Results,
    number: int,
    environment: dict[str, Any],
    measured: Measured,
    shared: dict[str, str],
) -> Record:
    variant, seed = results.variant, results.seeds[number].seed
    settings, layout, preset = run.any_variant(variant), run.layout, run.preset_name
    files = [path(variant, seed) for path in (layout.checkpoint, layout.history, layout.environment)]
    for file in files:
        if not file.exists():
            raise InputError(
                f"{file}: missing, though it was measured; run train_{layout.kind(variant)} for {variant} again"
            )
    epochs = int(environment["epochs"])
    started, finished = provenance.span(environment)
    splits = _splits(run, variant, results)
    tags = shared | {
        "checkpoint": artifacts.digest(layout.checkpoint(variant, seed)),
        **{f"{split}_digest": dataset.digest for split, dataset in splits.items()},
        "mlflow.note.content": f"{settings.title}, seed {seed}: {epochs} epochs ({settings.epochs} are stated), "
        f"{_examples(results)}",
    }
    used = components_used(results, number)
    if used:
        tags["components used"] = used
    commit = environment["git_commit"]
    if commit:
        tags |= {"git_commit": commit, "mlflow.source.git.commit": commit.removesuffix("-dirty")}
    return Record(
        kind="training",
        experiment=settings.paper,
        name=runs.name(preset, variant, seed),
        place=runs.place(preset, variant, seed),
        parent=place_of_variant(preset, variant),
        tags=tags,
        files=(*(("", file) for file in files), ("metrics", layout.metrics(variant))),
        parameters=parameters(run, variant) | {"seed": str(seed), "epochs": str(epochs)},
        metrics=_of_the_best_epoch(results, number) | measured.of_seed(seed) | _costs(environment),
        datasets=tuple(splits.values()),
        histories=(layout.history(variant, seed),),
        steps=int(environment["steps"]),
        started=started.timestamp(),
        finished=finished.timestamp(),
    )


def place_of_variant(preset: str, variant: str) -> dict[str, str]:
    """The tags by which MLflow finds the run of all its seeds."""
    return {"kind": "variant", "preset": preset, "variant": variant}


def components_used(results: Results, number: int) -> str | None:
    """`2.0 of 5`: how many components of a seed's mixture are in use, as tables count them; None without a mixture."""
    if isinstance(results, DetectionResults):
        found = results.seeds[number].mixture
        if found is None:
            return None
        shares = [part.share or 0.0 for part in found.components]
        return f"{sum(share >= components.IN_USE for share in shares)} of {len(shares)}"
    mixture = results.seeds[number].mixture
    used = mixture.components_used.over_5_percent_on_average if mixture and mixture.components_used else None
    return None if mixture is None or used is None else f"{used:.1f} of {mixture.kernels}"


def _examples(results: Results) -> str:
    data = results.data
    if isinstance(results, DetectionResults):
        return f"{results.data.train_images} {data.source} images"
    return f"{results.data.train_poses} poses of {data.source} motion"


def parameters(run: Run, variant: str) -> dict[str, str]:
    """The settings of the variant and of the preset, flat: `optimizer.learning_rate`, `preset.motion.source`."""
    data = {"lifting": {"motion"}, "pixels": {"motion", "crops", "pixels"}, "detection": {"images", "detection"}}
    settings = run.any_variant(variant).model_dump(mode="json", exclude={"paper", "title", "core", "epochs"})
    preset = run.preset.model_dump(mode="json", include=data[run.layout.kind(variant)] | {"threads", "device"})
    stated = {"epochs_stated": run.any_variant(variant).epochs}
    found = flat(settings | stated | {"preset": preset}, ".")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def _of_the_best_epoch(results: Results, number: int) -> dict[str, float]:
    """The epoch that did best on the test data, and its errors or its precision."""
    seed = results.seeds[number]
    found: dict[str, float | None]
    if isinstance(seed, DetectionSeed):
        best = seed.best
        found = {"epoch": best.epoch, "AP": best.ap} if best else {}
    else:
        on_test = seed.best_on_test
        found = {"epoch": on_test.epoch, "P1": on_test.mpjpe, "P2": on_test.p_mpjpe} if on_test else {}
    return {f"best_on_test/{name}": float(value) for name, value in found.items() if value is not None}


def _costs(environment: dict[str, Any]) -> dict[str, float]:
    """What the training took."""
    found = {name: environment.get(name) for name in COSTS}
    return {metric_name(f"cost/{name}"): float(value) for name, value in found.items() if value is not None}


def _splits(run: Run, variant: str, results: Results) -> dict[str, Dataset]:
    """The data sets that a training used, by split."""
    layout, data = run.layout_in(Path()), results.data.model_dump()  # paths relative to the repository
    if isinstance(results, DetectionResults):
        what, unit = f"{results.data.source} {results.data.task}", "images"
        files = {split: layout.images_split(results.data.task, split) for split in ("train", "val")}
    elif results.data.input.name == IMAGES:
        what, unit = f"{results.data.source} images", "poses"
        files = {split: layout.crops_split(split) for split in ("train", "test")}
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
