"""Measure a trained variant on the test subjects, once for every seed: one metrics file, one file of arrays to draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import artifacts
from pipeline.params import Run


def run(run: Run, variant: str) -> None:
    status = artifacts.read_json(run.layout.training_status(variant))
    settings = run.variant(variant)
    metrics: dict[str, Any] = {"schema": 1, "variant": variant, "paper": settings.paper, "title": settings.title}
    metrics |= {"preset": run.preset_name, **status, "parameters": None, "data": None, "training": None, "seeds": []}
    arrays: dict[str, np.ndarray] = {}
    if status["status"] == "run":
        from pipeline.stages import lift_evaluation  # takes a second to import: not for a variant that is left out

        measured, arrays = lift_evaluation.measure_variant(run, variant)
        metrics |= measured
    artifacts.write_arrays(run.layout.evaluation(variant), arrays)
    artifacts.write_json(run.layout.metrics(variant), metrics)
