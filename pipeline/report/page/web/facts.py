"""What was run, when and where, as the top of the page says it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report import provenance
from pipeline.report.evidence import Evidence
from pipeline.report.page.web.committed import Committed
from pipeline.report.provenance import NEEDED, Record

SHORT = 7  # digits of a commit


def records(evidence: Evidence) -> tuple[list[Record], list[str]]:
    """The records of all trainings that were measured, and a sentence on those without a usable one."""
    found: list[Record] = []
    without: list[str] = []
    for metrics in evidence.variants:
        for seed in metrics.seeds:
            one = record(evidence.run.layout.environment(metrics.variant, seed.seed))
            if one is None:
                without.append(metrics.variant)
            else:
                found.append(one)
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(without))
    line = f"when and where {names} were trained (environment.json is missing, or lacks one of {', '.join(NEEDED)})"
    return found, [line] if without else []


def record(path: Path) -> Record | None:
    """A training's environment.json; None if it is missing, damaged or of an older layout."""
    try:
        content = artifacts.read_json(path)
    except InputError:
        return None
    return content if isinstance(content, dict) and set(NEEDED) <= content.keys() else None


def of(evidence: Evidence, found: Sequence[Record]) -> list[tuple[str, str]]:
    """(name, value) of each fact; without a training only the preset and the number of variants are known."""
    every = evidence.variants
    ran = sum(metrics.ran for metrics in every)
    seeds = sum(len(metrics.seeds) for metrics in every if metrics.ran)
    preset = [("Preset", evidence.run.preset_name), ("Data", _data(evidence))]
    count = [("Variants", f"{ran} run with {seeds} trainings, {len(every) - ran} left out")]
    if not found:
        return preset + count
    about = provenance.of(found)
    changed = " with uncommitted changes" if about["uncommitted_changes"] else ""
    commits = ", ".join(commit[:SHORT] for commit in about["commits"]) or "not known"
    return [
        *preset,
        ("Commit", f"{commits}{changed}"),
        ("Trained on", about["date"]),
        ("Hours, first training to last", f"{about['hours']:g}"),
        ("Hours, sum over trainings", f"{about['training_hours']:g}"),
        ("Machine", ", ".join([*(provenance.gpus(found) or ["CPU"]), *provenance.systems(found)])),
        ("Software", f"torch {about['torch']}, Python {about['python']}"),
        *count,
    ]


def _data(evidence: Evidence) -> str:
    """The sources of motion and of images, as the presets name them."""
    preset = evidence.run.preset
    images = f", images: {preset.images.source}" if preset.images else ""
    return f"motion: {preset.motion.source}{images}"


def reference(committed: Committed) -> str:
    """Which run the tables call the reference."""
    about: dict[str, Any] = committed.about
    if not committed.tables:
        return "This preset has no committed reference run to compare with."
    commits = ", ".join(str(commit)[:SHORT] for commit in about.get("commits") or ())
    where = about.get("machine") or {}
    machine = where.get("gpu") or where.get("processor") or "an unknown machine"
    return (
        f"The reference run is committed in results/reference: {about.get('date', 'of an unknown date')}, commit "
        f"{commits or 'unknown'}, on {machine}. A cell shows its number (ref.) where the two are not equal."
    )
