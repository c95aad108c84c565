"""Which component of a detection variant's mixture is meant: components have no order of their own.

| name                              | component                                                                        |
| --------------------------------- | -------------------------------------------------------------------------------- |
| `front`, `back`                   | sees people from there (poses); none if the components do not differ in the view |
| `rest`                            | neither of the two; of several, the one that makes most predictions              |
| `front?`, `back?`, `rest?`        | the same; if the components do not differ in the view, the first, second or      |
|                                   | third by share                                                                   |
| `smallest`, `largest`             | by the median scale of its objects, among those that make 5 % of the predictions |
| `share_1`, `share_2`, ...         | by rank of its share of the predictions                                          |
| `scale_1`, `scale_2`, ...         | by rank of the median scale of its objects, the smallest first                   |
"""

from __future__ import annotations

import math

from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.detection.results import Component, Mixture

IN_USE = 5.0  # percent of the predictions, from which a component is looked at
VIEWS = ("front", "back", "rest")
NAMES = (*VIEWS, *(f"{view}?" for view in VIEWS), "smallest", "largest", "share_1", "scale_1")


def find(mixture: Mixture, name: str) -> Component | None:
    """The component of that name; None if there is none. Raises InputError on another name."""
    index = _index(mixture, name)
    return None if index is None else mixture.components[index]


def _index(mixture: Mixture, name: str) -> int | None:
    kind, _, rank = name.partition("_")
    if name in ("smallest", "largest"):
        scales = [
            (one.scale.median, index)
            for index, one in enumerate(mixture.components)
            if one.scale and (one.share or 0.0) >= IN_USE
        ]
        return (min if name == "smallest" else max)(scales)[1] if len(scales) > 1 else None
    if name.removesuffix("?") in VIEWS:
        if not tells_views_apart(mixture) and not name.endswith("?"):
            return None
        return _ranked(by_view(mixture), VIEWS.index(name.removesuffix("?")))
    if kind in ("share", "scale") and rank.isdecimal() and rank != "0":
        return _ranked(by_share(mixture) if kind == "share" else by_scale(mixture), int(rank) - 1)
    raise InputError(f"pipeline/report/papers: no component {name!r}{nearest(name, NAMES)}")


def _ranked(order: list[int], rank: int) -> int | None:
    return order[rank] if rank < len(order) else None


def tells_views_apart(mixture: Mixture) -> bool:
    return mixture.front is not None and mixture.back is not None and mixture.front != mixture.back


def by_share(mixture: Mixture) -> list[int]:
    """Components from the most frequent to the rarest."""
    return sorted(range(len(mixture.components)), key=lambda index: -(mixture.components[index].share or 0.0))


def by_scale(mixture: Mixture) -> list[int]:
    """Components from that of the smallest objects to that of the largest; those without predictions last."""

    def median(part: Component) -> float:
        return part.scale.median if part.scale else math.inf

    return sorted(range(len(mixture.components)), key=lambda index: median(mixture.components[index]))


def by_view(mixture: Mixture) -> list[int]:
    """The front component, the back one, the rest by share; all by share if they do not differ in the view."""
    if not tells_views_apart(mixture):
        return by_share(mixture)
    views = [index for index in (mixture.front, mixture.back) if index is not None]
    return views + [index for index in by_share(mixture) if index not in views]
