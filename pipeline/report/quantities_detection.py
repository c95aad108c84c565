"""The quantities of detection variants: precision, what components of mixtures do, training, and speed.

Precision (AP, AR, ...) is measured at a *place*, the argument:

| place                                   | which predictions                                                         |
| --------------------------------------- | ------------------------------------------------------------------------- |
| none, or a mode (`refined`, `flip`, ...)| made in this mode (pipeline/detection/results.py); `plain` without one    |
| `train.MODE`                            | the same, on the images that it was trained on                            |
| `full.SUBSET`                           | `plain`, on a subset of people and keypoints                              |
| `COMPONENT.without`                     | without those that a component makes (names: components.py)               |
| `COMPONENT.only.SUBSET`                 | only those that a component makes                                         |
| `COMPONENT.forced.SUBSET`               | with every object predicted by one component                              |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.detection.results import SUBSETS, Component, Mixture, Mode, Precision, Quartiles, Seed, Truth
from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report import components, histories
from pipeline.report.evidence import BySeed, Evidence, Expression, NoSuchNumberError, NotRunError, Quantity
from pipeline.report.metrics import NETWORK

Read = Callable[[Evidence, Expression], BySeed]

PLAIN = "plain"
MODES: tuple[str, ...] = get_args(Mode)
OF_BASE = 0.9  # a variant has converged when it reaches this share of another's final AP (claim MX-14)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # those of results.Quartiles
DIRECTIONS = ("left_x", "left_y", "right_x", "right_y")


def _choice(expression: Expression, word: str, choices: Sequence[str]) -> str:
    """The word, which must be one of these."""
    if word not in choices:
        raise InputError(f"{expression.label}: no {word!r}{nearest(word, choices)}")
    return word


def _whole(expression: Expression) -> int:
    """The argument as a whole number."""
    if not (expression.argument or "").isdecimal():
        raise InputError(f"{expression.label}: the argument is no whole number")
    return int(expression.argument or "")


def _of_seed(value: Callable[[Seed, Expression], float | None], missing: str) -> Read:
    """From the metrics file; `missing` says what it lacks where no seed has a value."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        seeds = evidence.detection[expression.variant].seeds
        values = {seed.seed: found for seed in seeds if (found := value(seed, expression)) is not None}
        if not values:
            raise NoSuchNumberError(f"{expression.variant}: {missing}")
        return values

    return by_seed


# --- precision --------------------------------------------------------------------------------------------------------


def _precision(field: str) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        place, seeds = expression.argument or PLAIN, evidence.detection[expression.variant].seeds
        if place in MODES or place.startswith("train."):
            _require_measured(expression, place, seeds)
        found = {seed.seed: _at(seed, expression, place) for seed in seeds}
        values = {seed: getattr(one, field) for seed, one in found.items() if one is not None}
        values = {seed: value for seed, value in values.items() if value is not None}
        if not values:
            raise NoSuchNumberError(f"{expression.variant}: no {expression.quantity.name} of {place} predictions")
        return values

    return by_seed


def _require_measured(expression: Expression, place: str, seeds: list[Seed]) -> None:
    """Raise NotRunError if the preset left out a mode; NoSuchNumberError for a mean over a single component."""
    if any(_at(seed, expression, place) for seed in seeds):
        return
    single = not any(seed.mixture and len(seed.mixture.components) > 1 for seed in seeds)
    error = NoSuchNumberError if place == "mean" and single else NotRunError
    raise error(f"{expression.variant}: no {expression.quantity.name} of {place} predictions recorded")


def _at(seed: Seed, expression: Expression, place: str) -> Precision | None:
    """The precision at a place; None if the seed has none there."""
    first, *rest = place.split(".")
    modes: dict[str, Precision] = dict(seed.modes)  # type: ignore[arg-type]
    if not rest:
        return modes.get(_choice(expression, first, MODES))
    if first == "train":
        return dict(seed.training_images or {}).get(_choice(expression, rest[0], MODES))  # type: ignore[call-overload]
    if seed.mixture is None:
        return None
    if first == "full":
        return dict(seed.mixture.full).get(_choice(expression, rest[0], SUBSETS))  # type: ignore[call-overload]
    component = components.find(seed.mixture, first)
    kind = _choice(expression, rest[0], ("without", "only", "forced"))
    if component is None:
        return None
    if kind == "without":
        return component.without
    subsets = component.only if kind == "only" else component.forced
    return dict(subsets).get(_choice(expression, rest[-1], SUBSETS))  # type: ignore[call-overload]


def _group(seed: Seed, expression: Expression) -> float | None:
    """AP of a group of keypoints; None of a group that is not annotated."""
    return (seed.groups or {}).get(_choice(expression, expression.argument or "", list(GROUPS)))


# --- the annotations alone --------------------------------------------------------------------------------------------


def _of_truth(value: Callable[[Truth, Expression], float | None]) -> Read:
    """The same for every seed."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        metrics = evidence.detection[expression.variant]
        found = value(metrics.truth, expression) if metrics.truth else None
        if found is None:
            raise NoSuchNumberError(f"{expression.variant}: the annotations do not tell {expression.quantity.name}")
        return {seed.seed: found for seed in metrics.seeds}

    return by_seed


def _displaced(truth: Truth, expression: Expression) -> float | None:
    """AP of the truth itself, moved: argument `wrists_2` for wrists by 2 px."""
    group, _, pixels = (expression.argument or "").rpartition("_")
    _choice(expression, pixels, ("1", "2", "3"))
    return (truth.displaced or {}).get(pixels, {}).get(_choice(expression, group, list(GROUPS)))


def _hidden(visible: float | None) -> float | None:
    return None if visible is None else 100 - visible


def _truth_scale(truth: Truth, expression: Expression) -> float | None:
    """A quantile of the objects' scale by its name."""
    name = _choice(expression, expression.argument or "", ("low", "first", "median", "third", "high"))
    return getattr(truth.scale, name) if truth.scale else None


# --- mixtures and their components ------------------------------------------------------------------------------------


def _of_mixture(value: Callable[[Mixture, Expression], float | None], missing: str) -> Read:
    return _of_seed(lambda seed, expression: value(seed.mixture, expression) if seed.mixture else None, missing)


def _of_component(value: Callable[[Component, str], float | None]) -> Read:
    """Of the component that the argument names; after a dot come other words, which are given to `value`."""

    def of_mixture(mixture: Mixture, expression: Expression) -> float | None:
        name, _, more = (expression.argument or "").partition(".")
        component = components.find(mixture, name)
        return None if component is None else value(component, more)

    return _of_mixture(of_mixture, "no such component, or no prediction made by it")


def _sigma(field: str) -> Read:
    return _of_component(lambda one, _: getattr(one.sigma, field) if one.sigma else None)


def _positive(component: Component, direction: str) -> float | None:
    """Share of the offsets of a side's parts (`left_x`) that point right (x) or down (y)."""
    if direction not in DIRECTIONS:
        raise InputError(f"positive: no {direction!r}{nearest(direction, DIRECTIONS)}")
    return getattr(component.directions, direction) if component.directions else None


def _drops(mixture: Mixture) -> list[float]:
    """AP lost when a component's predictions are ignored, the largest loss first."""
    return sorted((mixture.full["all"].ap - one.without.ap for one in mixture.components), reverse=True)


def _drop(mixture: Mixture, expression: Expression) -> float | None:
    place, drops = _whole(expression), _drops(mixture)
    if not 1 <= place <= len(drops):
        raise InputError(f"{expression.label}: there are {len(drops)} components, counted from 1")
    return drops[place - 1]


def _used(mixture: Mixture, expression: Expression) -> float | None:
    shares = [one.share for one in mixture.components if one.share is not None]
    return float(sum(share > _whole(expression) for share in shares)) if shares else None


def _scale_misfit(evidence: Evidence, expression: Expression) -> BySeed:
    """How far the scales found, over all components, are from the annotated ones (claim MX-3).

    The largest of three distances: what share of the predictions lies below the first quartile, the median and the
    third quartile of the truth, against 25, 50 and 75 %.
    """
    truth = evidence.detection[expression.variant].truth
    if truth is None or truth.scale is None:
        raise NoSuchNumberError(f"{expression.variant}: no scales of the annotated objects recorded")
    at = (truth.scale.first, truth.scale.median, truth.scale.third)

    def value(mixture: Mixture, expression: Expression) -> float | None:
        scales = [one.scale for one in mixture.components if one.scale and one.scale.share > 0]
        if not scales:
            return None
        total = sum(scale.share for scale in scales)
        below = sum((scale.share / total * _share_below(scale, at) for scale in scales), np.zeros(3))
        return float(100 * np.abs(below - QUANTILES[1:4]).max())

    return _of_mixture(value, "no scales of its components recorded")(evidence, expression)


def _share_below(scale: Quartiles, borders: Sequence[float]) -> NDArray[np.float64]:
    """Shares of a component's scales below the borders, from its quantiles, straight between them in the logarithm."""
    quantiles = np.maximum.accumulate([scale.low, scale.first, scale.median, scale.third, scale.high])
    return np.interp(np.log(borders), np.log(quantiles), QUANTILES, left=QUANTILES[0] / 2, right=1 - QUANTILES[0] / 2)


# --- training: from history.csv ---------------------------------------------------------------------------------------


def _curves(evidence: Evidence, variant: str) -> dict[int, pd.Series]:
    metrics = evidence.detection[variant]
    if not metrics.training:
        raise NotRunError(f"{variant}: not trained here")
    curves = {seed.seed: histories.precisions(evidence.run, variant, seed.seed) for seed in metrics.seeds}
    shortest = min(map(len, curves.values()))
    if shortest < 3:
        raise NotRunError(f"{variant}: validated {shortest} times, too few for a curve")
    return curves


def _of_curve(value: Callable[[pd.Series], float]) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        return {seed: value(curve) for seed, curve in _curves(evidence, expression.variant).items()}

    return by_seed


def _other(evidence: Evidence, expression: Expression) -> str:
    """The argument as a variant that was run."""
    other = replace(expression, variant=expression.argument or "", argument=None)
    evidence.require(other)
    return other.variant


def _epochs_to(evidence: Evidence, expression: Expression) -> BySeed:
    """Epochs until a variant first has 90 % of the final AP of another, the argument; twice its epochs if never."""
    other = _other(evidence, expression)
    goals = {seed: OF_BASE * float(curve.iloc[-1]) for seed, curve in _curves(evidence, other).items()}
    curves = _curves(evidence, expression.variant)
    found = {seed: curve.index[curve >= goals[seed]] for seed, curve in curves.items() if seed in goals}
    if not found:
        raise NotRunError(f"{expression.variant} and {other} have no seed in common")
    return {seed: float(at[0]) if len(at) else 2.0 * float(curves[seed].index[-1]) for seed, at in found.items()}


# --- speed: from speed.json -------------------------------------------------------------------------------------------


def _speed(evidence: Evidence, expression: Expression) -> BySeed:
    """Images per second in a mode; measured once per variant."""
    mode, metrics = expression.argument or PLAIN, evidence.detection[expression.variant]
    if mode not in metrics.speeds:
        raise NotRunError(f"{expression.variant}: no speed of {mode} predictions recorded")
    return dict.fromkeys((seed.seed for seed in metrics.seeds), metrics.speeds[mode])


def _points(evidence: Evidence, variant: str) -> dict[int, list[tuple[float, float]]]:
    """Speed and AP of every mode in which both are known, a list per seed."""
    metrics = evidence.detection[variant]
    speeds = {mode: speed for mode, speed in metrics.speeds.items() if mode != NETWORK}
    points = {
        seed.seed: [(speeds[mode], one.ap) for mode, one in seed.modes.items() if mode in speeds]
        for seed in metrics.seeds
    }
    if not any(points.values()):
        raise NotRunError(f"{variant}: no mode has both an AP and a speed")
    return points


def _dominated(evidence: Evidence, expression: Expression) -> BySeed:
    """Share of a variant's modes that some mode of another, the argument, equals or beats in speed and in AP."""
    other = _other(evidence, expression)
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

_of_detection = partial(Quantity, side="detection")
# Two seeds of one small network on made scenes differed by 4 points of AP, of which 2 are asked. At full size on COCO
# 0.3 would do, so that a gap between the two counts as noise there until there are several seeds.
_of_precision = partial(_of_detection, unit="%", higher_is_better=True, gap=2.0)

AP = _of_precision(
    "AP",
    "COCO's average precision in percent, on the validation images after the last epoch",
    _precision("ap"),
)
AP50 = _of_precision("AP50", "AP at an overlap (for keypoints an OKS) of 0.5", _precision("ap_50"))
AP75 = _of_precision("AP75", "AP at 0.75", _precision("ap_75"))
AP_small = _of_precision("AP_small", "AP of small objects", _precision("ap_small"), heading="APS")
AP_medium = _of_precision("AP_medium", "AP of medium objects", _precision("ap_medium"), heading="APM")
AP_large = _of_precision("AP_large", "AP of large objects", _precision("ap_large"), heading="APL")
AR = _of_precision("AR", "COCO's average recall in percent, on the same images", _precision("ar"))
AP_group = _of_precision(
    "AP_group", "AP measured on one group of keypoints", _of_seed(_group, "no AP by group of keypoints recorded")
)

AP_displaced = _of_detection(
    "AP_displaced",
    "AP of the annotated keypoints themselves, moved by 1, 2 or 3 px, of one group",
    _of_truth(_displaced),
    unit="%",
    once=True,
)
visible_keypoints = _of_detection(
    "visible_keypoints",
    "share of the annotated keypoints that are visible, in percent",
    _of_truth(lambda truth, _: truth.visible_keypoints),
    unit="%",
    once=True,
)
hidden_keypoints = replace(
    visible_keypoints,
    name="hidden_keypoints",
    meaning="the rest to 100 %",
    read=_of_truth(lambda truth, _: _hidden(truth.visible_keypoints)),
)
visible_face = replace(
    visible_keypoints,
    name="visible_face",
    meaning="share of people with more than 5 annotated keypoints whose nose is visible, in percent",
    read=_of_truth(lambda truth, _: truth.visible_face),
)
hidden_face = replace(
    visible_keypoints,
    name="hidden_face",
    meaning="the rest to 100 %",
    read=_of_truth(lambda truth, _: _hidden(truth.visible_face)),
)
visible_face_strict = replace(
    visible_keypoints,
    name="visible_face_strict",
    meaning="the same of people with at least 10 annotated keypoints",
    read=_of_truth(lambda truth, _: truth.visible_face_strict),
)
hidden_face_strict = replace(
    visible_keypoints,
    name="hidden_face_strict",
    meaning="the rest to 100 %",
    read=_of_truth(lambda truth, _: _hidden(truth.visible_face_strict)),
)
object_scale = _of_detection(
    "object_scale",
    "a quantile of the square root of the annotated objects' area, in px of the image",
    _of_truth(_truth_scale),
    unit="px",
    once=True,
)

share = _of_detection(
    "share",
    "share of the predictions of score 0.5 or more that a component makes, in percent",
    _of_component(lambda one, _: one.share),
    unit="%",
    gap=2.0,
)
share_strict = replace(
    share,
    name="share_strict",
    meaning="the same of score 0.7 or more",
    read=_of_component(lambda one, _: one.share_strict),
)
sigma_x = _of_detection(
    "sigma_x",
    "mean standard deviation along x, in cells, of the predictions that a component makes",
    _sigma("mean_x"),
    unit="cells",
    relative_gap=0.05,
)
sigma_y = replace(sigma_x, name="sigma_y", meaning="the same along y", read=_sigma("mean_y"))
sigma_x_spread = replace(
    sigma_x, name="sigma_x_spread", meaning="how much it differs from prediction to prediction", read=_sigma("sd_x")
)
sigma_y_spread = replace(sigma_x, name="sigma_y_spread", meaning="the same along y", read=_sigma("sd_y"))
positive = _of_detection(
    "positive",
    "share of the left (right) parts' offsets that point right (x) or down (y) in the image, in percent",
    _of_component(_positive),
    unit="%",
    gap=2.0,
)
median_scale = _of_detection(
    "median_scale",
    "median of the square root of the area, in px, of the boxes that a component makes",
    _of_component(lambda one, _: one.scale.median if one.scale else None),
    unit="px",
    relative_gap=0.05,
)
views = _of_detection(
    "views",
    "how many of the two views, front and back, have a component of their own",
    _of_mixture(lambda mixture, _: 2.0 if components.tells_views_apart(mixture) else 0.0, "no mixture recorded"),
)
drop = _of_detection(
    "drop",
    "AP lost when a component's predictions are ignored; by rank, 1 is the largest loss",
    _of_mixture(_drop, "no AP without its components recorded"),
    gap=1.0,
)
contributing = _of_detection(
    "contributing",
    "how many components cost more AP than so much when they are ignored",
    _of_mixture(
        lambda mixture, expression: float(sum(loss > _whole(expression) for loss in _drops(mixture))),
        "no AP without its components recorded",
    ),
)
used = _of_detection(
    "used",
    "how many components make a larger share of the predictions than so many percent",
    _of_mixture(_used, "no confident prediction"),
)
largest_weight = _of_detection(
    "largest_weight",
    "mean of the largest mixing weight, from 0 to 1",
    _of_mixture(lambda mixture, _: mixture.largest_weight, "no weights recorded"),
    heading="Largest weight",
    decimals=2,
    gap=0.01,
)
scale_correlation = _of_detection(
    "scale_correlation",
    "Pearson correlation of the chosen component's rank by scale with the object's scale",
    _of_mixture(
        lambda mixture, _: mixture.scale_correlation, "one component makes all predictions, so nothing to correlate"
    ),
    heading="Correlation with scale",
    decimals=2,
    gap=0.05,
)
category_correlation = replace(
    scale_correlation,
    name="category_correlation",
    meaning="the same with the object's category",
    read=_of_mixture(
        lambda mixture, _: mixture.category_correlation, "one component makes all predictions, so nothing to correlate"
    ),
    heading="Correlation with category",
)
scale_variance = _of_detection(
    "scale_variance",
    "variance of the logarithm of the scale within components; the smaller, the better they separate objects by scale",
    _of_mixture(lambda mixture, _: mixture.scale_variance, "no variance recorded"),
    heading="Variance of log scale within components",
    decimals=3,
    relative_gap=0.05,
)
scale_misfit = _of_detection(
    "scale_misfit",
    "how far the shares of predictions below the annotated scales' quartiles are from 25, 50 and 75 %, at most",
    _scale_misfit,
    unit="%",
    gap=2.0,
)

largest_fall = _of_detection(
    "largest_fall",
    "largest fall of AP from one validation to the next after the first third of the training",
    _of_curve(histories.largest_fall),
    gap=1.0,
)
largest_jump = _of_detection("largest_jump", "the same up or down", _of_curve(histories.largest_jump), gap=1.0)
AP_final = _of_precision(
    "AP_final", "AP at the last validation while training", _of_curve(lambda curve: float(curve.iloc[-1]))
)
AP_best = _of_precision(
    "AP_best", "the highest AP at any validation while training", _of_curve(lambda curve: float(curve.max()))
)
epochs_to = _of_detection(
    "epochs_to",
    "epochs until AP first reaches 90 % of another variant's last; twice all epochs if it never does",
    _epochs_to,
    unit="epochs",
    gap=1.0,
)
images_per_second = _of_detection(
    "images_per_second",
    "speed of prediction in a mode on the machine of this run, one image after another, with reading and decoding; "
    "`network`: one forward pass alone",
    _speed,
    unit="/s",
    heading="Images a second",
    decimals=2,
    relative_gap=0.05,
    once=True,
)
dominated = _of_detection(
    "dominated",
    "share of a variant's modes that some mode of another equals or beats in speed and in AP, in percent",
    _dominated,
    unit="%",
)
