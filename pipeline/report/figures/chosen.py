"""The figures of a preset's report: those of all papers, or those of the study that the preset is."""

from __future__ import annotations

from pipeline.config import Run, modules
from pipeline.report.figures import Drawing
from pipeline.report.figures.overview import OVERVIEWS


def overviews(run: Run) -> tuple[Drawing, ...]:
    """The figures of all papers' networks at a glance, which a study does not have."""
    return () if run.preset.study else OVERVIEWS


def by_key(run: Run) -> dict[str, tuple[Drawing, ...]]:
    """The others, by the key of their paper or study."""
    return {key: modules.load(choice) for key, choice in modules.figures(run.preset.study).items()}


def every(run: Run) -> tuple[Drawing, ...]:
    return (*overviews(run), *(drawing for drawings in by_key(run).values() for drawing in drawings))
