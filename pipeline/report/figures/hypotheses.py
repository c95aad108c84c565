"""GraphMDN, Figure 2: a mixture's hypotheses beside the true pose, from three azimuths."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.report.evidence import Evidence
from pipeline.report.figures import shown, skeleton, style
from pipeline.report.figures.shown import Arrays

VARIANT = "graphmdn"
AZIMUTHS = (0.0, 60.0, 90.0)
LEAST_OPACITY = 0.02  # a hypothesis below this is not drawn
NAMES = ("keypoints_2d", "truth", "hypotheses", "weights", "action", "mpjpe_mean", "mpjpe_oracle")


def draw(evidence: Evidence) -> Figure:
    """One row per action: the input, then the truth and the hypotheses from each azimuth. Opacity shows the weight."""
    shown.require(evidence, VARIANT)
    names = [f"example_{name}" for name in NAMES]
    found = shown.arrays(evidence.run.layout.evaluation(VARIANT), names, f"evaluate_lifting for {VARIANT}")
    arrays = {name: found[name] for name in names}
    count = len(arrays["example_truth"])
    figure = Figure(figsize=(style.WIDTH, 1.62 * count + 0.75))
    grid = figure.subplots(
        count, 10, squeeze=False, gridspec_kw={"width_ratios": [1.15, 0.12, 1, 1, 0.12, 1, 1, 0.12, 1, 1]}
    )
    figure.subplots_adjust(
        left=0.005, right=0.995, top=1 - 0.62 / figure.get_figheight(), bottom=0.01, wspace=0, hspace=0.2
    )
    for axes in grid.flat:
        style.bare(axes)
    for row in range(count):
        _row(grid[row], {name: values[row] for name, values in arrays.items()})
    _heads(figure, grid[0])
    return figure


def _row(cells: NDArray, example: Arrays) -> None:
    truth, hypotheses = example["example_truth"], example["example_hypotheses"]  # [16, 3], [K, 16, 3]
    weights = example["example_weights"]
    _input(cells[0], example)
    # One scale for the whole row.
    everything = np.concatenate((truth[None], hypotheses[weights > LEAST_OPACITY]))
    for index, azimuth in enumerate(AZIMUTHS):
        true_axes, estimated_axes = cells[3 * index + 2], cells[3 * index + 3]
        skeleton.draw(true_axes, skeleton.seen_from(truth, azimuth))
        _hypotheses(estimated_axes, skeleton.seen_from(hypotheses, azimuth), weights)
        for axes in (true_axes, estimated_axes):
            skeleton.frame_poses(axes, everything)


def _hypotheses(axes: Axes, poses: NDArray, weights: NDArray) -> None:
    """Opacity is the weight relative to the largest. The likeliest hypothesis is drawn last."""
    for kernel in np.argsort(weights, kind="stable"):
        opacity = float(weights[kernel] / weights.max())
        if opacity >= LEAST_OPACITY:
            skeleton.draw(axes, poses[kernel], opacity)


def _input(axes: Axes, example: Arrays) -> None:
    skeleton.draw_input(axes, example["example_keypoints_2d"])
    axes.set_title(
        f"{example['example_action']}\nmean {example['example_mpjpe_mean']:.0f}, "
        f"best {example['example_mpjpe_oracle']:.0f} mm",
        fontsize=7.5,
        pad=3,
    )


def _heads(figure: Figure, first_row: NDArray) -> None:
    """The azimuth over each pair of columns, and what each column shows."""
    height = figure.get_figheight()
    top, below = 1 - 0.18 / height, 1 - 0.4 / height
    for index, azimuth in enumerate(AZIMUTHS):
        boxes = [first_row[3 * index + 2 + column].get_position() for column in (0, 1)]
        note = " (the camera's view)" if azimuth == skeleton.CAMERA_AZIMUTH else ""
        figure.text((boxes[0].x0 + boxes[1].x1) / 2, top, f"Azimuth {azimuth:.0f}°{note}", ha="center", va="center")
        for box, head in zip(boxes, ("truth", "hypotheses"), strict=True):
            figure.text((box.x0 + box.x1) / 2, below, head, ha="center", va="center", color=style.GREY, fontsize=8)
    box = first_row[0].get_position()
    figure.text((box.x0 + box.x1) / 2, top, "Input", ha="center", va="center")
