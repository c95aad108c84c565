"""How the quantities of detection variants are read: from metrics files, histories and speeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.detection.results import SUBSETS, Component, Mixture, Mode, Precision, Quartiles, Seed, Truth
from pipeline.geometry.coco_keypoints import GROUPS
from pipeline.report import components, histories
from pipeline.report.evidence import BySeed, Evidence, Expression, NoSuchNumberError, NotRunError
from pipeline.report.metrics import NETWORK

Read = Callable[[Evidence, Expression], BySeed]

PLAIN = "plain"
MODES: tuple[str, ...] = get_args(Mode)
OF_BASE = 0.9  # a variant has converged when it reaches this share of another's final AP (claim MX-14)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # those of results.Quartiles
DIRECTIONS = ("left_x", "left_y", "right_x", "right_y")


def choice(expression: Expression, word: str, choices: Sequence[str]) -> str:
    """The word, which must be one of these."""
    if word not in choices:
        raise InputError(f"{expression.label}: no {word!r}{nearest(word, choices)}")
    return word


def whole(expression: Expression) -> int:
    """The argument as a whole number."""
    if not (expression.argument or "").isdecimal():
        raise InputError(f"{expression.label}: the argument is no whole number")
    return int(expression.argument or "")


def of_seed(value: Callable[[Seed, Expression], float | None], missing: str) -> Read:
    """From the metrics file; `missing` says what it lacks where no seed has a value."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        seeds = evidence.detection[expression.variant].seeds
        values = {seed.seed: found for seed in seeds if (found := value(seed, expression)) is not None}
        if not values:
            raise NoSuchNumberError(f"{expression.variant}: {missing}")
        return values

    return by_seed


# --- precision --------------------------------------------------------------------------------------------------------


def precision(field: str) -> Read:
    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        place, seeds = expression.argument or PLAIN, evidence.detection[expression.variant].seeds
        if place in MODES or place.startswith("train."):
            require_measured(expression, place, seeds)
        found = {seed.seed: at(seed, expression, place) for seed in seeds}
        values = {seed: getattr(one, field) for seed, one in found.items() if one is not None}
        values = {seed: value for seed, value in values.items() if value is not None}
        if not values:
            raise NoSuchNumberError(f"{expression.variant}: no {expression.quantity.name} of {place} predictions")
        return values

    return by_seed


def running_statistics(field: str) -> Read:
    """A precision of `plain` predictions without renewed batch-norm statistics."""

    def value(seed: Seed, expression: Expression) -> float | None:
        plain = expression.argument in (None, PLAIN)
        return getattr(seed.running_statistics, field, None) if plain else None

    return of_seed(value, "no such precision recorded")


def require_measured(expression: Expression, place: str, seeds: list[Seed]) -> None:
    """Raise NotRunError if the preset left out a mode; NoSuchNumberError for a mean over a single component."""
    if any(at(seed, expression, place) for seed in seeds):
        return
    single = not any(seed.mixture and len(seed.mixture.components) > 1 for seed in seeds)
    error = NoSuchNumberError if place == "mean" and single else NotRunError
    raise error(f"{expression.variant}: no {expression.quantity.name} of {place} predictions recorded")


def at(seed: Seed, expression: Expression, place: str) -> Precision | None:
    """The precision at a place; None if the seed has none there."""
    first, *rest = place.split(".")
    modes: dict[str, Precision] = dict(seed.modes)  # type: ignore[arg-type]
    if not rest:
        return modes.get(choice(expression, first, MODES))
    if first == "train":
        return dict(seed.training_images or {}).get(choice(expression, rest[0], MODES))  # type: ignore[call-overload]
    if seed.mixture is None:
        return None
    if first == "full":
        return dict(seed.mixture.full).get(choice(expression, rest[0], SUBSETS))  # type: ignore[call-overload]
    component = components.find(seed.mixture, first)
    kind = choice(expression, rest[0], ("without", "only", "forced"))
    if component is None:
        return None
    if kind == "without":
        return component.without
    subsets = component.only if kind == "only" else component.forced
    return dict(subsets).get(choice(expression, rest[-1], SUBSETS))  # type: ignore[call-overload]


def group(seed: Seed, expression: Expression) -> float | None:
    """AP of a group of keypoints; None of a group that is not annotated."""
    return (seed.groups or {}).get(choice(expression, expression.argument or "", list(GROUPS)))


# --- the annotations alone --------------------------------------------------------------------------------------------


def of_truth(value: Callable[[Truth, Expression], float | None]) -> Read:
    """The same for every seed."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        metrics = evidence.detection[expression.variant]
        found = value(metrics.truth, expression) if metrics.truth else None
        if found is None:
            raise NoSuchNumberError(f"{expression.variant}: the annotations do not give {expression.quantity.name}")
        return {seed.seed: found for seed in metrics.seeds}

    return by_seed


def displaced(truth: Truth, expression: Expression) -> float | None:
    """AP of the truth itself, moved: argument `wrists_2` for wrists by 2 px."""
    group, _, pixels = (expression.argument or "").rpartition("_")
    choice(expression, pixels, ("1", "2", "3"))
    return (truth.displaced or {}).get(pixels, {}).get(choice(expression, group, list(GROUPS)))


def hidden(visible: float | None) -> float | None:
    return None if visible is None else 100 - visible


def truth_scale(truth: Truth, expression: Expression) -> float | None:
    """A quantile of the objects' scale by its name."""
    name = choice(expression, expression.argument or "", ("low", "first", "median", "third", "high"))
    return getattr(truth.scale, name) if truth.scale else None


# --- mixtures and their components ------------------------------------------------------------------------------------


def of_mixture(value: Callable[[Mixture, Expression], float | None], missing: str) -> Read:
    return of_seed(lambda seed, expression: value(seed.mixture, expression) if seed.mixture else None, missing)


def of_component(value: Callable[[Component, str], float | None]) -> Read:
    """Of the component that the argument names; after a dot come other words, which are given to `value`."""

    def chosen(mixture: Mixture, expression: Expression) -> float | None:
        name, _, more = (expression.argument or "").partition(".")
        component = components.find(mixture, name)
        return None if component is None else value(component, more)

    return of_mixture(chosen, "no such component, or no prediction made by it")


def sigma(field: str) -> Read:
    return of_component(lambda one, _: getattr(one.sigma, field) if one.sigma else None)


def positive(component: Component, direction: str) -> float | None:
    """Share of the offsets of a side's parts (`left_x`) that point right (x) or down (y)."""
    if direction not in DIRECTIONS:
        raise InputError(f"positive: no {direction!r}{nearest(direction, DIRECTIONS)}")
    return getattr(component.directions, direction) if component.directions else None


def ap_drops(mixture: Mixture) -> list[float]:
    """AP lost when a component's predictions are ignored, the largest loss first."""
    return sorted((mixture.full["all"].ap - one.without.ap for one in mixture.components), reverse=True)


def drop(mixture: Mixture, expression: Expression) -> float | None:
    place, drops = whole(expression), ap_drops(mixture)
    if not 1 <= place <= len(drops):
        raise InputError(f"{expression.label}: there are {len(drops)} components, counted from 1")
    return drops[place - 1]


def used(mixture: Mixture, expression: Expression) -> float | None:
    shares = [one.share for one in mixture.components if one.share is not None]
    return float(sum(share > whole(expression) for share in shares)) if shares else None


def scale_misfit(evidence: Evidence, expression: Expression) -> BySeed:
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
        below = sum((scale.share / total * share_below(scale, at) for scale in scales), np.zeros(3))
        return float(100 * np.abs(below - QUANTILES[1:4]).max())

    return of_mixture(value, "no scales of its components recorded")(evidence, expression)


def share_below(scale: Quartiles, borders: Sequence[float]) -> NDArray[np.float64]:
    """Shares of a component's scales below the borders, from its quantiles, straight between them in the logarithm."""
    quantiles = np.maximum.accumulate([scale.low, scale.first, scale.median, scale.third, scale.high])
    return np.interp(np.log(borders), np.log(quantiles), QUANTILES, left=QUANTILES[0] / 2, right=1 - QUANTILES[0] / 2)


# --- training: from history.csv ---------------------------------------------------------------------------------------


def precision_curves(evidence: Evidence, variant: str, validations: int = 3) -> dict[int, pd.Series]:
    """AP by epoch of each seed. Raises NotRunError if one has fewer validations."""
    metrics = evidence.detection[variant]
    if not metrics.training:
        raise NotRunError(f"{variant}: not trained here")
    curves = {seed.seed: histories.precisions(evidence.run, variant, seed.seed) for seed in metrics.seeds}
    shortest = min(map(len, curves.values()))
    if shortest < validations:
        raise NotRunError(f"{variant}: validated {shortest} times, too few for a curve")
    return curves


def of_curve(value: Callable[[pd.Series], float], validations: int = 3) -> Read:
    """A number read from each seed's curve, which needs so many validations to be meaningful."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        curves = precision_curves(evidence, expression.variant, validations)
        return {seed: value(curve) for seed, curve in curves.items()}

    return by_seed


def other_variant(evidence: Evidence, expression: Expression) -> str:
    """The argument as a variant that was run."""
    other = replace(expression, variant=expression.argument or "", argument=None)
    evidence.require(other)
    return other.variant


def epochs_to(evidence: Evidence, expression: Expression) -> BySeed:
    """Epochs until a variant first has 90 % of the final AP of another, the argument; twice its epochs if never."""
    other = other_variant(evidence, expression)
    goals = {seed: OF_BASE * float(curve.iloc[-1]) for seed, curve in precision_curves(evidence, other).items()}
    curves = precision_curves(evidence, expression.variant)
    found = {seed: curve.index[curve >= goals[seed]] for seed, curve in curves.items() if seed in goals}
    if not found:
        raise NotRunError(f"{expression.variant} and {other} have no seed in common")
    return {seed: float(at[0]) if len(at) else 2.0 * float(curves[seed].index[-1]) for seed, at in found.items()}


# --- speed: from speed.json -------------------------------------------------------------------------------------------


def speed(evidence: Evidence, expression: Expression) -> BySeed:
    """Images per second in a mode; measured once per variant."""
    mode, metrics = expression.argument or PLAIN, evidence.detection[expression.variant]
    if mode not in metrics.speeds:
        raise NotRunError(f"{expression.variant}: no speed of {mode} predictions recorded")
    return dict.fromkeys((seed.seed for seed in metrics.seeds), metrics.speeds[mode])


def points(evidence: Evidence, variant: str) -> dict[int, list[tuple[float, float]]]:
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


def dominated(evidence: Evidence, expression: Expression) -> BySeed:
    """Share of a variant's modes that some mode of another, the argument, equals or beats in speed and in AP."""
    other = other_variant(evidence, expression)
    ours, theirs = points(evidence, expression.variant), points(evidence, other)
    values = {}
    for seed in ours.keys() & theirs.keys():
        beaten = [any(f >= speed and a >= ap for f, a in theirs[seed]) for speed, ap in ours[seed]]
        if beaten:
            values[seed] = 100 * sum(beaten) / len(beaten)
    if not values:
        raise NotRunError(f"{expression.variant} and {other} have no seed in common")
    return values
