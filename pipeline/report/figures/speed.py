"""Mixture Dense, Figure 3: speed against AP, of base networks and of MDN_3."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from pipeline.detection.results import Mode
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import shown, style
from pipeline.report.metrics import DetectionResults

MODES: dict[Mode, str] = {"plain": "no flip", "flip": "flip", "scales_3": "S3", "scales_5": "S5"}
BASE, MIXTURE = style.BLUE, style.VERMILION


@dataclass(frozen=True)
class Line:
    label: str
    color: str
    marker: str
    dashes: str


# For each panel, how each variant's line looks. Colour shows the head, marker and dashes the rest.
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
    speed: float  # images per second
    ap: float  # percent, mean over seeds


def draw(evidence: Evidence) -> Figure:
    """One line per network, one point per mode of testing. A panel without any result is left out."""
    panels = {title: found for title, lines in PANELS.items() if (found := _points(evidence, lines))}
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


def _points(evidence: Evidence, variants: dict[str, Line]) -> dict[str, list[Point]]:
    ran = shown.ran(evidence, variants)
    return {name: points for name in ran if (points := measured(evidence.detection, name))}


def measured(detection: DetectionResults, variant: str) -> list[Point]:
    """Speed and AP in every mode that was both tested and timed, the slowest last."""
    speeds = detection[variant].speeds
    found = {mode: shown.precision(detection, variant, mode) for mode in MODES}
    return [Point(mode, float(speeds[mode]), ap.mean) for mode, ap in found.items() if ap and mode in speeds]


def _height(points: list[Point]) -> float:
    return sum(point.ap for point in points) / len(points)


def _line(axes: Axes, line: Line, points: list[Point], above: bool) -> None:
    """A line with the names of its points, which are above it if it is the better of two rivals, else below."""
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
    axes.set_xlabel("images per second, on this machine")
    axes.set_ylabel("AP, %")
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5), numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    style.grid(axes, "both")
    axes.margins(0.15, 0.2)
    handles, _ = axes.get_legend_handles_labels()
    handles += [Line2D([], [], ls="", label=f"{line.label} (not run)") for line in missing]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, fontsize=8, handlelength=3)
