"""Whether a variant is run, and why not. Imports nothing heavy: a variant that is left out costs no time."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.params import Run


def why_not(run: Run, variant: str) -> str | None:
    """Why a variant is not run: the preset leaves it out, or its input or targets are not there; None if it runs."""
    settings = run.variant(variant)
    return run.why_not_run(variant) or why_no_input(run, settings.input) or why_no_targets(run, settings.targets)


def why_no_input(run: Run, source: str) -> str | None:
    """Why there are no poses of this source; None if there are."""
    if source == "ground_truth":
        return None
    return artifacts.read_json(run.layout.motion_status(source))["reason"]


def why_no_targets(run: Run, targets: str) -> str | None:
    """Why nobody can learn these targets; None if they are there."""
    return artifacts.read_json(run.layout.targets_status(targets))["reason"]


def why_not_dense(run: Run, variant: str) -> str | None:
    """Why a dense variant is not run: the preset leaves it out, or there are no pictures; None if it runs."""
    task = run.dense_variant(variant).task
    return run.why_not_run(variant) or artifacts.read_json(run.layout.images_status(task))["reason"]


def record(reason: str | None) -> dict[str, str | None]:
    return {"status": "run" if reason is None else "not run", "reason": reason}
