"""GraphMDN, Figure 2: the hypotheses of a mixture beside the truth, seen from three sides."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import skeleton, style
from pipeline.report.metrics import Results

VARIANT = "graphmdn"
AZIMUTHS = (0.0, 60.0, 90.0)
LEAST_OPACITY = 0.02  # what weighs less is not drawn

Arrays = dict[str, NDArray]


def draw(run: Run, results: Results) -> Figure:
    """Three rows of actions; the input, then truth and hypotheses from each azimuth. Opacity goes with the weight."""
    if not results[VARIANT].ran:
        raise NotRunError(f"{VARIANT} was not run")
    arrays = _examples(run)
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


def _examples(run: Run) -> Arrays:
    path = run.layout.evaluation(VARIANT)
    arrays = artifacts.read_arrays(path)
    names = ("keypoints_2d", "truth", "hypotheses", "weights", "action", "mpjpe_mean", "mpjpe_oracle")
    for name in names:
        if f"example_{name}" not in arrays:
            raise InputError(f"{path}: example_{name}: missing; run evaluate_lifting for {VARIANT} again")
    return {f"example_{name}": arrays[f"example_{name}"] for name in names}


def _row(cells: NDArray, example: Arrays) -> None:
    truth, hypotheses = example["example_truth"], example["example_hypotheses"]  # [16, 3], [K, 16, 3]
    weights = example["example_weights"]
    _input(cells[0], example)
    # One scale for the whole row, wide enough for every pose from every side.
    everything = np.concatenate((truth[None], hypotheses[weights > LEAST_OPACITY]))
    upright = -everything[..., 1]
    reach = 1.06 * np.array([np.hypot(everything[..., 0], everything[..., 2]).max(), np.ptp(upright) / 2])
    middle = np.array([0.0, (upright.max() + upright.min()) / 2])
    for index, azimuth in enumerate(AZIMUTHS):
        true_axes, estimated_axes = cells[3 * index + 2], cells[3 * index + 3]
        skeleton.draw(true_axes, skeleton.seen_from(truth, azimuth))
        _hypotheses(estimated_axes, skeleton.seen_from(hypotheses, azimuth), weights)
        for axes in (true_axes, estimated_axes):
            skeleton.frame(axes, middle, reach)


def _hypotheses(axes: Axes, poses: NDArray, weights: NDArray) -> None:
    """The likeliest hypothesis is drawn last and opaque; the others as their weight is to its."""
    for kernel in np.argsort(weights, kind="stable"):
        opacity = float(weights[kernel] / weights.max())
        if opacity >= LEAST_OPACITY:
            skeleton.draw(axes, poses[kernel], opacity)


def _input(axes: Axes, example: Arrays) -> None:
    keypoints = example["example_keypoints_2d"] * [1.0, -1.0]  # pictures have y down
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    skeleton.draw(axes, keypoints)
    skeleton.frame(axes, (low + high) / 2, 0.56 * (high - low))
    axes.set_title(
        f"{example['example_action']}\nmean {example['example_mpjpe_mean']:.0f}, "
        f"best {example['example_mpjpe_oracle']:.0f} mm",
        fontsize=7.5,
        pad=3,
    )


def _heads(figure: Figure, first_row: NDArray) -> None:
    """Azimuths over the pairs of columns, and what each column shows."""
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
