"""Measure a trained dense variant on the validation pictures: a metrics file, what it found, and its speed."""

from __future__ import annotations

from typing import Any

from pipeline import artifacts
from pipeline.params import Run


def run(run: Run, variant: str) -> None:
    status = artifacts.read_json(run.layout.training_status(variant))
    settings = run.dense_variant(variant)
    metrics: dict[str, Any] = {"schema": 1, "kind": "dense", "variant": variant, "paper": settings.paper}
    metrics |= {"title": settings.title, "preset": run.preset_name, **status}
    metrics |= {"parameters": None, "data": None, "training": None, "truth": None, "seeds": []}
    with artifacts.atomic_folder(run.layout.dense_evaluation(variant)) as folder:
        if status["status"] == "run":
            from pipeline.stages import dense_evaluation  # takes seconds to import

            metrics |= dense_evaluation.measure_variant(run, variant, folder)
    artifacts.write_json(run.layout.metrics(variant), metrics)
