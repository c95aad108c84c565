"""Training on images: how many a second one core learns from, in each stage, with the networks of preset mini."""

from __future__ import annotations

import pytest
import torch
from repository import ROOT

from pipeline import config
from pipeline.tools import calibration

# Variants, and the fewest images per second of one core.
FEWEST = {"pixels_detector": 60.0, "semgcn_pixels_fixed": 60.0, "semgcn_pixels": 40.0}


@pytest.mark.benchmark
@pytest.mark.parametrize("name", FEWEST)
def test_images_per_second(name: str) -> None:
    run = config.load("mini", ROOT)
    torch.set_num_threads(1)
    seconds = min(calibration.measure(run, name, "cpu").seconds)  # CPU time: what else the machine does counts little
    rate = run.variant(name).optimizer.batch_size / seconds
    print(f"\n{name}: {rate:.0f} images per second of a core")
    assert rate >= FEWEST[name]
