"""What the preset's trainings took and, if `python -m pipeline cost` was run, what it expected of those to be done."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report.evidence import Evidence
from pipeline.report.page.web import facts

HOUR, GIGABYTE = 3600, 1e9


class Expected(BaseModel):
    """One paper's trainings that were not done when their cost was measured."""

    paper: str
    trainings: int
    hours: tuple[float, float, float]  # by the fastest, the median and the slowest step that was timed
    longest: float  # hours of one training
    memory: int  # bytes of the largest
    disk: int  # bytes of all checkpoints


class Estimate(BaseModel):
    """The file that `python -m pipeline cost` writes, as far as the page shows it."""

    date: str
    device: str
    papers: list[Expected]


def section(evidence: Evidence, titles: dict[str, str]) -> dict[str, Any]:
    """What the page's template needs; `titles` are the papers'. Raises InputError for a damaged estimate."""
    estimate = read(evidence.run)
    return {
        "command": f"python -m pipeline cost --preset {evidence.run.preset_name}",
        "took": [[titles.get(paper, paper), *row] for paper, row in _took(evidence).items()],
        "estimate": estimate,
        "left": [_row(titles.get(one.paper, one.paper), one) for one in estimate.papers] if estimate else [],
    }


def read(run: Run) -> Estimate | None:
    """The estimate beside the preset's data, if there is one. It is no input in the plan: it changes no result."""
    path = run.layout.cost
    remedy = f"run `python -m pipeline cost --preset {run.preset_name}` again"
    return artifacts.read_model(path, Estimate, remedy) if path.exists() else None


def _took(evidence: Evidence) -> dict[str, list[str]]:
    """Of each paper: the trainings that were done, their hours, and the hours of the longest."""
    hours = defaultdict[str, list[float]](list)
    for metrics in evidence.variants:
        for seed in metrics.seeds:
            record = facts.record(evidence.run.layout.environment(metrics.variant, seed.seed))
            if record is not None:
                hours[metrics.paper].append(float(record["seconds"]) / HOUR)
    return {paper: [str(len(some)), f"{sum(some):.2f}", f"{max(some):.2f}"] for paper, some in hours.items()}


def _row(title: str, one: Expected) -> list[str]:
    least, middle, most = one.hours
    size = f"{one.memory / GIGABYTE:.2f}", f"{one.disk / GIGABYTE:.2f}"
    return [title, str(one.trainings), f"{middle:,.1f} ({least:,.1f} to {most:,.1f})", f"{one.longest:,.1f}", *size]
