"""Where each number comes from: a variant's settings, training, learning curves, files and MLflow runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from markupsafe import Markup

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report import histories, runs
from pipeline.report.evidence import Evidence
from pipeline.report.metrics import DetectionMetrics, Metrics
from pipeline.report.page import variants
from pipeline.report.page.web import charts

NO_SETTINGS = ("paper", "title", "core")  # what a variant is called, not how it is trained


@dataclass(frozen=True)
class Seed:
    """A training: its files as (words, address from the page), and its run in MLflow."""

    seed: int
    files: tuple[tuple[str, str], ...]
    mlflow_name: str
    mlflow_filter: str


@dataclass(frozen=True)
class Card:
    """All that the page says of one variant that was run."""

    name: str
    title: str
    paper: str
    trained: str
    settings: str  # as YAML
    metrics: tuple[str, str]  # words and address
    seeds: tuple[Seed, ...]
    curves: tuple[Markup, ...]
    no_curves: str  # why there are none


def cards(evidence: Evidence) -> list[Card]:
    """A card for every variant that was run, in the order of params.yaml."""
    return [_card(evidence.run, metrics) for metrics in evidence.variants if metrics.ran and metrics.file]


def left_out(evidence: Evidence) -> list[tuple[str, list[str]]]:
    """The variants that were not run, by the reason."""
    found: dict[str, list[str]] = {}
    for metrics in evidence.variants:
        if metrics.reason:
            found.setdefault(metrics.reason, []).append(metrics.variant)
    return list(found.items())


def _card(run: Run, metrics: Metrics | DetectionMetrics) -> Card:
    curves, reason = _curves(run, metrics)
    return Card(
        metrics.variant,
        metrics.title,
        metrics.paper,
        variants.training(metrics),
        _settings(run, metrics.variant),
        _file(run, run.layout.metrics(metrics.variant)),
        tuple(_seed(run, metrics, seed.seed) for seed in metrics.seeds),
        curves,
        reason,
    )


def _seed(run: Run, metrics: Metrics | DetectionMetrics, seed: int) -> Seed:
    name, layout = metrics.variant, run.layout
    files = (layout.history(name, seed), layout.environment(name, seed), layout.checkpoint(name, seed))
    tags = runs.place(run.preset_name, name, seed)
    return Seed(
        seed,
        tuple(_file(run, file) for file in files if file.exists()),
        runs.name(run.preset_name, name, seed),
        " and ".join(f"tags.{tag} = '{value}'" for tag, value in tags.items()),
    )


def _file(run: Run, path: Path) -> tuple[str, str]:
    """A file's path in the repository, and its address from the page."""
    shown = path.relative_to(run.root).as_posix()
    return shown, Path(os.path.relpath(path, run.layout.report_page.parent)).as_posix()


def _settings(run: Run, variant: str) -> str:
    """All settings with every default filled in, as they would stand in params.yaml."""
    settings = run.any_variant(variant).model_dump(mode="json", exclude=set(NO_SETTINGS), exclude_none=True)
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=60).strip()


# --- learning curves --------------------------------------------------------------------------------------------------


def _curves(run: Run, metrics: Metrics | DetectionMetrics) -> tuple[tuple[Markup, ...], str]:
    """The loss, and the error or AP, by epoch; or why there are no curves."""
    if not metrics.trained_here or metrics.training is None or metrics.seedless:
        return (), "Nothing was trained, so there is no learning curve."
    try:
        histories_of = [_history(run, metrics, seed.seed) for seed in metrics.seeds]
    except InputError as error:
        return (), f"No learning curve: {error}"
    tested = ("AP on validation images, %", "val_ap") if isinstance(metrics, DetectionMetrics) else None
    column = tested or ("P1 on test subjects, mm", "test_mpjpe")
    parts: tuple[tuple[str, Callable[[pd.DataFrame], pd.Series]], ...] = (
        ("Training loss", histories.loss_curve),
        (column[0], lambda frame: frame.dropna(subset=[column[1]]).set_index("epoch")[column[1]].sort_index()),
    )
    drawn = [(title, [read(frame) for frame in histories_of]) for title, read in parts]
    return tuple(charts.curve(title, by_seed) for title, by_seed in drawn if all(map(len, by_seed))), ""


def _history(run: Run, metrics: Metrics | DetectionMetrics, seed: int) -> pd.DataFrame:
    detection = isinstance(metrics, DetectionMetrics)
    remedy = f"run `python -m pipeline train_{run.layout.kind(metrics.variant)} --variant {metrics.variant}` again"
    columns = ("epoch", "loss", "val_ap" if detection else "test_mpjpe")
    return histories.read(run.layout.history(metrics.variant, seed), columns, remedy)
