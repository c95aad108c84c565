"""Measuring a detection variant on the validation images: one pass of predictions per mode, then every number."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

from pipeline import artifacts, seeds
from pipeline import device as devices
from pipeline.config import DetectionVariant, Run
from pipeline.detection import analyses, examples, inference, metrics, results, test_dev
from pipeline.detection import data as detection_data
from pipeline.detection.checkpoints import DetectionPredictor, load_model
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.results import Mode
from pipeline.detection.task import DetectionTask
from pipeline.training import batch_norm, record

TIMED_BATCH = 1  # the papers state images per second of single images
TIMED_IMAGES, WARM_UP_IMAGES = 20, 2


def measure_variant(run: Run, name: str, folder: Path) -> results.DetectionResults:
    """The variant's metrics file. `folder` receives every seed's predictions in the mode `plain`.

    It also receives examples, speed and, if the data has test-dev, the files for COCO's server, all of the first seed.
    """
    device, variant = devices.prepare(run), run.detection_variant(name)
    train, val = (detection_data.read(run, variant, split) for split in ("train", "val"))
    entries = []
    for seed in run.seeds_of(name):
        predictor = seeds.read_model(run.layout.checkpoint(name, seed), load_model, device)
        as_trained = _renew(run, name, predictor, train, val, device)
        found = detection_data.predict(predictor, val, modes_of(run, variant), device, f"{name}, seed {seed}")
        entries.append(_of_seed(run, name, seed, predictor, val, train, found, device, as_trained))
        artifacts.write_arrays(folder / f"predictions_seed_{seed}.npz", found["plain"].to_arrays())
        if seed == run.seeds_of(name)[0]:
            artifacts.write_arrays(folder / "examples.npz", examples.choose(val, found["plain"]))
            artifacts.write_json(folder / "speed.json", _speed(run, predictor, val, device))
            test_dev.write_files(run, predictor, folder, device)
    return results.DetectionResults(
        schema=1,
        kind="detection",
        variant=name,
        preset=run.preset_name,
        parameters=sum(weights.numel() for weights in predictor.model.parameters()),
        data=_describe_data(run, name, train, val),
        training=_describe_training(run, name),
        truth=results.Truth.model_validate(analyses.truth(val)),
        seeds=entries,
    )


def _renew(
    run: Run, name: str, predictor: DetectionPredictor, train: ImageSet, val: ImageSet, device: str
) -> results.Precision | None:
    """Renew the batch-norm statistics from training images. Returns the precision before, in the mode `plain`.

    Imported weights keep their statistics: those of other images would make other weights of them.
    """
    if run.detection_variant(name).imported:
        return None
    before = detection_data.predict(predictor, val, ("plain",), device, f"{name}, running statistics")["plain"]
    settings = detection_data.settings(run, name)
    batch_norm.renew(DetectionTask(predictor.variant, predictor.model, train, val, settings, device))
    return _precision(val, before)


def modes_of(run: Run, variant: DetectionVariant) -> tuple[Mode, ...]:
    """The modes of prediction that apply to the variant's task and head, with the preset's test scales."""
    scales = {f"scales_{count}" for count in run.preset.detection.test_scales}
    wanted = {"plain", "flip"}
    wanted |= {"refined", "flip_aligned", "flip_refined"} if variant.task == "pose" else scales
    wanted |= {"mean"} if variant.head.total_components > 1 else set()
    return tuple(mode for mode in get_args(Mode) if mode in wanted)


def _of_seed(
    run: Run,
    name: str,
    seed: int,
    predictor: DetectionPredictor,
    val: ImageSet,
    train: ImageSet,
    found: dict[Mode, Detections],
    device: str,
    as_trained: results.Precision | None,
) -> results.Seed:
    """The seed's entry: COCO's metrics in every mode, groups of keypoints, and what each component does."""
    variant, plain = run.detection_variant(name), found["plain"]
    on_training = None
    if run.preset.detection.training_images:
        modes = tuple(mode for mode in found if mode in ("plain", "refined"))
        again = detection_data.predict(predictor, train, modes, device, f"{name}, seed {seed}, training images")
        on_training = {mode: _precision(train, detections) for mode, detections in again.items()}
    return results.Seed(
        seed=seed,
        modes={mode: _precision(val, detections) for mode, detections in found.items()},
        training_images=on_training,
        groups=analyses.groups(val, plain) if variant.task == "pose" else None,
        mixture=results.Mixture.model_validate(analyses.mixture(val, plain)) if variant.mixture else None,
        best=_best(run, name, seed),
        running_statistics=as_trained,
    )


def _precision(data: ImageSet, detections: Detections) -> results.Precision:
    return results.Precision.model_validate(metrics.evaluate(data, detections))


def _best(run: Run, name: str, seed: int) -> results.Best:
    """The epoch with the highest AP on the validation images."""
    watched = [row for row in record.read_history(run.layout.history(name, seed)) if "val_ap" in row]
    best = max(watched, key=lambda row: row["val_ap"])
    return results.Best(epoch=best["epoch"], ap=best["val_ap"])


def _speed(run: Run, predictor: DetectionPredictor, data: ImageSet, device: str) -> dict[str, float]:
    """Images per second, one at a time: the network alone, and each mode with reading and decoding."""
    few, fewer = (data.subset(np.arange(min(count, len(data)))) for count in (TIMED_IMAGES, WARM_UP_IMAGES))

    def rate(work: Callable[[ImageSet], Any]) -> float:
        work(fewer)
        start = time.perf_counter()
        work(few)
        if device != "cpu":
            torch.cuda.synchronize()
        return round(len(few) / (time.perf_counter() - start), 2)

    image = torch.zeros(1, 3, predictor.input_size, predictor.input_size, device=device)

    @torch.no_grad()
    def network(images: ImageSet) -> None:
        for _ in range(len(images)):
            predictor.model(image)

    def finding(mode: Mode) -> Callable[[ImageSet], Any]:
        return lambda images: inference.predict(
            predictor.model,
            predictor.variant,
            images,
            predictor.input_size,
            device,
            predictor.sigma_factor,
            mode,
            batch=TIMED_BATCH,
        )

    return {"network": rate(network)} | {mode: rate(finding(mode)) for mode in modes_of(run, predictor.variant)}


def _describe_data(run: Run, name: str, train: ImageSet, val: ImageSet) -> results.Data:
    """Which data the numbers belong to, down to the digests of its annotation files."""
    task = run.detection_variant(name).task
    return results.Data(
        source=artifacts.read_json(run.layout.images_summary(task))["source"],
        task=task,
        train_images=len(train),
        val_images=len(val),
        train_objects=len(train.boxes),
        val_objects=len(val.boxes),
        train_digest=artifacts.digest(run.layout.images_split(task, "train")),
        val_digest=artifacts.digest(run.layout.images_split(task, "val")),
        input_size=run.input_size(name),
        small_networks=run.preset.detection.networks is not None and not run.detection_variant(name).imported,
    )


def _describe_training(run: Run, name: str) -> results.Training:
    """How long the variant was trained, of what it states for its full training."""
    return results.Training(
        batch_size=detection_data.settings(run, name).batch_size,
        own_recipe=run.preset.detection.recipe is not None and not run.detection_variant(name).imported,
        **seeds.course(run, name, "images"),
    )
