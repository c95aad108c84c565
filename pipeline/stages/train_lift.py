"""Train one variant for every seed. What is done stays done: a stopped run goes on with its unfinished seed."""

from __future__ import annotations

import shutil

from pipeline import artifacts
from pipeline.params import Run
from pipeline.stages import status


def run(run: Run, variant: str) -> None:
    reason = status.why_not(run, variant)
    seeds = run.seeds_of(variant) if reason is None else ()
    working = run.layout.resume(variant)
    if seeds:
        from pipeline.stages import lift_training  # takes a second to import: not for a variant that is left out

        lift_training.train_seeds(run, variant, seeds, working)
    with artifacts.atomic_folder(run.layout.training(variant)) as folder:
        artifacts.write_json(folder / "status.json", status.record(reason))
        artifacts.write_json(folder / "variant.json", run.variant(variant).model_dump(mode="json"))
        for seed in seeds:
            shutil.copytree(working / f"seed_{seed}", folder / f"seed_{seed}")
    shutil.rmtree(working, ignore_errors=True)
