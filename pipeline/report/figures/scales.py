"""Mixture Dense, Figure 2: the scales of the annotated objects, and of the objects that each component predicts."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from pipeline.detection.results import Component, Quartiles
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import shown, style

MIXTURES = {"boxes_l_mdn_2": "MDN_2", "boxes_l_mdn_3": "MDN_3", "boxes_l_mdn_5": "MDN_5"}
GAP = 0.8  # between groups, in boxes


@dataclass(frozen=True)
class Bar:
    """One box of the plot, or an empty place for a component that predicts nothing."""

    label: str
    color: str
    scale: Quartiles | None
    share: float | None


def draw(evidence: Evidence) -> Figure:
    """Box plots (5 %, quartiles, 95 %) on a logarithmic axis, of the first seed."""
    detection, chosen = evidence.detection, shown.ran(evidence, MIXTURES)
    if not chosen:
        raise NotRunError("none of boxes_l_mdn_2, boxes_l_mdn_3 and boxes_l_mdn_5 was run")
    truth = next((found.scale for name in chosen if (found := detection[name].truth) and found.scale), None)
    if truth is None:
        raise NotRunError(f"{chosen[0]} has no scales of the annotated objects in its metrics file")
    groups = {"ground truth": [Bar("GT", style.GREY, truth, 100.0)]}
    for name in chosen:
        groups[MIXTURES[name]] = bars(shown.mixture(detection, name).components)
    figure = Figure(figsize=(style.WIDTH, 3.9), layout="constrained")
    axes = figure.subplots()
    _groups(axes, groups)
    missing = [title for name, title in MIXTURES.items() if name not in chosen]
    title = "Scale of the objects that a component predicts: square root of their area, px"
    axes.set_title(title + (f" ({', '.join(missing)} not run)" if missing else ""), loc="left")
    return figure


def bars(components: list[Component]) -> list[Bar]:
    """A mixture's components, ordered by the median scale of their predictions; those without predictions last."""
    order = sorted(
        range(len(components)),
        key=lambda one: (found.median if (found := components[one].scale) else float("inf"), one),
    )
    return [
        Bar(f"C{one + 1}", style.component_color(one), components[one].scale, components[one].share) for one in order
    ]


def _groups(axes: Axes, groups: dict[str, list[Bar]]) -> None:
    axes.set_yscale("log", base=2)
    place, places, labels = 0.0, [], []
    for title, members in groups.items():
        start = place
        for bar in members:
            if bar.scale:
                _box(axes, bar, bar.scale, place)
            places.append(place)
            labels.append(f"{bar.label}\n{_share(bar)}")
            place += 1.0
        middle = (start + place - 1) / 2
        axes.annotate(
            title, (middle, 0), (0, -33), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center",
            va="top", fontweight="bold",
        )  # fmt: skip
        place += GAP
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.7, places[-1] + 0.7)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    style.grid(axes, "y")


def _share(bar: Bar) -> str:
    if bar.share is None or not bar.scale:
        return "unused"
    return "< 1 %" if bar.share < 1 else f"{bar.share:.0f} %"


def _box(axes: Axes, bar: Bar, scale: Quartiles, place: float) -> None:
    statistics = {
        "whislo": scale.low, "q1": scale.first, "med": scale.median, "q3": scale.third, "whishi": scale.high,
    }  # fmt: skip
    axes.bxp(
        [statistics],
        positions=[place],
        widths=0.62,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": bar.color, "alpha": 0.75, "edgecolor": style.BLACK, "linewidth": 0.8},
        medianprops={"color": style.BLACK, "linewidth": 1.6},
        whiskerprops={"color": style.BLACK, "linewidth": 0.8},
        capprops={"color": style.BLACK, "linewidth": 0.8},
    )
