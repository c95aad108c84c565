"""Contact sheets of the synthetic set: does it look human?"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from pipeline.sources.synthetic import SyntheticSettings, joints
from pipeline.sources.synthetic_actions import ACTIONS
from pipeline.sources.synthetic_curves import Array
from pipeline.sources.synthetic_people import TEST, TRAIN

LEFT_COLOR, RIGHT_COLOR, TRUNK_COLOR = "#1f6fb4", "#d1495b", "#3b3b3b"
LIMBS = (
    ((0, 7, 8, 9), TRUNK_COLOR),
    ((1, 0, 4), TRUNK_COLOR),
    ((14, 8, 11), TRUNK_COLOR),
    ((4, 5, 6), LEFT_COLOR),
    ((11, 12, 13), LEFT_COLOR),
    ((1, 2, 3), RIGHT_COLOR),
    ((14, 15, 16), RIGHT_COLOR),
)
HEAD_RADIUS = 95.0  # mm
SETTINGS = SyntheticSettings(frames_per_second=5.0, seconds_per_take=12.0)


def draw_all(folder: Path) -> None:
    """Write the pictures of docs/synthetic.md: all actions from the front, some from two sides, and the people."""
    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    sheet(folder / "synthetic_actions.png", list(ACTIONS), moments=6, azimuths=(0.0,))
    sheet(
        folder / "synthetic_sides.png", ["Walking", "Sitting", "SittingDown", "Photo"], moments=3, azimuths=(0.0, 90.0)
    )
    people(folder / "synthetic_people.png")


def sheet(path: Path, actions: list[str], moments: int, azimuths: tuple[float, ...]) -> None:
    """Rows of actions, columns of moments of S9's first take, each seen from every azimuth (degrees)."""
    columns = moments * len(azimuths)
    figure, grid = pyplot.subplots(len(actions), columns, figsize=(1.15 * columns, 1.35 * len(actions)))
    for row, action in zip(np.atleast_2d(grid), actions, strict=True):
        poses, _ = joints(TEST[0], action, 0, SETTINGS)
        for column, axes in enumerate(row):
            moment, azimuth = divmod(column, len(azimuths))
            pose = poses[moment * (len(poses) - 1) // max(1, moments - 1)]
            draw_figure(axes, pose - pose[0] * (1, 1, 0), azimuths[azimuth])
        row[0].set_title(action, fontsize=8, loc="left", pad=1)
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.97, 0.02, 0.22)
    figure.savefig(path, dpi=80, metadata={"Software": None})
    pyplot.close(figure)


def people(path: Path) -> None:
    """The seven people, each in the first moment of Waiting."""
    everyone = (*TRAIN, *TEST)
    figure, grid = pyplot.subplots(1, len(everyone), figsize=(1.3 * len(everyone), 2.1))
    for axes, person in zip(grid, everyone, strict=True):
        pose = joints(person, "Waiting", 0, SETTINGS)[0][0]
        draw_figure(axes, pose - pose[0] * (1, 1, 0), 0.0)
        axes.set_title(person.name, fontsize=8)
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.9, 0.02, 0.1)
    figure.savefig(path, dpi=80, metadata={"Software": None})
    pyplot.close(figure)


def draw_figure(axes: Axes, pose: Array, azimuth: float) -> None:
    """A stick figure of joints [17, 3], seen from `azimuth` degrees; what is nearer to the viewer covers the rest."""
    turn = np.radians(azimuth)
    across = pose[:, 0] * np.cos(turn) + pose[:, 1] * np.sin(turn)
    depth = -pose[:, 0] * np.sin(turn) + pose[:, 1] * np.cos(turn)
    points = np.stack((across, pose[:, 2]), axis=-1)
    for limb, color in LIMBS:
        chosen = list(limb)
        line = axes.plot(*points[chosen].T, color=color, linewidth=1.8, zorder=2 - depth[chosen].mean() / 1e4)[0]
        line.set_solid_capstyle("round")
    middle = points[9] * 0.4 + points[10] * 0.6
    axes.add_patch(
        pyplot.Circle(
            (middle[0], middle[1]),
            HEAD_RADIUS,
            facecolor="white",
            edgecolor=TRUNK_COLOR,
            linewidth=1.2,
            zorder=2 - depth[10] / 1e4,
        )
    )
    axes.axhline(0, color="#bbbbbb", linewidth=0.6, zorder=0)
    axes.set(xlim=(-850, 850), ylim=(-60, 2050), aspect="equal")
    axes.set_axis_off()
