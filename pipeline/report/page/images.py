"""The images that detection networks are trained and tested on, and the detection variants, for a preset's page."""

from __future__ import annotations

from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.layout import Task
from pipeline.report import render
from pipeline.report.metrics import DetectionMetrics, DetectionResults

TASKS: dict[Task, str] = {"pose": "people and their keypoints", "boxes": "objects and their boxes"}
COUNTS = {"images": "images", "objects": "objects", "with_keypoints": "with keypoints"}


def section(run: Run) -> str:
    """Where the images of both tasks come from, and how many each split has."""
    found = {task: _summary(run, task) for task in TASKS}
    words = [f"{TASKS[task]}: {about if isinstance(about, str) else _source(about)}" for task, about in found.items()]
    body = [
        [task, split, *(f"{counts[name]:,}" if name in counts else render.NONE for name in COUNTS)]
        for task, about in found.items()
        if not isinstance(about, str)
        for split, counts in about["splits"].items()
    ]
    grid = render.markdown_table(["", "", *COUNTS.values()], body, text_columns=2) if body else ""
    return f"{render.bullets(f'{line[0].upper()}{line[1:]}' for line in words)}\n\n{grid}".strip()


def _summary(run: Run, task: Task) -> dict[str, Any] | str:
    """The summary that prepare_images wrote for a task, or why the task has no images."""
    tasks = {run.detection_variant(name).task for name in run.detection_variants if not run.why_left_out(name)}
    reason = run.why_no_images() or (None if task in tasks else f"preset {run.preset_name} trains nothing on them")
    path = run.layout.images_summary(task)
    if not (reason or path.exists()):
        reason = "prepare_images was not run"
    if reason:
        return f"no images in this run: {reason}."
    summary = artifacts.read_json(path)
    if not isinstance(summary, dict) or not {"source", "description", "splits"} <= summary.keys():
        raise InputError(
            f"{path}: expected source, description and splits; run `python -m pipeline prepare_images` again"
        )
    return summary


def _source(summary: dict[str, Any]) -> str:
    return f"{summary['description'].rstrip('.')} (source `{summary['source']}`)."


def variants(results: DetectionResults) -> str:
    """Every detection variant, linked to its metrics file, and how it was trained."""
    body = [[_linked(metrics), metrics.title, _images(metrics), _how(metrics)] for metrics in results.variants.values()]
    return render.markdown_table(["variant", "", "tested on", "training"], body, text_columns=4)


def _linked(metrics: DetectionMetrics) -> str:
    return render.linked(metrics.variant, f"metrics/{metrics.variant}", metrics.ran)


def _images(metrics: DetectionMetrics) -> str:
    data = metrics.data
    return render.NONE if data is None else f"{data.val_images:,} images, {data.input_size} px ({data.task})"


def _how(metrics: DetectionMetrics) -> str:
    training, seeds = metrics.training, len(metrics.seeds)
    if not metrics.ran:
        return f"not run: {metrics.reason}"
    if training is None:
        return "imported: its authors' weights, evaluated here"
    return render.trained(training.date, seeds, training.epochs, training.steps)
