"""SemGCN, Figure 4: training loss and test error of its four networks over the epochs."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.config import Run
from pipeline.report import evidence
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import style
from pipeline.report.metrics import Results

# variant: (label, colour, dashes, marker), so that colour is never the only difference
NETWORKS = {
    "resgcn": ("ResGCN", style.GREY, (0, (1, 1)), "s"),
    "semgcn_without_semgconv": ("without SemGConv", style.ORANGE, (0, (4, 1.5)), "^"),
    "semgcn_without_non_local": ("without non-local", style.SKY, (0, (6, 1.5, 1, 1.5)), "D"),
    "semgcn": ("SemGCN", style.BLUE, "solid", "o"),
}


def draw(run: Run, results: Results) -> Figure:
    """Lines are means over seeds; shades reach from the lowest seed to the highest."""
    ran = [variant for variant in NETWORKS if results[variant].ran]
    if not ran:
        raise NotRunError("none of SemGCN's four networks was run")
    figure = Figure(figsize=(style.WIDTH, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for variant in ran:
        histories = [evidence.history(run, variant, seed.seed) for seed in results[variant].seeds]
        _lines(left, variant, pd.concat([evidence.curve(history) for history in histories], axis=1), markers=False)
        errors = [history.dropna(subset="test_mpjpe").set_index("epoch")["test_mpjpe"] for history in histories]
        _lines(right, variant, pd.concat(errors, axis=1), markers=True)
    left.set_yscale("log")
    left.set_title("Training loss (mean squared error, m²)", loc="left")
    right.set_title("Test error (MPJPE, mm)", loc="left")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.grid(axis="y", which="major", color=style.LIGHT, lw=0.8)
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(left=0)
    for variant, (label, *_) in NETWORKS.items():
        if variant not in ran:
            right.plot([], [], " ", label=f"{label} (not run)")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=len(NETWORKS), handlelength=3.2)
    return figure


def _lines(axes: Axes, variant: str, by_seed: pd.DataFrame, markers: bool) -> None:
    label, color, dashes, marker = NETWORKS[variant]
    few = markers and len(by_seed) <= 60
    axes.plot(
        by_seed.index,
        by_seed.mean(axis=1),
        color=color,
        linestyle=dashes,
        marker=marker if few else None,
        markersize=4,
        lw=1.6,
        label=label,
    )
    if by_seed.shape[1] > 1:
        axes.fill_between(by_seed.index, by_seed.min(axis=1), by_seed.max(axis=1), color=color, alpha=0.18, lw=0)
