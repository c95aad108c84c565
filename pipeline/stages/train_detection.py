"""Train one seed of one detection variant. A stopped training is resumed."""

from __future__ import annotations

from pipeline import device
from pipeline.config import Run
from pipeline.detection import train


def run(run: Run, variant: str, seed: int) -> None:
    full_size = run.detection_variant(variant).imported or run.preset.detection.networks is None
    with device.slot(run, whole=full_size):
        train.train_seed(run, variant, seed)
