"""The quantities that claims on images are about: `AP(pose_l_base, refined)`, `epochs_to(boxes_l_mdn_3, boxes_l_base)`.

Those of a mixture's components are in component_evidence.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

import pandas as pd

from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report import component_evidence, histories
from pipeline.report.component_evidence import Quantity, choice
from pipeline.report.detection_metrics import NETWORK
from pipeline.report.detection_schema import DetectionMetrics, Mode, Seed, Truth
from pipeline.report.expression import BySeed, Expression, NotRunError

if TYPE_CHECKING:
    from pipeline.report.evidence import Evidence

PLAIN = "plain"
OF_BASE = 0.9  # a variant has converged when it reaches this share of another's final AP (claim MX-14)
DISPLACEMENTS = ("1", "2", "3")


def full_budget(metrics: DetectionMetrics) -> bool:
    """Whether it trained for the epochs that its paper states, by the recipe that it states."""
    training = metrics.training
    return training is not None and training.epochs >= training.epochs_stated and not training.own_recipe


def _of_seed(value: Callable[[Seed, Expression], float | None], missing: str) -> Quantity:
    """From the metrics file; `missing` says what it lacks where no seed has a value."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        seeds = evidence.detection[expression.variant].seeds
        values = {seed.seed: found for seed in seeds if (found := value(seed, expression)) is not None}
        if not values:
            raise NotRunError(f"{expression.variant}: {missing}")
        return values

    return by_seed


# --- precision and recall ---------------------------------------------------------------------------------------------


def _precision(field: str) -> Quantity:
    """A figure of COCO's metric, of predictions made in a mode (`plain` unless one is named)."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        mode = choice(expression, expression.argument or PLAIN, get_args(Mode))

        def value(seed: Seed, expression: Expression) -> float | None:
            found = {str(name): precision for name, precision in seed.modes.items()}.get(mode)
            return None if found is None else getattr(found, field)

        return _of_seed(value, f"no {field.partition('_')[0].upper()} of {mode} predictions recorded")(
            evidence, expression
        )

    return by_seed


def _group(seed: Seed, expression: Expression) -> float | None:
    """AP of a group of keypoints; None of a group that nobody has annotated."""
    return (seed.groups or {}).get(choice(expression, expression.argument, list(GROUPS)))


def _of_truth(value: Callable[[Truth, Expression], float | None]) -> Quantity:
    """What the annotations alone say: the same for every seed."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        metrics = evidence.detection[expression.variant]
        found = value(metrics.truth, expression) if metrics.truth else None
        if found is None:
            raise NotRunError(f"{expression.variant}: the annotations do not tell {expression.quantity}")
        return {seed.seed: found for seed in metrics.seeds}

    return by_seed


def _displaced(truth: Truth, expression: Expression) -> float | None:
    """AP of the truth itself, moved: argument `wrists_2` for wrists by 2 px."""
    group, _, pixels = (expression.argument or "").rpartition("_")
    choice(expression, pixels, DISPLACEMENTS)
    return (truth.displaced or {}).get(pixels, {}).get(choice(expression, group, list(GROUPS)))


# --- training: from history.csv ---------------------------------------------------------------------------------------


def _curves(evidence: Evidence, variant: str) -> dict[int, pd.Series]:
    """AP on the validation images by epoch, for every seed."""
    if not evidence.detection[variant].training:
        raise NotRunError(f"{variant}: not trained here")
    remedy = f"run `python -m pipeline train_detection --variant {variant}` again"
    curves = {}
    for seed in evidence.detection[variant].seeds:
        path = evidence.run.layout.history(variant, seed.seed)
        frame = histories.read(path, ("epoch", "val_ap"), remedy).dropna(subset=["val_ap"])
        if len(frame) < 3:
            raise NotRunError(f"{variant}: validated {len(frame)} times, too few for a curve")
        curves[seed.seed] = frame.set_index("epoch")["val_ap"].sort_index()
    return curves


def _of_curve(value: Callable[[pd.Series], float]) -> Quantity:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        return {seed: value(curve) for seed, curve in _curves(evidence, expression.variant).items()}

    return by_seed


def _steps_after_the_first_third(curve: pd.Series) -> pd.Series:
    """Changes of AP from one validation to the next, of those that end after a third of the epochs."""
    steps = curve.diff().iloc[1:]
    return steps[steps.index > curve.index[-1] / 3]


def largest_fall(curve: pd.Series) -> float:
    """In points of AP; 0 where it never falls."""
    return max(0.0, float(-_steps_after_the_first_third(curve).min()))


def largest_jump(curve: pd.Series) -> float:
    """The same up or down."""
    return float(_steps_after_the_first_third(curve).abs().max())


def _epochs_to(evidence: Evidence, expression: Expression) -> BySeed:
    """Epochs until a variant first has 90 % of the final AP of another, the argument; twice its epochs if never."""
    other = expression.argument or ""
    evidence.run.detection_variant(other)
    if not evidence.detection[other].ran:
        raise NotRunError(f"{other} was not run ({evidence.detection[other].reason or 'no seeds'})")
    goals = {seed: OF_BASE * float(curve.iloc[-1]) for seed, curve in _curves(evidence, other).items()}
    curves = _curves(evidence, expression.variant)
    found = {seed: curve.index[curve >= goals[seed]] for seed, curve in curves.items() if seed in goals}
    if not found:
        raise NotRunError(f"{expression.variant} and {other} have no seed in common")
    return {seed: float(at[0]) if len(at) else 2.0 * float(curves[seed].index[-1]) for seed, at in found.items()}


# --- speed: from speed.json -------------------------------------------------------------------------------------------


def _speed(evidence: Evidence, expression: Expression) -> BySeed:
    """Pictures a second in a mode; measured once a variant."""
    mode = expression.argument or PLAIN
    speed = evidence.detection.speeds.get(expression.variant, {}).get(mode)
    if speed is None:
        raise NotRunError(f"{expression.variant}: no speed of {mode} predictions recorded")
    return {seed.seed: speed for seed in evidence.detection[expression.variant].seeds}


def _points(evidence: Evidence, variant: str) -> dict[int, list[tuple[float, float]]]:
    """Speed and AP of every mode in which both are known, a list a seed."""
    speeds = {mode: speed for mode, speed in evidence.detection.speeds.get(variant, {}).items() if mode != NETWORK}
    points = {}
    for seed in evidence.detection[variant].seeds:
        points[seed.seed] = [(speeds[mode], one.ap) for mode, one in seed.modes.items() if mode in speeds]
    if not any(points.values()):
        raise NotRunError(f"{variant}: no mode has both an AP and a speed")
    return points


def _dominated(evidence: Evidence, expression: Expression) -> BySeed:
    """Share of a variant's modes that some mode of another, the argument, equals or beats in speed and in AP."""
    other = expression.argument or ""
    evidence.run.detection_variant(other)
    if not evidence.detection[other].ran:
        raise NotRunError(f"{other} was not run ({evidence.detection[other].reason or 'no seeds'})")
    ours, theirs = _points(evidence, expression.variant), _points(evidence, other)
    values = {}
    for seed in ours.keys() & theirs.keys():
        beaten = [any(f >= speed and a >= ap for f, a in theirs[seed]) for speed, ap in ours[seed]]
        if beaten:
            values[seed] = 100 * sum(beaten) / len(beaten)
    if not values:
        raise NotRunError(f"{expression.variant} and {other} have no seed in common")
    return values


# --- all of them ------------------------------------------------------------------------------------------------------

HIGHER_IS_BETTER = frozenset(("AP", "AR", "AP_group", "AP_only", "AP_forced"))
QUANTITIES: dict[str, Quantity] = {
    "AP": _precision("ap"),
    "AR": _precision("ar"),
    "AP_group": _of_seed(_group, "no AP by group of keypoints recorded"),
    "AP_displaced": _of_truth(_displaced),
    "visible_face": _of_truth(lambda truth, expression: truth.visible_face),
    "visible_face_strict": _of_truth(lambda truth, expression: truth.visible_face_strict),
    "largest_fall": _of_curve(largest_fall),
    "largest_jump": _of_curve(largest_jump),
    "final_AP": _of_curve(lambda curve: float(curve.iloc[-1])),
    "best_AP": _of_curve(lambda curve: float(curve.max())),
    "epochs_to": _epochs_to,
    "pictures_per_second": _speed,
    "dominated": _dominated,
    **component_evidence.QUANTITIES,
}
