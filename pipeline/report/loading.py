"""Read a preset's metrics files and speeds, and join them with what params.yaml says of each variant."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection.results import DetectionResults as DetectionFile
from pipeline.lifting.results import LiftingResults as LiftingFile
from pipeline.report import finite
from pipeline.report.evidence import Evidence
from pipeline.report.metrics import DetectionMetrics, DetectionResults, Metrics, Results

GRAPH_NETWORKS = ("graph_network", "graph_stacked_hourglass", "hierarchical_graph_network")
File = TypeVar("File", LiftingFile, DetectionFile)


def evidence(run: Run) -> Evidence:
    """All variants of params.yaml. Raises InputError naming file and field."""
    return Evidence(run, lifting(run), detection(run))


def evidence_so_far(run: Run) -> Evidence:
    """The variants that were measured already, of those that the preset runs; without speeds."""
    names = [*run.lifting_variants, *run.detection_variants]
    measured = {name for name in names if not run.why_left_out(name) and run.layout.metrics(name).exists()}
    lifted = {name: _read_lifting(run, name) for name in run.lifting_variants if name in measured}
    detected = {name: _read_detection(run, name, {}) for name in run.detection_variants if name in measured}
    return Evidence(run, Results(run.preset_name, lifted), DetectionResults(run.preset_name, detected))


def lifting(run: Run) -> Results:
    """Every lifting variant, with its metrics file if it was run."""
    return Results(run.preset_name, {name: _read_lifting(run, name) for name in run.lifting_variants})


def detection(run: Run) -> DetectionResults:
    """Every detection variant, likewise, and its speeds."""
    return DetectionResults(
        run.preset_name, {name: _read_detection(run, name, _speeds(run, name)) for name in run.detection_variants}
    )


def _read_lifting(run: Run, variant: str) -> Metrics:
    settings = run.variant(variant)
    weighed = settings.targets == "meshes" and settings.loss != "joints_and_meshes_authors"
    file = _read(run, variant, LiftingFile)
    if file and file.data.input.name != settings.input:
        problem = f"data.input: is {file.data.input.name}, params.yaml says {settings.input}"
        raise InputError(f"{run.layout.metrics(variant)}: {problem}; {_remedy(run, variant)}")
    return Metrics(
        variant,
        run.preset_name,
        settings.paper,
        settings.title,
        run.why_left_out(variant),
        file,
        settings.closed_form,
        settings.imported,
        settings.input,
        settings.mesh_weight if weighed else None,
        settings.model.channels if settings.model.name in GRAPH_NETWORKS else None,
    )


def _read_detection(run: Run, variant: str, speeds: dict[str, float]) -> DetectionMetrics:
    settings = run.detection_variant(variant)
    file, reason = _read(run, variant, DetectionFile), run.why_left_out(variant)
    head = (variant, run.preset_name, settings.paper, settings.title)
    return DetectionMetrics(*head, reason, file, speeds, settings.imported)


def _read(run: Run, variant: str, kind: type[File]) -> File | None:
    """A variant's own metrics file; None if the variant was not run."""
    if run.why_left_out(variant):
        return None
    path, remedy = run.layout.metrics(variant), _remedy(run, variant)
    found = artifacts.read_model(path, kind, remedy)
    finite.require(path, found, remedy)
    if (found.variant, found.preset) != (variant, run.preset_name):
        raise InputError(f"{path}: is of variant {found.variant}, preset {found.preset}; {remedy}")
    if found.training is None and not run.any_variant(variant).imported:
        raise InputError(f"{path}: training: is missing though the variant was run; {remedy}")
    return found


def _remedy(run: Run, variant: str) -> str:
    return f"run `python -m pipeline evaluate_{run.layout.kind(variant)} --variant {variant}` again"


def _speeds(run: Run, variant: str) -> dict[str, float]:
    """Images per second by mode. Speed is measured beside the metrics, and may not have been."""
    path, remedy = run.layout.detection_speed(variant), _remedy(run, variant)
    content: Any = artifacts.read_json(path) if path.exists() and not run.why_left_out(variant) else {}
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected speeds by mode; {remedy}")
    for mode, speed in content.items():
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 < speed < math.inf:
            raise InputError(f"{path}: {mode}: expected images per second, found {speed!r}; {remedy}")
    return content
