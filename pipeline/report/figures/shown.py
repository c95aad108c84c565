"""What figures read: which variants were run, and the arrays that stages keep for figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.detection.results import Mixture, Mode
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.metrics import DetectionMetrics, DetectionResults, Metrics, Statistic

Arrays = dict[str, NDArray]


def ran(evidence: Evidence, variants: Iterable[str]) -> list[str]:
    """Those of the variants, lifting or detection, that were run; in the order given."""
    return [name for name in variants if (found := _metrics(evidence, name)) and found.ran and found.seeds]


def require(evidence: Evidence, *variants: str) -> None:
    """Raise NotRunError unless every variant was run."""
    for variant in variants:
        if not ran(evidence, [variant]):
            raise NotRunError(f"{variant} was not run")


def first(evidence: Evidence, variants: Sequence[str]) -> str:
    """The first variant that was run. Raises NotRunError with all names and the reason for the first."""
    found = ran(evidence, variants)
    if not found:
        wanted = _metrics(evidence, variants[0])
        others = f", nor {' or '.join(variants[1:])}" if len(variants) > 1 else ""
        raise NotRunError(f"{variants[0]} was not run ({(wanted and wanted.reason) or 'no seeds'}){others}")
    return found[0]


def _metrics(evidence: Evidence, variant: str) -> Metrics | DetectionMetrics | None:
    return evidence.results.variants.get(variant) or evidence.detection.variants.get(variant)


def precision(detection: DetectionResults, variant: str, mode: Mode) -> Statistic | None:
    """AP in percent over seeds; None if the variant was not tested in this mode."""
    return detection.over_seeds(variant, lambda seed: seed.modes[mode].ap if mode in seed.modes else None)


def mixture(detection: DetectionResults, variant: str) -> Mixture:
    """The mixture of the first seed. Raises InputError if the metrics file lacks it."""
    found = detection[variant].seeds[0].mixture
    if found is None:
        raise InputError(
            f"{variant}.json: mixture: missing; run `python -m pipeline evaluate_detection` for {variant} again"
        )
    return found


def arrays(path: Path, names: Iterable[str], remedy: str) -> Arrays:
    """The arrays of a file, which has at least these names. Raises InputError naming file, array and remedy."""
    found = artifacts.read_arrays(path)
    for name in names:
        if name not in found:
            raise InputError(f"{path}: {name}: missing; run {remedy} again")
    return found
