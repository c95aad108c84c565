"""Measure a trained detection variant on the validation pictures: a metrics file, what it found, and its speed."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.detection import evaluate


def run(run: Run, variant: str) -> None:
    with artifacts.atomic_folder(run.layout.detection_evaluation(variant)) as folder:
        measured = evaluate.measure_variant(run, variant, folder)
    metrics = {"schema": 1, "kind": "detection", "variant": variant, "preset": run.preset_name}
    artifacts.write_json(run.layout.metrics(variant), metrics | measured)
