"""Train one dense variant for every seed. What is done stays done: a stopped run goes on with its unfinished seed."""

from __future__ import annotations

from pipeline.params import Run
from pipeline.stages import status, trainings


def run(run: Run, variant: str) -> None:
    reason = status.why_not_dense(run, variant)
    with trainings.gathered(run, variant, reason) as seeds:
        if seeds:
            from pipeline.stages import dense_training  # takes seconds to import: not for a variant that is left out

            dense_training.train_seeds(run, variant, seeds, run.layout.resume(variant))
