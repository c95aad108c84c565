"""Train one seed of one dense variant. A stopped run goes on where it was."""

from __future__ import annotations

from pipeline.params import Run
from pipeline.stages import dense_training, trainings


def run(run: Run, variant: str, seed: int) -> None:
    dense_training.train_seed(run, variant, seed, run.layout.resume(variant))
    trainings.hand_over(run, variant, seed)
