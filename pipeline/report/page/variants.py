"""What was run: every variant, linked to its metrics file, and how it was trained."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.report import inputs, render
from pipeline.report.metrics import DetectionMetrics, Metrics


def lifting(variants: Iterable[Metrics]) -> str:
    return _table("2D input", [(metrics, inputs.of(metrics)) for metrics in variants])


def detection(variants: Iterable[DetectionMetrics]) -> str:
    return _table("tested on", [(metrics, _images(metrics)) for metrics in variants])


def _table(heading: str, variants: list[tuple[Metrics, str]] | list[tuple[DetectionMetrics, str]]) -> str:
    body = [
        [
            render.linked(metrics.variant, f"metrics/{metrics.variant}", metrics.ran),
            metrics.title,
            data,
            _training(metrics),
        ]
        for metrics, data in variants
    ]
    return render.markdown_table(["variant", "", heading, "training"], body, text_columns=4)


def _images(metrics: DetectionMetrics) -> str:
    data = metrics.data
    return render.NONE if data is None else f"{data.val_images:,} images, {data.input_size} px ({data.task})"


def _training(metrics: Metrics | DetectionMetrics) -> str:
    training = metrics.training
    if not metrics.ran:
        return f"not run: {metrics.reason}"
    if training is None or (isinstance(metrics, Metrics) and metrics.imported):
        return "imported: its authors' weights, evaluated here"
    if isinstance(metrics, Metrics) and metrics.closed_form:
        return f"fitted on {training.date}, without training"
    seeds = len(metrics.seeds)
    return (
        f"trained on {training.date}: {seeds} seed{'s' if seeds > 1 else ''}, {training.epochs:g} epochs, "
        f"{training.steps:,} steps"
    )
