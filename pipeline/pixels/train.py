"""Training one seed of a network on images: one of the stages of SemGCN's Section 5.1.

A stage is a training of its own, with its own history and checkpoint. It begins with the weights that the stage before
ended with, which are data to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from pipeline import device, seeds
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.lifting.train import schedule
from pipeline.pixels.checkpoints import load_model, save_model, seeded_model
from pipeline.pixels.data import read_crops
from pipeline.pixels.models import PerceptualSemGCN, load_torchvision
from pipeline.pixels.task import PixelsTask
from pipeline.training import batch_norm, checkpoint
from pipeline.training.errors import CheckpointError
from pipeline.training.loop import LoopSettings


def train_seed(run: Run, name: str, seed: int) -> None:
    """Train a seed of a variant and write its folder. A stopped training is resumed."""
    variant, network, on = run.variant(name), run.preset.pixels.network, device.prepare(run)
    assert variant.pixels is not None
    data = read_crops(run, on)
    model = seeded_model(variant, network, seed).to(on)
    task = PixelsTask(model, data["train"], data["test"], variant.pixels, variant.optimizer.batch_size)
    if run.preset.pixels.imagenet and variant.pixels.sees_anew:
        begin_with_imagenet(run.layout.imagenet, model)
    if variant.pixels.after:
        start_from(run.layout.checkpoint(variant.pixels.after, seed), model)
        # A fixed 2D network keeps its statistics, so they must be those of its weights, no averages of its training.
        batch_norm.renew(task)
    epochs, bounds = run.epochs(name), (variant.optimizer.max_gradient_norm, variant.optimizer.max_weight_norm)
    settings = LoopSettings(epochs, seed, *bounds, validate_every=run.preset.pixels.validate_every)
    progress = seeds.learn(run, name, task, schedule(run, name), settings)

    def save(path: Path, epoch: int, weights: Mapping[str, Tensor]) -> None:
        save_model(path, name, variant, network, data["train"].size, seed, epoch, weights)

    seeds.finish(run, name, seed, task, progress, epochs, save)


def begin_with_imagenet(path: Path, model: PerceptualSemGCN) -> None:
    """Give the 2D network's ResNet-50 the weights of torchvision's file. Raises InputError for another file."""
    try:
        load_torchvision(model.detector.backbone, checkpoint.load(path))
    except (CheckpointError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not torchvision's weights of ResNet-50 ({error}); put its file there") from None


def start_from(path: Path, model: PerceptualSemGCN) -> None:
    """Give a network the weights of the stage before. A 2D network gives its part. Raises InputError."""
    before = seeds.read_model(path, load_model, "cpu")
    detector = before.settings.stage == "detector"
    to, weights = (model.detector, before.model.detector) if detector else (model, before.model)
    try:
        to.load_state_dict(weights.state_dict())
    except RuntimeError as error:
        raise InputError(f"{path}: weights of another network: {' '.join(str(error).split()[:24])}") from None
