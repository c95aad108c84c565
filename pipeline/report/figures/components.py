"""The components of pose networks: how many people each predicts, seen from which side, and its offsets' directions."""

from __future__ import annotations

import math
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.detection.results import Component
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import shown, style

NEGLIGIBLE = 1.0  # percent: of a component below this only the share is shown


def draw(evidence: Evidence) -> Figure:
    """One row per mixture (first seed), one colour per component."""
    variants = _mixtures(evidence)
    if not variants:
        raise NotRunError("no pose network with two components or more was run")
    parts = {name: shown.mixture(evidence.detection, name).components for name in variants}
    known = any(one.back_views is not None for components in parts.values() for one in components)
    panels: list[Callable[[Axes, int, list[Component]], None]] = [_shares, *([_back_views] if known else []), _sides]
    figure = Figure(figsize=(style.WIDTH, 0.42 * len(variants) + 1.6), layout="constrained")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(grid, panels, strict=True):
        for place, components in enumerate(parts.values()):
            panel(axes, place, components)
        axes.set_xlim(-3, 103)
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        style.rows(axes)
    grid[0].set_yticks(range(len(variants)), [evidence.run.detection_variant(name).title for name in variants])
    grid[0].set_ylim(len(variants) - 0.45, -0.6)
    _key(figure, max(map(len, parts.values())))
    return figure


def _mixtures(evidence: Evidence) -> list[str]:
    """The pose variants with several components that were run, in the order of params.yaml."""
    several = (
        name
        for name, variant in evidence.run.detection_variants.items()
        if variant.task == "pose" and variant.mixture and variant.head.total_components > 1
    )
    return shown.ran(evidence, several)


def _shares(axes: Axes, place: int, components: list[Component]) -> None:
    axes.set_title("Share of the people found\nthat it predicts", loc="left")
    start = 0.0
    for index, one in enumerate(components):
        share = one.share or 0.0
        axes.barh(place, share, left=start, height=0.6, color=style.component_color(index), edgecolor="white", lw=0.6)
        if share >= 12:
            axes.text(start + share / 2, place, f"{share:.0f}", ha="center", va="center", color="white", fontsize=8)
        start += share


def _back_views(axes: Axes, place: int, components: list[Component]) -> None:
    axes.set_title("Of its people,\nseen from the back", loc="left")
    for index, one in _used(components):
        if one.back_views is not None:
            size = 3.5 + 7 * math.sqrt((one.share or 0.0) / 100)
            axes.plot(one.back_views, place, "o", color=style.component_color(index), markersize=size, alpha=0.9)


def _sides(axes: Axes, place: int, components: list[Component]) -> None:
    """A person who faces the camera has the left parts on the right of the image."""
    axes.set_title("Of its parts, right of the\ncentre in the image", loc="left")
    axes.axvline(50, color=style.GREY, lw=0.8, ls=(0, (3, 2)))
    used = _used(components)
    for order, (index, one) in enumerate(used):
        if one.directions is None:
            continue
        height = place + (order - (len(used) - 1) / 2) * min(0.26, 0.6 / max(1, len(used)))
        color, ways = style.component_color(index), (one.directions.left_x, one.directions.right_x)
        axes.plot(ways, (height, height), color=color, lw=1.2)
        axes.plot(ways[0], height, "o", color=color, markersize=6)
        axes.plot(ways[1], height, "o", color="white", markeredgecolor=color, markeredgewidth=1.4, markersize=6)


def _used(components: list[Component]) -> list[tuple[int, Component]]:
    return [(index, one) for index, one in enumerate(components) if (one.share or 0.0) >= NEGLIGIBLE]


def _key(figure: Figure, count: int) -> None:
    handles = [
        Line2D([], [], color=style.component_color(index), lw=5, label=f"component {index + 1}")
        for index in range(count)
    ]
    handles.append(Line2D([], [], ls="", marker="o", color=style.GREY, label="left parts"))
    handles.append(Line2D([], [], ls="", marker="o", color=style.GREY, mfc="white", label="right parts"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 7), fontsize=8)
