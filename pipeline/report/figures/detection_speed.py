"""Mixture Dense, Figure 3: speed against accuracy of the base network and of MDN_3."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from pipeline.config import Run
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.detection_schema import Mode
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import detection_parts, style

MODES: dict[Mode, str] = {"plain": "no flip", "flip": "flip", "scales_3": "S3", "scales_5": "S5"}
BASE, MIXTURE = style.BLUE, style.VERMILION


@dataclass(frozen=True)
class Line:
    label: str
    color: str
    marker: str
    dashes: str


# Of each panel: variant -> how its line looks. Colour is the head, marker and dashes are the rest.
ARCHITECTURES = {
    "boxes_l_base": Line("HG, base", BASE, "o", "-"),
    "boxes_l_mdn_3": Line("HG, MDN_3", MIXTURE, "o", "-"),
    "boxes_dla_base": Line("DLA-34, base", BASE, "s", "--"),
    "boxes_dla_mdn_3": Line("DLA-34, MDN_3", MIXTURE, "s", "--"),
}
SIZES = {
    "boxes_dla_base_768": Line("DLA-34, base, 768 px", BASE, "D", ":"),
    "boxes_dla_mdn_3_768": Line("DLA-34, MDN_3, 768 px", MIXTURE, "D", ":"),
}
PANELS = {"(a) Architectures": ARCHITECTURES, "(b) Trained at 768 px on a tenth of the images": SIZES}


@dataclass(frozen=True)
class Point:
    mode: Mode
    speed: float  # pictures a second
    ap: float  # percent, mean over seeds


def draw(run: Run, detection: DetectionResults) -> Figure:
    """A line a network, a point a way of testing. A panel of which nothing was run is left out."""
    panels = {title: found for title, lines in PANELS.items() if (found := _points(detection, lines))}
    if not panels:
        raise NotRunError(f"none of {', '.join([*ARCHITECTURES, *SIZES])} was run, or none was timed")
    figure = Figure(figsize=(style.WIDTH if len(panels) > 1 else 0.64 * style.WIDTH, 4.3), layout="constrained")
    for axes, (title, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        looks = PANELS[title]
        for variant, points in lines.items():
            rivals = [other for name, other in lines.items() if looks[name].marker == looks[variant].marker]
            _line(axes, looks[variant], points, above=_height(points) >= max(map(_height, rivals)))
        _finish(axes, title, [looks[name] for name in looks if name not in lines])
    return figure


def _points(detection: DetectionResults, variants: dict[str, Line]) -> dict[str, list[Point]]:
    return {name: points for name in detection_parts.ran(detection, variants) if (points := measured(detection, name))}


def measured(detection: DetectionResults, variant: str) -> list[Point]:
    """Speed and AP of every way of testing that a variant has both of, the slowest last."""
    speeds = detection.speeds.get(variant, {})
    found = {mode: detection_parts.precision(detection, variant, mode) for mode in MODES}
    return [Point(mode, float(speeds[mode]), ap.mean) for mode, ap in found.items() if ap and mode in speeds]


def _height(points: list[Point]) -> float:
    return sum(point.ap for point in points) / len(points)


def _line(axes: Axes, line: Line, points: list[Point], above: bool) -> None:
    """With the names of the points over the better of two rivals and under the other."""
    speeds, precisions = [point.speed for point in points], [point.ap for point in points]
    axes.plot(speeds, precisions, line.dashes, color=line.color, marker=line.marker, markersize=6, label=line.label)
    for point in points:
        axes.annotate(
            MODES[point.mode],
            (point.speed, point.ap),
            (0, 7 if above else -7),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=7.5,
            color=line.color,
        )


def _finish(axes: Axes, title: str, missing: list[Line]) -> None:
    axes.set_title(title, loc="left")
    axes.set_xscale("log")
    axes.set_xlabel("pictures a second, on this machine")
    axes.set_ylabel("AP, %")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5), numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(color=style.LIGHT, lw=0.8)
    axes.set_axisbelow(True)
    axes.margins(0.15, 0.2)
    handles, _ = axes.get_legend_handles_labels()
    handles += [Line2D([], [], ls="", label=f"{line.label} (not run)") for line in missing]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8, handlelength=3)
