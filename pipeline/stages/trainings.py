"""How a finished seed becomes a training's output folder, whichever task it is of."""

from __future__ import annotations

import shutil

from pipeline import artifacts
from pipeline.config import Run


def hand_over(run: Run, variant: str, seed: int) -> None:
    """Copy a finished seed from the working folder to its place, whole, then tidy up what is this seed's own.

    The working folder stays, even if it is empty: another seed may just be about to write there.
    """
    working = run.layout.resume(variant)
    with artifacts.atomic_folder(run.layout.seed(variant, seed)) as folder:
        shutil.copytree(working / f"seed_{seed}", folder, dirs_exist_ok=True)
    shutil.rmtree(working / f"seed_{seed}")
    for left in (*working.glob(f"seed_{seed}.*"), *working.glob(f".seed_{seed}.*")):  # a kill leaves half a file
        left.unlink()
