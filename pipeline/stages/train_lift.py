"""Train one seed of one variant. A stopped run goes on where it was."""

from __future__ import annotations

from pipeline.params import Run
from pipeline.stages import lift_training, trainings


def run(run: Run, variant: str, seed: int) -> None:
    lift_training.train_seed(run, variant, seed, run.layout.resume(variant))
    trainings.hand_over(run, variant, seed)
