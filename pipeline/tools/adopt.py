"""`python -m pipeline adopt`: takes over the finished variants of a committed run, to train only the others."""

from __future__ import annotations

import argparse
from collections import Counter
from functools import partial
from pathlib import Path

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.tools import kept, options, plan

DESCRIPTION = """\
Take over the variants that results/reference/<preset> has measured: their metrics, learning curves and example poses
are copied to where their jobs would have written them, and `snakemake` or `dvc repro` then trains only the others. A
variant is taken over if its jobs would use the same settings, the same code and the same data, as the records of the
committed run say. Data counts as the same if it was made with the same settings and code from the same data: another
processor rounds otherwise. Nothing that is there already is overwritten.

  snakemake --config preset=mini --until fit_body prepare_keypoints prepare_generalization prepare_images
  snakemake --config preset=mini --until prepare_crops
  python -m pipeline adopt --preset mini
  snakemake --config preset=mini

Weights are not committed. To train a variant that was taken over, delete its metrics and its folder in
data/<preset>/train_lifting (or train_pixels, train_detection), and run `snakemake` again."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    options.describe(command, DESCRIPTION)
    options.preset(command)


def run(root: Path, preset: str | None = None) -> int:
    """Take over what is the same, and say for the rest why not. Raises InputError if no run is committed."""
    settings = config.load(preset, root)
    reference = settings.reference
    if not (reference / kept.FOLDER).is_dir():
        raise InputError(
            f"{reference / kept.FOLDER}: missing, so there is nothing to take over; "
            f"train with `snakemake --config preset={settings.preset_name}`"
        )
    jobs, _ = plan.write(settings)
    place = partial(kept.in_reference, settings, reference=reference)
    origins = kept.Origins(root, place, kept.makers(jobs))
    refused: Counter[str] = Counter()
    adopted, there = [], []
    for variant in kept.variants(jobs):
        if variant.begun(root):
            there.append(variant.name)
            continue
        reason = variant.difference(root, place, origins)
        if reason:
            refused[reason] += 1
        else:
            kept.adopt(settings, variant, reference)
            adopted.append(variant.name)
    print(f"{len(adopted)} variants taken over from {reference}" + (f": {', '.join(adopted)}" if adopted else ""))
    if there:
        print(f"{len(there)} variants left as they are, because they are here already")
    for reason, count in refused.most_common():
        print(f"{count} {'variant' if count == 1 else 'variants'} to be trained: {reason}")
    return 0
