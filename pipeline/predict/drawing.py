"""The input drawn back: the first people with the names of their joints, to see whether the layout is right."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.predict.keypoints import Keypoints
from pipeline.predict.keypoints.layouts import side

PEOPLE = 6
COLOURS = {"left": "#1f6fb4", "right": "#d1495b", "middle": "#3b3b3b"}


def draw(path: Path, keypoints: Keypoints, rows: np.ndarray) -> None:
    """Write a PNG of the first PEOPLE of the `rows` in one frame each, the person's own left side in blue."""
    frames, first = np.unique(keypoints.table.frame[rows], return_index=True)
    chosen = rows[first][:PEOPLE] if len(frames) > 1 else rows[:PEOPLE]
    columns = min(3, len(chosen))
    lines = math.ceil(len(chosen) / columns)
    figure = Figure(figsize=(5.0 * columns, 5.0 * lines), layout="constrained")
    for axes, row in zip(figure.subplots(lines, columns, squeeze=False).flat, chosen, strict=False):
        _person(axes, keypoints, int(row))
    for axes in figure.axes[len(chosen) :]:
        axes.set_axis_off()
    figure.suptitle(f"Read as {keypoints.layout.title} (left: blue, right: red)")
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _person(axes: Axes, keypoints: Keypoints, row: int) -> None:
    places, there = keypoints.places[row], ~keypoints.absent[row]
    names = keypoints.layout.joints
    for first, second in keypoints.layout.bones:
        if there[first] and there[second]:
            axes.plot(*places[[first, second]].T, color=COLOURS[side(names[second])], linewidth=1.5)
    for joint in np.flatnonzero(there):
        axes.plot(*places[joint], ".", color=COLOURS[side(names[joint])], markersize=6)
        axes.annotate(names[joint], places[joint], xytext=(3, 3), textcoords="offset points", fontsize=7)
    axes.set_title(keypoints.table.images[row], fontsize=9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.invert_yaxis()
