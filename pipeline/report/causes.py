"""What sets the rows behind a number apart from the paper's, as phrases that say how much, from the rows' metrics."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from pipeline.report import caption, inputs
from pipeline.report.evidence import Evidence, Expression
from pipeline.report.metrics import DetectionMetrics, Metrics

MOTION = {"cmu": "CMU", "synthetic": "motion made in code"}
NAMED = 3  # more variants than these are counted
# That a mixture uses few components is what these say, and not why.
OF_COMPONENTS = ("used", "views", "contributing", "drop", "share", "share_strict", "largest_weight")
ALL_CAN_COUNT = 20  # of more kernels than 1 / 0.05 not all can have more than 5 % of the weight

Rows = Sequence[Metrics | DetectionMetrics]


def of(evidence: Evidence, values: Iterable[Expression]) -> list[str]:
    """Causes that may have changed these values, each once."""
    by_kind: dict[str, dict[str, Metrics | DetectionMetrics]] = {}
    values = list(values)
    described = {value.variant for value in values if value.quantity.name in OF_COMPONENTS}
    for value in values:
        by_kind.setdefault(value.quantity.rests_on, {})[value.variant] = evidence.require(value)
    trained = list(by_kind.get("training", {}).values())
    shown = list((by_kind.get("training", {}) | by_kind.get("data", {})).values())
    mixed = [row for name, row in by_kind.get("training", {}).items() if name not in described]
    found = [_budget(trained), _recipe(trained), *_data(shown), _small(trained)]
    found += [_few_kernels(mixed), _one_component(mixed), _dead(trained)]
    if "machine" in by_kind:
        found.append("a machine that is not the paper's")
    return [phrase for phrase in found if phrase]


# --- training ---------------------------------------------------------------------------------------------------------


def _budget(rows: Rows) -> str:
    short: dict[str, list[str]] = {}
    for row in rows:
        training = row.training if row.trained_here else None
        if training and training.epochs < training.epochs_stated:
            short.setdefault(f"{training.epochs:g} of {training.epochs_stated:g} epochs", []).append(row.variant)
    return _phrase("a budget of", [f"{epochs} ({_named(names)})" for epochs, names in short.items()], brackets=False)


def _recipe(rows: Rows) -> str:
    own = [
        row.variant for row in rows if isinstance(row, DetectionMetrics) and row.training and row.training.own_recipe
    ]
    return f"a recipe that is the preset's ({_named(own)})" if own else ""


def _small(rows: Rows) -> str:
    small = [row for row in rows if isinstance(row, DetectionMetrics) and row.data and row.data.small_networks]
    return "networks smaller than the paper's" if small else ""


# --- data -------------------------------------------------------------------------------------------------------------


def _data(rows: Rows) -> list[str]:
    return [*_poses([row for row in rows if isinstance(row, Metrics)]), *_images(rows)]


def _poses(rows: list[Metrics]) -> list[str]:
    other = [row.data for row in rows if row.data and row.data.source != caption.PAPERS_POSES]
    noisy = sorted({inputs.short(row.input) for row in rows if inputs.is_noise(row)})
    found = []
    if other:
        sources = inputs.listed(sorted({MOTION.get(data.source, data.source) for data in other}))
        count = caption.span([data.train_poses for data in other], "{:,}")
        found.append(f"other data ({count} poses of {sources} in place of Human3.6M)")
    return [*found, f"noise in place of a detector ({inputs.listed(noisy)})"] if noisy else found


def _images(rows: Rows) -> list[str]:
    data = [row.data for row in rows if isinstance(row, DetectionMetrics) and row.data]
    other = [one for one in data if one.source != caption.PAPERS_IMAGES]
    part = [one for one in data if one not in other and one.train_images < caption.FULL_TRAINING[one.task]]
    found = []
    if other:
        count = caption.span([one.train_images for one in other], "{:,}")
        size = caption.span([one.input_size for one in other], "{}")
        found.append(f"other data ({count} images made in code, {size} px, in place of COCO)")
    if part:
        found.append(f"a part of COCO ({caption.span([one.train_images for one in part], '{:,}')} training images)")
    return found


# --- mixtures and layers ----------------------------------------------------------------------------------------------


def _few_kernels(rows: Rows) -> str:
    """Mixtures of which less than half of the kernels have more than 5 % of the weight, or one nearly all of it."""
    found = []
    for row in (row for row in rows if isinstance(row, Metrics)):
        mixtures = [seed.mixture for seed in row.seeds if seed.mixture and seed.mixture.kernels > 1]
        if not mixtures:
            continue
        used = statistics.fmean(one.components_used.over_5_percent_on_average for one in mixtures)
        kernels = mixtures[0].kernels
        if row.collapsed or (kernels <= ALL_CAN_COUNT and used < kernels / 2):
            collapsed = f", collapsed{_in_seeds(row.collapsed, len(mixtures))}" if row.collapsed else ""
            found.append(f"{row.variant} {used:.1f} of {kernels}{collapsed}")
    return _phrase("a mixture that uses few of its kernels", found)


def _one_component(rows: Rows) -> str:
    found = []
    for row in rows:
        seeds = row.seeds if isinstance(row, DetectionMetrics) else []
        mixtures = [seed.mixture for seed in seeds if seed.mixture and len(seed.mixture.components) > 1]
        collapsed = sum(one.collapsed for one in mixtures)
        if collapsed:
            found.append(f"{row.variant}{_in_seeds(collapsed, len(mixtures))}")
    return _phrase("a mixture of which one component makes nearly all predictions", found)


def _dead(rows: Rows) -> str:
    found = []
    for row in (row for row in rows if isinstance(row, Metrics)):
        layers = [seed.non_local for seed in row.seeds if seed.non_local]
        if any(one.dead for one in layers):
            found.append(f"{row.variant} {statistics.fmean(one.dead for one in layers):.2g} of {layers[0].layers}")
    return _phrase("dead non-local layers", found)


# --- words ------------------------------------------------------------------------------------------------------------


def _phrase(words: str, found: list[str], brackets: bool = True) -> str:
    if not found:
        return ""
    return f"{words} ({inputs.listed(found)})" if brackets else f"{words} {inputs.listed(found)}"


def _in_seeds(count: int, seeds: int) -> str:
    return "" if count == seeds else f" in {count} of {seeds} seeds"


def _named(variants: list[str]) -> str:
    return inputs.listed(variants) if len(variants) <= NAMED else f"{len(variants)} variants"
