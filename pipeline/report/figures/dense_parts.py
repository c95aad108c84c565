"""What the figures of dense variants share: which variants ran, their AP over seeds, and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.artifacts import InputError
from pipeline.params import Run
from pipeline.report.dense_metrics import DenseResults
from pipeline.report.dense_schema import Mixture, Mode
from pipeline.report.evidence import NotRunError
from pipeline.report.metrics import Statistic


def ran(dense: DenseResults, variants: Iterable[str]) -> list[str]:
    """Those of the variants that were run, in the order given."""
    return [name for name in variants if name in dense.variants and dense[name].ran and dense[name].seeds]


def first(dense: DenseResults, variants: Sequence[str]) -> str:
    """The first variant that was run. Raises NotRunError that names the one asked for first, and why it was not."""
    found = ran(dense, variants)
    if not found:
        wanted = variants[0]
        reason = dense[wanted].reason if wanted in dense.variants else None
        others = f", nor {' or '.join(variants[1:])}" if len(variants) > 1 else ""
        raise NotRunError(f"{wanted} was not run ({reason or 'no seeds'}){others}")
    return found[0]


def precision(dense: DenseResults, variant: str, mode: Mode) -> Statistic | None:
    """AP in percent over seeds; None where the variant was not tested so."""
    return dense.over_seeds(variant, lambda seed: seed.modes[mode].ap if mode in seed.modes else None)


def mixture(dense: DenseResults, variant: str) -> Mixture:
    """What the first seed's mixture does. Raises InputError where the metrics file lacks it."""
    found = dense[variant].seeds[0].mixture
    if found is None:
        raise InputError(
            f"{variant}.json: mixture: missing; run `python -m pipeline evaluate_dense` for {variant} again"
        )
    return found


def mixtures(run: Run, dense: DenseResults, task: str) -> list[str]:
    """The variants of a task that ran and have several components, in the order of params.yaml."""
    several = (
        name
        for name, variant in run.dense_variants.items()
        if variant.task == task and variant.mixture and variant.head.total_components > 1
    )
    return ran(dense, several)
