"""Measure a trained dense variant on the validation pictures: a metrics file, what it found, and its speed."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.params import Run
from pipeline.stages import dense_evaluation


def run(run: Run, variant: str) -> None:
    with artifacts.atomic_folder(run.layout.dense_evaluation(variant)) as folder:
        measured = dense_evaluation.measure_variant(run, variant, folder)
    metrics = {"schema": 1, "kind": "dense", "variant": variant, "preset": run.preset_name}
    artifacts.write_json(run.layout.metrics(variant), metrics | measured)
