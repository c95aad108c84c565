"""What a table's numbers come from, in a caption: preset, data, steps and date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.params import Run
from pipeline.report.metrics import Metrics

PAPERS_DATA = "human36m"


def text(run: Run, variants: Iterable[Metrics]) -> str:
    """Some sentences about the variants that ran; of several values of one thing, the smallest and the largest."""
    ran = [metrics for metrics in variants if metrics.ran]
    start = f"Preset `{run.preset_name}`: {run.preset.description}"
    if not ran:
        return f"{start}. Nothing of this was run."
    return ". ".join([f"{start}; {data(ran)}", training(ran), *_warning(ran)]) + "."


def data(ran: list[Metrics]) -> str:
    found = next(metrics.data for metrics in ran if metrics.data)
    rate = f" at {found.frames_per_second:g} frames a second" if found.frames_per_second else ""
    return f"{found.train_poses:,} training and {found.test_poses:,} test poses{rate}, ground-truth 2D"


def training(ran: list[Metrics]) -> str:
    date = _span([metrics.training.date for metrics in ran if metrics.training], "{}")
    trained = [metrics.training for metrics in ran if metrics.training and not metrics.closed_form]
    if not trained:
        return f"Fitted on {date}, without training"
    epochs = _span([record.epochs for record in trained], "{:g}")
    steps = _span([record.steps for record in trained], "{:,}")
    return f"Trained on {date} for {epochs} epochs, {steps} steps"


def _warning(ran: list[Metrics]) -> list[str]:
    """What a reader must not conclude from a run that is smaller than the papers'."""
    own_data = all(metrics.data.source == PAPERS_DATA for metrics in ran if metrics.data)
    budget = all(metrics.full_budget for metrics in ran if not metrics.closed_form)
    less = [*([] if own_data else ["not the papers' data"]), *([] if budget else ["fewer epochs than stated"])]
    if not less:
        return []
    return [f"{', '.join(less).capitalize()}: compare the order of the rows with the paper's, not their millimetres"]


def _span(values: list[Any], form: str) -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"
