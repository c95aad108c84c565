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
            training(metrics),
        ]
        for metrics, data in variants
    ]
    return render.markdown_table(["variant", "", heading, "training"], body, text_columns=4)


def _images(metrics: DetectionMetrics) -> str:
    data = metrics.data
    return render.NONE if data is None else f"{data.val_images:,} images, {data.input_size} px ({data.task})"


def training(metrics: Metrics | DetectionMetrics) -> str:
    """How a variant was trained, in a line; or why it was not."""
    record = metrics.training
    if not metrics.ran:
        return f"not run: {metrics.reason}"
    if record is None or (isinstance(metrics, Metrics) and metrics.imported):
        return "imported: its authors' weights, evaluated here"
    if isinstance(metrics, Metrics) and metrics.closed_form:
        return f"fitted on {record.date}, without training"
    seeds = len(metrics.seeds)
    return (
        f"trained on {record.date}: {seeds} seed{'s' if seeds > 1 else ''}, {record.epochs:g} epochs, "
        f"{record.steps:,} steps"
    )
