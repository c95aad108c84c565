"""SemGCN, Figures 7 and 8: the learned weights of the skeleton's edges."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.report import edge_weights
from pipeline.report.evidence import Evidence
from pipeline.report.figures import shown, skeleton, style

VARIANT = "semgcn"
COLUMNS = 4

# The paper's three regions: name, lower bound of the weight, colour.
REGIONS = (("above 0.4", 0.4, style.VERMILION), ("0.3 to 0.4", 0.3, style.ORANGE), ("below 0.3", 0.0, style.SKY))


def draw_matrices(evidence: Evidence) -> Figure:
    """Figure 7: one matrix per layer (first seed). Row i has the weights with which joint i takes from each joint."""
    matrices = edge_weights.read(evidence.run, VARIANT, _seeds(evidence)[0])
    rows = math.ceil(len(matrices) / COLUMNS)
    figure = Figure(figsize=(style.WIDTH, 2.25 * rows + 0.55), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, squeeze=False, sharex=True, sharey=True)
    shown = np.ma.masked_where(~np.broadcast_to(edge_weights.EDGES, matrices.shape), matrices)
    top = math.ceil(10 * float(shown.max())) / 10
    for axes in grid.flat[len(matrices) :]:
        axes.set_axis_off()
    for layer, axes in enumerate(grid.flat[: len(matrices)]):
        axes.set_facecolor("#F4F4F4")
        image = axes.imshow(shown[layer], cmap="viridis", vmin=0, vmax=top, interpolation="nearest")
        axes.set_title(f"block {layer // 2 + 1}, layer {layer % 2 + 1}")
        axes.tick_params(length=0, labelsize=6)
        axes.set_xticks(range(16), HUMAN36M_16.names, rotation=90)
        axes.set_yticks(range(16), HUMAN36M_16.names)
        for spine in axes.spines.values():
            spine.set_visible(False)
    bar = figure.colorbar(image, ax=grid, shrink=0.6, aspect=28, pad=0.01)
    bar.set_label("weight of the edge")
    bar.outline.set_visible(False)
    figure.supxlabel("what it takes from", fontsize=9)
    figure.supylabel("joint", fontsize=9)
    return figure


def draw_joints(evidence: Evidence) -> Figure:
    """Figure 8: the weight of each joint, averaged over layers and seeds, and the joints in three regions of weight."""
    matrices = [edge_weights.read(evidence.run, VARIANT, seed) for seed in _seeds(evidence)]
    by_seed = np.stack([edge_weights.joint_weights(one) for one in matrices])  # [S, 16]
    weights = by_seed.mean(axis=0)
    figure = Figure(figsize=(style.WIDTH, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.75, 1])
    _bars(left, weights, by_seed)
    _regions(right, weights)
    return figure


def _bars(axes: Axes, weights: NDArray, by_seed: NDArray) -> None:
    order = np.argsort(weights, kind="stable")
    places = np.arange(len(order))
    axes.barh(places, weights[order], height=0.66, color=[_region(weights[joint])[1] for joint in order])
    uniform = edge_weights.uniform_weights()[order]
    axes.plot(uniform, places, "|", color=style.BLACK, markersize=11, markeredgewidth=1.6, label="with nothing learned")
    if len(by_seed) > 1:
        spread = np.abs(np.stack((by_seed.min(axis=0), by_seed.max(axis=0))) - weights)[:, order]
        axes.errorbar(
            weights[order], places, xerr=spread, fmt="none", ecolor=style.GREY, lw=1, label="lowest, highest seed"
        )
    for bound in (0.3, 0.4):
        axes.axvline(bound, color=style.GREY, lw=0.8, ls=(0, (2, 2)), zorder=0)
    axes.set_yticks(places, [HUMAN36M_16.names[joint] for joint in order])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.08 * max(weights.max(), uniform.max()))
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.set_title("Weight of each joint, mean over the layers", loc="left")
    axes.legend(loc="lower right", fontsize=8)


def _regions(axes: Axes, weights: NDArray) -> None:
    style.bare(axes)
    skeleton.draw(axes, skeleton.TEMPLATE_POSE, width=2.2, color=style.GREY)
    for joint, place in enumerate(skeleton.TEMPLATE_POSE):
        axes.plot(*place, "o", color=_region(weights[joint])[1], markersize=16, markeredgecolor="white", zorder=3)
        axes.text(place[0], place[1], f"{weights[joint]:.2f}"[1:], ha="center", va="center", fontsize=6.5, zorder=4)
    for name, _, color in REGIONS:
        axes.plot([], [], "o", color=color, markersize=9, label=name)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, -0.06), ncols=3, fontsize=8, handletextpad=0.1, columnspacing=0.9
    )
    axes.set_xlim(-0.75, 0.75)
    axes.set_ylim(-1.2, 0.95)
    axes.set_aspect("equal")
    axes.set_title("The joints in three regions", loc="center")


def _region(weight: float) -> tuple[str, str]:
    return next((name, color) for name, least, color in REGIONS if weight > least or least == 0.0)


def _seeds(evidence: Evidence) -> list[int]:
    shown.require(evidence, VARIANT)
    return [seed.seed for seed in evidence.results[VARIANT].seeds]
