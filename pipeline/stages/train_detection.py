"""Train one seed of one detection variant, on all GPUs that the job has. A stopped training is resumed."""

from __future__ import annotations

import torch

from pipeline import device
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection import train
from pipeline.training import parallel


def run(run: Run, variant: str, seed: int) -> None:
    """Train the seed here, or in one process per GPU. Raises InputError if one of those ends early."""
    if parallel.size() > 1:  # one of several processes; the one that started them holds the GPUs' slots
        train.train_seed(run, variant, seed)
        return
    devices = 1 if run.preset.device == "cpu" else torch.cuda.device_count()
    full_size = run.detection_variant(variant).imported or run.preset.detection.networks is None
    with device.slot(run, whole=full_size):
        if devices <= 1:
            train.train_seed(run, variant, seed)
        elif not parallel.launch(_command(run, variant, seed), devices):
            raise InputError(f"train_detection --variant {variant}: one of {devices} processes ended early; see above")


def _command(run: Run, variant: str, seed: int) -> list[str]:
    return ["pipeline", "train_detection", "--preset", run.preset_name, "--variant", variant, "--seed", str(seed)]
