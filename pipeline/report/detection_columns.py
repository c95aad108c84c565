"""What the cells of the image side's tables hold: paths into a metrics file, and the columns that every table may have.

A path is the names of the fields, with dots: `modes.plain.ap`, `groups.wrists`, `truth.visible_face`, `speed.flip`;
`100 - ` before it gives the rest to 100. Components have no order of their own, so a path names one by what it does:
`mixture.components.front.without.ap`. `share_1` makes most predictions, `scale_1` those of the smallest objects,
`front` and `back` see people from there, `other_1` is the most frequent of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from pipeline.artifacts import InputError
from pipeline.report import columns
from pipeline.report.detection_schema import Component, DetectionMetrics, Mixture, Seed
from pipeline.report.metrics import Statistic
from pipeline.report.render import NONE, NOT_RUN, Cell, Column, Value

REST = "100 - "
VIEWS = ("front", "back", "other")
OPTIONAL = ("modes", "training_images", "speed")  # what a preset may leave unmeasured though the variant was run
COLLAPSED = "collapsed"


@dataclass(frozen=True)
class Source:
    """A variant's metrics and its speeds, {mode: images a second}."""

    metrics: DetectionMetrics
    speeds: dict[str, float]

    def value(self, path: str) -> Value:
        """What stands there, over seeds; `not run`, or `-` where there is no such number."""
        if not self.metrics.ran:
            return NOT_RUN
        plain = path.removeprefix(REST)
        found = [value for value in self._values(plain) if value is not None]
        if not found:
            return NOT_RUN if self._unmeasured(plain) else NONE
        return Statistic.of([100 - value for value in found] if plain != path else found)

    def _values(self, path: str) -> list[float | None]:
        """One a seed; of what no seed plays a part in, a single one."""
        root, _, rest = path.partition(".")
        if root == "speed":
            return [self.speeds.get(rest)]
        if root == "truth":
            return [look_up(self.metrics, path)]
        return [look_up(seed, path) for seed in self.metrics.seeds]

    def _unmeasured(self, path: str) -> bool:
        root, mode, *_ = [*path.split("."), ""]
        seeds = self.metrics.seeds
        pointless = mode == "mean" and not any(seed.mixture and len(seed.mixture.components) > 1 for seed in seeds)
        # A mode that was measured lacks a number only where there is none: AP of large objects, without such objects.
        measured = root != "speed" and any(mode in (getattr(seed, root, None) or {}) for seed in seeds)
        return root in OPTIONAL and not pointless and not measured


def look_up(start: Seed | DetectionMetrics, path: str) -> float | None:
    """The number at a path; None if the file has none there. Raises InputError if no file could have one."""
    found: Any = start
    mixture: Mixture | None = None
    for name in path.split("."):
        if found is None:
            return None
        if isinstance(found, Mixture):
            mixture = found
        if isinstance(found, list):
            assert mixture, f"{path}: a list outside a mixture"
            index = component(mixture, name)
            found = None if index is None else found[index]
        elif isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, BaseModel) and name in type(found).model_fields:
            found = getattr(found, name)
        else:
            raise InputError(f"tables_*.yaml: {path}: metrics have no {name!r} there; correct the path")
    return found


# --- components -------------------------------------------------------------------------------------------------------


def component(mixture: Mixture, name: str) -> int | None:
    """The index of the component that a path names; None if there are too few. Raises InputError on another name."""
    kind, _, number = name.partition("_")
    if kind in VIEWS:
        order = by_view(mixture)
        rank = VIEWS.index(kind) + (int(number) - 1 if number.isdigit() else 0)
    elif kind in ("share", "scale") and number.isdigit():
        order = by_share(mixture) if kind == "share" else by_scale(mixture)
        rank = int(number) - 1
    else:
        raise InputError(f"tables_*.yaml: no component {name!r}; there is front, back, other_1, share_1, scale_1")
    return order[rank] if rank < len(order) else None


def by_share(mixture: Mixture) -> list[int]:
    """Components from the most frequent to the rarest."""
    return sorted(range(len(mixture.components)), key=lambda index: -(mixture.components[index].share or 0.0))


def by_scale(mixture: Mixture) -> list[int]:
    """Components from that of the smallest objects to that of the largest; those without predictions last."""

    def median(part: Component) -> float:
        return part.scale.median if part.scale else math.inf

    return sorted(range(len(mixture.components)), key=lambda index: median(mixture.components[index]))


def by_view(mixture: Mixture) -> list[int]:
    """The component of front views, that of back views, the rest by share; all by share if views are not told apart."""
    views = [mixture.front, mixture.back]
    if not tells_views_apart(mixture):
        return by_share(mixture)
    return [index for index in views if index is not None] + [i for i in by_share(mixture) if i not in views]


def tells_views_apart(mixture: Mixture) -> bool:
    return mixture.front is not None and mixture.back is not None and mixture.front != mixture.back


# --- columns that any table may have ----------------------------------------------------------------------------------


def cell(column: str, source: Source) -> Cell:
    """One cell of a column that has a name; `not run` in each of its fields if the variant was not."""
    heading, content = COLUMNS[column]
    return content(source) if source.metrics.ran else (NOT_RUN,) * len(heading.fields)


def legend(names: Iterable[str]) -> tuple[str, ...]:
    """What these columns mean, as far as it needs words."""
    return tuple(LEGEND[name] for name in names if name in LEGEND)


def _epochs(source: Source) -> Cell:
    training = source.metrics.training
    return (f"{training.epochs:g}", f"{training.epochs_stated:g}") if training else (NONE, NONE)


def _parameters(source: Source) -> Cell:
    return (source.metrics.parameters or NONE,)


def _of_components(value: Callable[[Component], float | None]) -> Callable[[Source], Cell]:
    """A figure of each component, averaged over seeds, from the most frequent component to the rarest: `71 / 29`."""

    def cell(source: Source) -> Cell:
        mixtures = [seed.mixture for seed in source.metrics.seeds if seed.mixture]
        if not mixtures or len(mixtures[0].components) == 1:
            return (NONE,)
        return (" / ".join(_mean(values) for values in _ranked(mixtures, value)),)

    return cell


def _ranked(mixtures: list[Mixture], value: Callable[[Component], float | None]) -> list[list[float]]:
    """By rank of share: the figure's values in the seeds that have it."""
    ranked: list[list[float]] = [[] for _ in mixtures[0].components]
    for mixture in mixtures:
        for values, index in zip(ranked, by_share(mixture), strict=True):
            found = value(mixture.components[index])
            values += [] if found is None else [found]
    return ranked


def _mean(values: list[float]) -> str:
    return f"{Statistic.of(values).mean:.0f}" if values else NONE


def _shares(source: Source) -> Cell:
    (shares,) = _of_components(lambda part: part.share)(source)
    mixtures = [seed.mixture for seed in source.metrics.seeds if seed.mixture]
    collapsed = sum(mixture.collapsed for mixture in mixtures)
    if shares == NONE or not collapsed:
        return (shares,)
    seeds = "" if len(mixtures) == 1 else f" ({collapsed} of {len(mixtures)} seeds)"
    return (f"{shares}, {COLLAPSED}{seeds}",)


COLUMNS: dict[str, tuple[Column, Callable[[Source], Cell]]] = {
    "shares": (Column("Shares of components, %", ("shares of components %",)), _shares),
    "back_views": (
        Column("Seen from the back, by component, %", ("seen from the back %",)),
        _of_components(lambda part: part.back_views),
    ),
    "scales": (
        Column("Median scale, by component, px", ("median scales px",)),
        _of_components(lambda part: part.scale.median if part.scale else None),
    ),
    "parameters": (columns.heading("parameters"), _parameters),
    "epochs": (columns.heading("epochs"), _epochs),
    "seeds": (columns.heading("seeds"), lambda source: (len(source.metrics.seeds),)),
}

PRECISION = (
    "AP: COCO's average precision, in %, over the validation images after the last epoch; AP50, AP75: at one overlap "
    "(for keypoints one OKS); APS, APM, APL: of small, medium and large objects. AR: average recall."
)
ABSENT = (
    "*Paper*: as printed there. `-`: there is no such number. `not run`: the variant was left out, or this was not "
    "measured here."
)
ORDER = "from the component that makes most predictions to the one that makes fewest, a mean over seeds"
LEGEND = {
    "shares": f"*Shares of components*: of the predictions of score 0.5 or more, {ORDER}. `{COLLAPSED}`: one makes "
    "more than 95 %.",
    "back_views": f"*Seen from the back*: how many of the people that a component predicts show their back, {ORDER}. "
    "Only made pictures tell.",
    "scales": f"*Median scale*: the square root of the area of the objects that a component predicts, {ORDER}.",
    "epochs": columns.legend(["epochs"])[0],
}
