"""List the code that trains dense variants, with its digests."""

from __future__ import annotations

from pipeline.params import Run
from pipeline.stages import code_listing


def run(run: Run) -> None:
    code_listing.write(run, "train_dense")
