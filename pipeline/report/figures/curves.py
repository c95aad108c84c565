"""Training curves: SemGCN's Figure 4 (loss and test error) and Mixture Dense's Figure 4 (validation AP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.report import histories
from pipeline.report.evidence import Evidence, NotRunError
from pipeline.report.figures import shown, style

MOST_MARKERS = 60  # a curve of more points has none


@dataclass(frozen=True)
class Look:
    """How a variant's curve looks. Colour is never the only difference between two curves."""

    label: str
    color: str
    dashes: Any
    marker: str


DOTTED, DASHED, DASH_DOTTED = (0, (1, 1)), (0, (4, 1.5)), (0, (6, 1.5, 1, 1.5))
SEMGCN = {
    "resgcn": Look("ResGCN", style.GREY, DOTTED, "s"),
    "semgcn_without_semgconv": Look("without SemGConv", style.ORANGE, DASHED, "^"),
    "semgcn_without_non_local": Look("without non-local", style.SKY, DASH_DOTTED, "D"),
    "semgcn": Look("SemGCN", style.BLUE, "solid", "o"),
}
BOXES = {
    "boxes_l_base": Look("HG, base", style.BLUE, DASHED, "s"),
    "boxes_l_mdn_3": Look("HG, MDN_3", style.VERMILION, "solid", "o"),
    "boxes_dla_base": Look("DLA-34, base", style.SKY, DOTTED, "D"),
    "boxes_dla_mdn_3": Look("DLA-34, MDN_3", style.ORANGE, DASH_DOTTED, "^"),
}
POSES = {
    "pose_l_base": Look("HG, base", style.BLUE, DASHED, "s"),
    "pose_l_mdn_1": Look("HG, MDN_1", style.GREY, DOTTED, "D"),
    "pose_l_mdn_2": Look("HG, MDN_2", style.GREEN, DASH_DOTTED, "^"),
    "pose_l_mdn_3": Look("HG, MDN_3", style.VERMILION, "solid", "o"),
}
PANELS = {"Objects: validation AP, %": BOXES, "People: validation AP, %": POSES}


def draw_errors(evidence: Evidence) -> Figure:
    """SemGCN, Figure 4: training loss and test error of its four networks."""
    run, results = evidence.run, evidence.results
    ran = shown.ran(evidence, SEMGCN)
    if not ran:
        raise NotRunError("none of SemGCN's four networks was run")
    figure = Figure(figsize=(style.WIDTH, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for variant in ran:
        found = [histories.lifting(run, variant, seed.seed) for seed in results[variant].seeds]
        _curve(left, SEMGCN[variant], [histories.loss_curve(history) for history in found], markers=False)
        errors = [history.dropna(subset="test_mpjpe").set_index("epoch")["test_mpjpe"] for history in found]
        _curve(right, SEMGCN[variant], errors)
    left.set_yscale("log")
    _finish(left, "Training loss (mean squared error, m²)")
    _finish(right, "Test error (MPJPE, mm)")
    _name_missing(right, SEMGCN, ran)
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=len(SEMGCN), handlelength=3.2)
    return figure


def draw_precisions(evidence: Evidence) -> Figure:
    """Mixture Dense, Figure 4: validation AP of base networks and of mixtures."""
    run = evidence.run
    panels = {title: looks for title, looks in PANELS.items() if shown.ran(evidence, looks)}
    if not panels:
        raise NotRunError(f"none of {', '.join([*BOXES, *POSES])} was run")
    figure = Figure(figsize=(style.WIDTH, 3.8), layout="constrained")
    for axes, (title, looks) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        ran, highest = shown.ran(evidence, looks), 0.0
        for variant in ran:
            by_seed = [histories.precisions(run, variant, seed.seed) for seed in evidence.detection[variant].seeds]
            _curve(axes, looks[variant], by_seed)
            highest = max(highest, *(float(curve.max()) for curve in by_seed if len(curve)))
        _finish(axes, title)
        _name_missing(axes, looks, ran)
        axes.set_ylim(0, 1.08 * highest if highest else 1.0)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8, handlelength=3.2)
    return figure


def _curve(axes: Axes, look: Look, by_seed: list[pd.Series], markers: bool = True) -> None:
    """The mean over seeds as a line; shading from the lowest seed to the highest."""
    frame = pd.concat(by_seed, axis=1)
    axes.plot(
        frame.index,
        frame.mean(axis=1),
        color=look.color,
        linestyle=look.dashes,
        marker=look.marker if markers and len(frame) <= MOST_MARKERS else None,
        markersize=4.5,
        lw=1.6,
        label=look.label,
    )
    if frame.shape[1] > 1:
        axes.fill_between(frame.index, frame.min(axis=1), frame.max(axis=1), color=look.color, alpha=0.18, lw=0)


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(left=0)
    style.grid(axes, "y")


def _name_missing(axes: Axes, looks: dict[str, Look], ran: list[str]) -> None:
    for variant, look in looks.items():
        if variant not in ran:
            axes.plot([], [], " ", label=f"{look.label} (not run)")
