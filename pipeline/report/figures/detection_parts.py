"""What the figures of detection variants share: which variants ran, their AP over seeds, and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.detection_schema import Mixture, Mode
from pipeline.report.evidence import NotRunError
from pipeline.report.metrics import Statistic


def ran(detection: DetectionResults, variants: Iterable[str]) -> list[str]:
    """Those of the variants that were run, in the order given."""
    return [name for name in variants if name in detection.variants and detection[name].ran and detection[name].seeds]


def first(detection: DetectionResults, variants: Sequence[str]) -> str:
    """The first variant that was run. Raises NotRunError that names the one asked for first, and why it was not."""
    found = ran(detection, variants)
    if not found:
        wanted = variants[0]
        reason = detection[wanted].reason if wanted in detection.variants else None
        others = f", nor {' or '.join(variants[1:])}" if len(variants) > 1 else ""
        raise NotRunError(f"{wanted} was not run ({reason or 'no seeds'}){others}")
    return found[0]


def precision(detection: DetectionResults, variant: str, mode: Mode) -> Statistic | None:
    """AP in percent over seeds; None where the variant was not tested so."""
    return detection.over_seeds(variant, lambda seed: seed.modes[mode].ap if mode in seed.modes else None)


def mixture(detection: DetectionResults, variant: str) -> Mixture:
    """What the first seed's mixture does. Raises InputError where the metrics file lacks it."""
    found = detection[variant].seeds[0].mixture
    if found is None:
        raise InputError(
            f"{variant}.json: mixture: missing; run `python -m pipeline evaluate_detection` for {variant} again"
        )
    return found


def mixtures(run: Run, detection: DetectionResults, task: str) -> list[str]:
    """The variants of a task that ran and have several components, in the order of params.yaml."""
    several = (
        name
        for name, variant in run.detection_variants.items()
        if variant.task == task and variant.mixture and variant.head.total_components > 1
    )
    return ran(detection, several)
