"""Figures of the synthetic data set for docs/synthetic.md.

A sheet is one drawing in millimetres: stick figures side by side on the floor of their row, all at the same scale.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

from pipeline.data.motion.settings import SyntheticMotion
from pipeline.data.motion.synthetic import joints
from pipeline.data.motion.synthetic.actions import ACTIONS
from pipeline.data.motion.synthetic.body import TEST, TRAIN, Motion, Person, assemble
from pipeline.data.motion.synthetic.curves import Array
from pipeline.data.motion.synthetic.postures import reach

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
SECONDS = 12.0
SETTINGS = SyntheticMotion(frames_per_second=2.0, seconds_per_take=SECONDS)
CELL, LABEL, GAP, HEADING = 1320.0, 1500.0, 230.0, 560.0  # mm: a figure, an action's name, above a row, above all rows
PIXELS_PER_MM, DOTS_PER_INCH = 0.075, 120.0


def draw_all(folder: Path) -> None:
    """Write the figures of docs/synthetic.md: all actions, some of them from two sides, and the people."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_actions(folder / "synthetic_actions.png", moments=6)
    draw_sides(folder / "synthetic_sides.png", ("Walking", "Sitting", "SittingDown", "Photo"), moments=4)
    draw_people(folder / "synthetic_people.png")


def draw_actions(path: Path, moments: int) -> None:
    """S9's first take of every action, seen from one place, in two blocks of rows; time runs to the right."""
    chosen = _moments(moments)
    heads = [f"{frame / SETTINGS.frames_per_second:g} s" for frame in chosen]
    rows = [(action, [(pose, 0.0) for pose in _poses(action)[chosen]]) for action in ACTIONS]
    half = len(rows) // 2
    _sheet(path, [(heads, rows[:half]), (heads, rows[half:])])


def draw_sides(path: Path, actions: tuple[str, ...], moments: int) -> None:
    """Every moment twice: from the person's front, and from the right."""
    chosen = _moments(moments)
    heads = [f"{frame / SETTINGS.frames_per_second:g} s, {side}" for frame in chosen for side in ("front", "right")]
    rows = []
    for action in actions:
        poses = [(pose, _heading(pose)) for pose in _poses(action)[chosen]]
        rows.append((action, [(pose, heading + turn) for pose, heading in poses for turn in (np.pi / 2, 0.0)]))
    _sheet(path, [(heads, rows)])


def draw_people(path: Path) -> None:
    """The seven people at rest, from the front."""
    everyone = [(person, at_rest(person)) for person in (*TRAIN, *TEST)]
    heads = [f"{person.name}, {pose[10, 2] / 1000:.2f} m" for person, pose in everyone]
    _sheet(path, [(heads, [("", [(pose, np.pi / 2) for _, pose in everyone])])], label=0.0)


def at_rest(person: Person) -> Array:
    """Joints [17, 3] mm of a person who stands upright, faces x and lets both arms hang."""
    feet = np.array([[(0.0, side * person.half_hip, person.ankle_height) for side in (1, -1)]])
    nothing = np.zeros((1, 3))
    motion = Motion(
        pelvis=np.array([[0.0, 0.0, person.ankle_height + person.leg]]),
        heading=np.zeros(1),
        tilt=nothing,
        trunk=nothing,
        neck=nothing,
        arms=np.broadcast_to(reach(person, "side"), (1, 2, 4)),
        ankles=feet,
        knees=np.broadcast_to((1.0, 0.1, 0.0), (1, 2, 3)),
    )
    return assemble(person, motion)[0]


def _moments(count: int) -> list[int]:
    """Frames spread over a take."""
    return np.linspace(0, SECONDS * SETTINGS.frames_per_second - 1, count).round().astype(int).tolist()


def _poses(action: str) -> Array:
    return joints(TEST[0], action, 0, SETTINGS)[0]


def _heading(pose: Array) -> float:
    """Radians: where the hips face; 0 is along x."""
    left = pose[4] - pose[1]
    return float(np.arctan2(-left[0], left[1]))


Row = tuple[str, list[tuple[Array, float]]]  # a name, and poses with the azimuth in radians from which each is seen


def _sheet(path: Path, blocks: list[tuple[list[str], list[Row]]], label: float = LABEL) -> None:
    """Blocks side by side, each with a head for every column and its rows below; a row is as high as its people."""
    wide = [label + CELL * len(heads) for heads, _ in blocks]
    depth = [HEADING + sum(_height(row) for row in rows) for _, rows in blocks]
    size = np.array((sum(wide), max(depth) + 100.0))
    figure = Figure(figsize=tuple(size * PIXELS_PER_MM / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, size[0]), ylim=(-size[1], 0.0))
    axes.set_axis_off()
    _draw_legend(axes)
    start = 0.0
    for (heads, rows), width in zip(blocks, wide, strict=True):
        for column, head in enumerate(heads):
            axes.text(
                start + label + CELL * (column + 0.5), -HEADING + 60, head, fontsize=7, ha="center", color="#777777"
            )
        floor = -HEADING
        for row in rows:
            floor -= _height(row)
            axes.plot((start + 60, start + width - 60), (floor, floor), color="#bbbbbb", linewidth=0.6, zorder=0)
            axes.text(start + 100, floor + 120, row[0], fontsize=8)
            for column, (pose, azimuth) in enumerate(row[1]):
                _draw_figure(axes, pose, azimuth, (start + label + CELL * (column + 0.5), floor))
        start += width
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # A few colours are enough and halve the file.
    Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB").quantize(32).save(path, optimize=True)


def _height(row: Row) -> float:
    return max(float(pose[:, 2].max()) for pose, _ in row[1]) + HEAD_RADIUS / 2 + GAP


def _draw_legend(axes: Axes) -> None:
    for start, name, color in ((100.0, "the person's left", LEFT_COLOR), (2300.0, "the person's right", RIGHT_COLOR)):
        axes.plot((start, start + 260), (-200, -200), color=color, linewidth=2.2)
        axes.text(start + 330, -200, name, fontsize=8, va="center")


def _draw_figure(axes: Axes, pose: Array, azimuth: float, origin: tuple[float, float]) -> None:
    """A stick figure of joints [17, 3], its middle above `origin`; what is nearer to the viewer covers the rest."""
    across = pose[:, 0] * np.cos(azimuth) + pose[:, 1] * np.sin(azimuth)
    depth = -pose[:, 0] * np.sin(azimuth) + pose[:, 1] * np.cos(azimuth)
    depth = depth - depth[0]
    middle = (across.min() + across.max()) / 2
    points = np.stack((across - middle, pose[:, 2]), axis=-1) + origin
    for limb, color in LIMBS:
        chosen = list(limb)
        order = 2 - depth[chosen].mean() / 1e4
        axes.plot(*points[chosen].T, color=color, linewidth=2.0, zorder=order, solid_capstyle="round")
    center = points[9] * 0.4 + points[10] * 0.6
    axes.add_patch(
        Circle(
            (float(center[0]), float(center[1])),
            HEAD_RADIUS,
            facecolor="white",
            edgecolor=TRUNK_COLOR,
            linewidth=1.2,
            zorder=2 - depth[10] / 1e4,
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw the synthetic set, to see whether it looks human.")
    parser.add_argument("folder", type=Path, help="where the figures are written")
    draw_all(parser.parse_args().folder)
