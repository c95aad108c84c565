"""Measure a trained detection variant on the validation images: a metrics file, what it found, and its speed."""

from __future__ import annotations

from pipeline import artifacts, device
from pipeline.config import Run
from pipeline.detection import evaluate


def run(run: Run, variant: str) -> None:
    # The whole GPU, because speed is measured.
    with device.slot(run, whole=True), artifacts.atomic_folder(run.layout.detection_evaluation(variant)) as folder:
        metrics = evaluate.measure_variant(run, variant, folder)
    artifacts.write_json(run.layout.metrics(variant), metrics.as_json())
