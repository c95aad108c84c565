"""What a table's numbers come from, in a caption: preset, data, the 2D input, steps and date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.config import Run
from pipeline.report import inputs
from pipeline.report.schema import Data, Metrics

PAPERS_DATA = "human36m"


def text(run: Run, variants: Iterable[Metrics]) -> str:
    """Some sentences about the variants that ran; of several values of one thing, the smallest and the largest."""
    ran = [metrics for metrics in variants if metrics.ran]
    start = f"Preset `{run.preset_name}`: {run.preset.description}"
    if not ran:
        return f"{start}. Nothing of this was run."
    found = [metrics.data for metrics in ran if metrics.data]
    detections = inputs.origins(one.input for one in found)
    return ". ".join([f"{start}; {data(found)}", *detections, training(ran), *_warning(ran)]) + "."


def data(found: list[Data]) -> str:
    rates = [one.frames_per_second for one in found if one.frames_per_second]
    rate = f" at {span(rates, '{:g}')} frames a second" if rates else ""
    train = span([one.train_poses for one in found], "{:,}")
    test = span([one.test_poses for one in found], "{:,}")
    return f"{train} training and {test} test poses{rate}, {inputs.named(one.input.name for one in found)}"


def training(ran: list[Metrics]) -> str:
    trained = [metrics.training for metrics in ran if metrics.training and metrics.trained_here]
    if trained:
        date = span([record.date for record in trained], "{}")
        epochs = span([record.epochs for record in trained], "{:g}")
        steps = span([record.steps for record in trained], "{:,}")
        return f"Trained on {date} for {epochs} epochs, {steps} steps"
    fitted = [metrics.training for metrics in ran if metrics.training and metrics.closed_form]
    if fitted:
        return f"Fitted on {span([record.date for record in fitted], '{}')}, without training"
    return "Weights of the papers' authors, not trained here"


def _warning(ran: list[Metrics]) -> list[str]:
    """What a reader must not conclude from a run that is smaller than the papers'."""
    own_data = all(metrics.data.source == PAPERS_DATA for metrics in ran if metrics.data)
    detected = all(metrics.data.input.source != inputs.NOISE for metrics in ran if metrics.data)
    budget = all(metrics.full_budget for metrics in ran if metrics.trained_here)
    less = [
        *([] if own_data else ["not the papers' data"]),
        *([] if detected else ["noise in place of a detector"]),
        *([] if budget else ["fewer epochs than stated"]),
    ]
    if not less:
        return []
    return [f"{', '.join(less).capitalize()}: compare the order of the rows with the paper's, not their millimetres"]


def span(values: list[Any], form: str) -> str:
    """`2 to 30`, or the one value there is; nothing of nothing. Dates as text have the order of dates."""
    if not values:
        return ""
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"
