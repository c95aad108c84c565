"""Train one seed of one detection variant. A stopped run goes on where it was."""

from __future__ import annotations

from pipeline.config import Run
from pipeline.detection import train
from pipeline.stages import trainings


def run(run: Run, variant: str, seed: int) -> None:
    train.train_seed(run, variant, seed, run.layout.resume(variant))
    trainings.hand_over(run, variant, seed)
