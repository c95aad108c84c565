"""Training one seed of a detection variant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pipeline import device, seeds
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection import data as detection_data
from pipeline.detection.checkpoints import load_model, save_model, seeded_model
from pipeline.detection.image_set import ImageSet
from pipeline.detection.mixture_start import start_at_clusters
from pipeline.detection.models import CenterNet
from pipeline.detection.task import DetectionSettings, DetectionTask
from pipeline.training import parallel, schedules
from pipeline.training.loop import LoopSettings


def train_seed(run: Run, name: str, seed: int) -> None:
    """Train a seed of a variant, or take its imported weights, and write its folder. A stopped training is resumed.

    Of several processes that share the training all learn the same, and the first one writes the folder.
    """
    variant, detection = run.detection_variant(name), run.preset.detection
    on = parallel.start(device.prepare(run))
    data = {split: detection_data.read(run, variant, split) for split in ("train", "val")}
    networks = None if variant.imported else detection.networks
    settings = detection_data.settings(run, name)
    model = _first_model(run, name, seed, data["train"], settings)
    task = DetectionTask(variant, model, data["train"], data["val"], settings, on, compiled=networks is None)
    if variant.imported:
        epochs, progress = variant.epochs, seeds.take_over(run, name, task, load_model)
    else:
        epochs = run.epochs(name)
        betas = (0.9, detection.recipe.beta2 if detection.recipe else 0.999)
        loop = LoopSettings(epochs, seed, betas=betas, validate_every=detection.validate_every)
        progress = seeds.learn(run, name, task, schedule(run, name), loop)

    def save(path: Path, epoch: int, weights: Mapping[str, Tensor]) -> None:
        save_model(
            path,
            name,
            variant,
            data["train"].category_names,
            seed,
            epoch,
            weights,
            networks,
            settings.input_size,
            settings.sigma_factor,
        )

    parallel.wait()  # until nobody saves the state of an unfinished training any more
    if parallel.rank() == 0:
        seeds.finish(run, name, seed, task, progress, epochs, save)


def _first_model(run: Run, name: str, seed: int, train: ImageSet, settings: DetectionSettings) -> CenterNet:
    """The network before training. Raises InputError if it cannot halve its input often enough."""
    variant, detection = run.detection_variant(name), run.preset.detection
    recipe, networks = (None, None) if variant.imported else (detection.recipe, detection.networks)
    sigma_start = recipe.sigma_start.get(variant.task, 0.0) if recipe else 0.0
    model = seeded_model(variant, len(train.category_names), networks, sigma_start, seed)
    if settings.input_size % model.divisor:
        raise InputError(
            f"params/{run.preset_name}.yaml: detection.input_size: {settings.input_size} px, but the network of {name} "
            f"takes a multiple of {model.divisor}; change it, or give detection.networks fewer widths"
        )
    if recipe and recipe.start.get(variant.task) == "clusters":
        start_at_clusters(model, variant, train, settings.input_size, seed)
    return model


def schedule(run: Run, name: str) -> schedules.Schedule:
    """The preset's own schedule, or the variant's, stretched from the epochs that it states to those of the preset."""
    variant, recipe = run.detection_variant(name), run.preset.detection.recipe
    if recipe:
        return schedules.Cosine(recipe.learning_rate)
    return schedules.Drops(variant.optimizer.learning_rate, variant.drop_at, variant.epochs)
