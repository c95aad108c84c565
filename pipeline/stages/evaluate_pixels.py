"""Measure a variant on images of the test subjects, every seed: one metrics file, one file of arrays to draw."""

from __future__ import annotations

from pipeline import artifacts, device
from pipeline.config import Run
from pipeline.pixels import evaluate


def run(run: Run, variant: str) -> None:
    with device.slot(run):
        metrics, arrays = evaluate.measure_variant(run, variant)
    artifacts.write_arrays(run.layout.evaluation(variant), arrays)
    artifacts.write_json(run.layout.metrics(variant), metrics.as_json())
