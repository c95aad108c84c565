"""The images that networks are trained and tested on, for a preset's page."""

from __future__ import annotations

from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.layout import Task
from pipeline.report import render

TASKS: dict[Task, str] = {"pose": "people and their keypoints", "boxes": "objects and their boxes"}
COUNTS = {"images": "images", "objects": "objects", "with_keypoints": "with keypoints"}


def section(run: Run) -> str:
    """Where the images of both tasks come from, and how many each split has; then the crops, if the preset has them."""
    found = {task: _summary(run, task) for task in TASKS}
    words = [f"{TASKS[task]}: {about if isinstance(about, str) else _source(about)}" for task, about in found.items()]
    words += _crops(run)
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


def _crops(run: Run) -> list[str]:
    """How many poses were drawn as crops of one person, as prepare_crops counted them."""
    if not run.preset.crops:
        return []
    path = run.layout.crops / "summary.json"
    if not path.exists():
        return ["crops of one person: prepare_crops was not run."]
    summary = artifacts.read_json(path)
    splits = [
        f"{split} {counts['images']:,} of {counts['poses']:,} poses, {_without(counts)}"
        for split, counts in summary["splits"].items()
    ]
    return [f"crops of one person, {summary['size']} px: {'; '.join(splits)}."]


def _without(counts: dict[str, Any]) -> str:
    """Why poses have no crop."""
    if "poses_without_a_body" in counts:
        return f"{counts['poses_without_a_body']:,} have no body"
    return (
        f"{counts['without_a_frame']:,} are in no video ({len(counts['videos_missing'])} are missing, "
        f"{len(counts['videos_that_end_early'])} end early), {counts['outside_the_picture']:,} outside the picture"
    )


def _source(summary: dict[str, Any]) -> str:
    return f"{summary['description'].rstrip('.')} (source `{summary['source']}`)."
