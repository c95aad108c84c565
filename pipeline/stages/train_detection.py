"""Train one seed of one detection variant. A stopped training is resumed."""

from __future__ import annotations

from pipeline.config import Run
from pipeline.detection import train


def run(run: Run, variant: str, seed: int) -> None:
    train.train_seed(run, variant, seed)
