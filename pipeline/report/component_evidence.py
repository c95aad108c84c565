"""What claims on images ask of a mixture's components: `AP_only(pose_l_mdn_2, front_visible_face)`.

A component is named by its part: of poses `front`, `back` or `rest` (neither of the two), of boxes `smallest` or
`largest` by the median scale of what it finds. A subset of the images, or a side of the body with an axis, follows
after an underscore.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.report.detection_schema import Component, Mixture, Precision, Quartiles, Subset, Subsets
from pipeline.report.expression import BySeed, Expression, NotRunError

if TYPE_CHECKING:
    from pipeline.report.evidence import Evidence

IN_USE = 5.0  # percent of the predictions, from which a component is looked at
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # those of detection_schema.Quartiles
PARTS = ("front", "back", "rest", "smallest", "largest")

Quantity = Callable[["Evidence", Expression], BySeed]


def choice(expression: Expression, word: str | None, choices: Sequence[str]) -> str:
    """The word, which must be one of these."""
    if word is None or word not in choices:
        raise InputError(f"claims: {expression.label}: no {word!r}{nearest(str(word), choices)}")
    return word


def whole(expression: Expression) -> int:
    """The argument as a whole number."""
    if not (expression.argument or "").isdecimal():
        raise InputError(f"claims: {expression.label}: the argument is no whole number")
    return int(expression.argument or "")


# --- the mixture and its components -----------------------------------------------------------------------------------


def _mixture(evidence: Evidence, expression: Expression) -> dict[int, Mixture]:
    mixtures = {seed.seed: seed.mixture for seed in evidence.detection[expression.variant].seeds if seed.mixture}
    if not mixtures:
        raise NotRunError(f"{expression.variant}: no mixture recorded")
    return mixtures


def _of_mixture(value: Callable[[Mixture, Expression], float | None], missing: str) -> Quantity:
    """From what the metrics file says of the mixture; seeds that lack it are left out."""

    def by_seed(evidence: Evidence, expression: Expression) -> BySeed:
        mixtures = _mixture(evidence, expression)
        values = {seed: found for seed, one in mixtures.items() if (found := value(one, expression)) is not None}
        if not values:
            raise NotRunError(f"{expression.variant}: {missing}")
        return values

    return by_seed


def _views(mixture: Mixture) -> tuple[int, ...]:
    """The components of the front and of the back view, if both have one of their own."""
    front, back = mixture.front, mixture.back
    return () if front is None or back is None or front == back else (front, back)


def _by_part(mixture: Mixture, expression: Expression, part: str) -> Component | None:
    """The component that has this part; None if none has it. Of several left over, the one of most predictions."""
    choice(expression, part, PARTS)
    components = mixture.components
    if part in ("smallest", "largest"):
        scales = [
            (one.scale.median, index)
            for index, one in enumerate(components)
            if one.scale and (one.share or 0.0) >= IN_USE
        ]
        if len(scales) < 2:
            return None
        return components[(min if part == "smallest" else max)(scales)[1]]
    views = _views(mixture)
    if not views:
        return None
    if part in ("front", "back"):
        return components[views[part == "back"]]
    rest = [one for index, one in enumerate(components) if index not in views]
    return max(rest, key=lambda one: one.share or 0.0, default=None)


def _of_component(value: Callable[[Component, Expression, str], float | None]) -> Quantity:
    """Of the component that the argument's first word names; its other words are given to `value`."""

    def of_mixture(mixture: Mixture, expression: Expression) -> float | None:
        part, _, more = (expression.argument or "").partition("_")
        component = _by_part(mixture, expression, part)
        return None if component is None else value(component, expression, more)

    return _of_mixture(of_mixture, "no component of this part, or no prediction made by it")


def _on_subset(subsets: Callable[[Component], Subsets], field: str = "ap") -> Quantity:
    def value(component: Component, expression: Expression, more: str) -> float | None:
        subset = choice(expression, more or "all", get_args(Subset))
        found: dict[str, Precision] = {str(name): one for name, one in subsets(component).items()}
        return getattr(found[subset], field) if subset in found else None

    return _of_component(value)


def _sigma(field: str) -> Quantity:
    return _of_component(lambda one, expression, more: getattr(one.sigma, field) if one.sigma else None)


def _positive(component: Component, expression: Expression, more: str) -> float | None:
    """Share of the offsets of a side's parts (`left_x`) that point right (x) or down (y)."""
    choice(expression, more, ("left_x", "left_y", "right_x", "right_y"))
    return getattr(component.directions, more) if component.directions else None


def _drops(mixture: Mixture) -> list[float]:
    """AP lost when a component's predictions are ignored, the largest loss first."""
    return sorted((mixture.full["all"].ap - one.without.ap for one in mixture.components), reverse=True)


def _drop(mixture: Mixture, expression: Expression) -> float | None:
    place, drops = whole(expression), _drops(mixture)
    if not 1 <= place <= len(drops):
        raise InputError(f"claims: {expression.label}: there are {len(drops)} components, counted from 1")
    return drops[place - 1]


def _contributing(mixture: Mixture, expression: Expression) -> float | None:
    """How many components cost more AP than the argument says when they are ignored."""
    return float(sum(drop > whole(expression) for drop in _drops(mixture)))


def _used(mixture: Mixture, expression: Expression) -> float | None:
    """How many components make a larger share of the predictions than the argument says."""
    shares = [one.share for one in mixture.components if one.share is not None]
    return float(sum(share > whole(expression) for share in shares)) if shares else None


def _scale_misfit(evidence: Evidence, expression: Expression) -> BySeed:
    """How far the scales found, over all components, are from the annotated ones (claim MX-3).

    The largest of three distances: what share of the predictions lies below the first quartile, the median and the
    third quartile of the truth, against 25, 50 and 75 %.
    """
    truth = evidence.detection[expression.variant].truth
    if truth is None or truth.scale is None:
        raise NotRunError(f"{expression.variant}: no scales of the annotated objects recorded")
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


# --- all of them ------------------------------------------------------------------------------------------------------

NO_CORRELATION = "one component makes all predictions, so nothing to correlate"

QUANTITIES: dict[str, Quantity] = {
    "AP_only": _on_subset(lambda component: component.only),
    "AP_only_small": _on_subset(lambda component: component.only, "ap_small"),
    "AP_only_large": _on_subset(lambda component: component.only, "ap_large"),
    "AP_forced": _on_subset(lambda component: component.forced),
    "share": _of_component(lambda one, expression, more: one.share),
    "share_strict": _of_component(lambda one, expression, more: one.share_strict),
    "sigma_x": _sigma("mean_x"),
    "sigma_y": _sigma("mean_y"),
    "positive": _of_component(_positive),
    "median_scale": _of_component(lambda one, expression, more: one.scale.median if one.scale else None),
    "views": _of_mixture(lambda mixture, expression: float(len(_views(mixture))), ""),
    "drop": _of_mixture(_drop, "no AP without its components recorded"),
    "contributing": _of_mixture(_contributing, "no AP without its components recorded"),
    "used": _of_mixture(_used, "no confident prediction"),
    "largest_weight": _of_mixture(lambda mixture, expression: mixture.largest_weight, "no weights recorded"),
    "scale_correlation": _of_mixture(lambda mixture, expression: mixture.scale_correlation, NO_CORRELATION),
    "category_correlation": _of_mixture(lambda mixture, expression: mixture.category_correlation, NO_CORRELATION),
    "scale_variance": _of_mixture(lambda mixture, expression: mixture.scale_variance, "no variance recorded"),
    "scale_misfit": _scale_misfit,
}
