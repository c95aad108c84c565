"""Train one seed of one variant on images. A stopped training is resumed."""

from __future__ import annotations

from pipeline import device
from pipeline.config import Run
from pipeline.pixels import train


def run(run: Run, variant: str, seed: int) -> None:
    with device.slot(run):
        train.train_seed(run, variant, seed)
