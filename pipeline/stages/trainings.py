"""How finished seeds become a training's output folder, whichever task they are of."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from pipeline import artifacts
from pipeline.params import Run
from pipeline.stages import status


@contextlib.contextmanager
def gathered(run: Run, variant: str, reason: str | None) -> Iterator[tuple[int, ...]]:
    """Give the seeds to train (none where there is a reason not to); then gather them from the working folder."""
    seeds = run.seeds_of(variant) if reason is None else ()
    working = run.layout.resume(variant)
    yield seeds
    with artifacts.atomic_folder(run.layout.training(variant)) as folder:
        artifacts.write_json(folder / "status.json", status.record(reason))
        artifacts.write_json(folder / "variant.json", run.any_variant(variant).model_dump(mode="json"))
        for seed in seeds:
            shutil.copytree(working / f"seed_{seed}", folder / f"seed_{seed}")
    shutil.rmtree(working, ignore_errors=True)
