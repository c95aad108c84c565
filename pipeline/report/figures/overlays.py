"""HGN, Figures 4 and 5: test poses as HGN and its baseline predict them, with the true poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.evidence import Evidence
from pipeline.report.figures import shown, skeleton, style

BASELINE, OURS = "semgcn_17", "hgn"
TRUTH_COLOR, OURS_COLOR, BASELINE_COLOR = style.BLACK, "#D1202A", style.BLUE  # as in the paper: black, red, blue
PAPERS_ACTIONS = ("SittingDown", "Photo", "Sitting")
VIEWS = {skeleton.CAMERA_AZIMUTH: "the camera's view", skeleton.CAMERA_AZIMUTH + 90: "from the side"}
POSES, ACROSS = 8, 2  # Figure 5: the most poses, and how many per row
MILLIMETRES = 1000.0


@dataclass(frozen=True)
class Overlay:
    """One test pose. Poses are root-relative, [J, 3] in metres in the camera's frame (y down); the input is in px."""

    action: str
    row: int
    truth: NDArray  # [J, 3]
    pose: NDArray  # [J, 3], predicted
    keypoints_2d: NDArray  # [J, 2]
    occluded: NDArray  # [J] bool: hidden by another part of the body

    @property
    def mpjpe(self) -> float:
        return MILLIMETRES * float(np.linalg.norm(self.pose - self.truth, axis=-1).mean())


def read(evidence: Evidence, variant: str) -> list[Overlay]:
    """One pose per action, in the data's order. Raises NotRunError, or InputError on a damaged file."""
    shown.require(evidence, variant)
    names = [f"overlay_{name}" for name in ("action", "row", "truth", "pose", "keypoints_2d", "occluded")]
    arrays = shown.arrays(evidence.run.layout.evaluation(variant), names, f"evaluate_lifting for {variant}")
    rows = zip(*(arrays[name] for name in names), strict=True)
    return [Overlay(str(action), int(row), *rest) for action, row, *rest in rows]


# --- Figure 4 ---------------------------------------------------------------------------------------------------------


def draw_comparison(evidence: Evidence) -> Figure:
    """One row per action: the input, then truth, HGN and SemGCN over each other from two sides."""
    pairs = _same_poses(evidence.run, read(evidence, OURS), read(evidence, BASELINE))
    chosen = [pairs[action] for action in self_occluded([ours for ours, _ in pairs.values()])]
    figure = Figure(figsize=(style.WIDTH, 2.45 * len(chosen) + 0.65))
    grid = figure.subplots(len(chosen), 3, squeeze=False, gridspec_kw={"width_ratios": [1, 1.25, 1.25]})
    figure.subplots_adjust(
        left=0.01, right=0.99, top=1 - 0.5 / figure.get_figheight(), bottom=0.35 / figure.get_figheight(), wspace=0.02,
        hspace=0.16,
    )  # fmt: skip
    for axes in grid.flat:
        style.bare(axes)
    for cells, (ours, baseline) in zip(grid, chosen, strict=True):
        _input(cells[0], ours, ours.action)
        for axes, azimuth in zip(cells[1:], VIEWS, strict=True):
            _compare(axes, ours, baseline, azimuth)
        cells[1].set_title(f"HGN {ours.mpjpe:.0f} mm, SemGCN {baseline.mpjpe:.0f} mm", fontsize=8, pad=2)
    _heads(figure, grid[0])
    handles = [
        grid[0, 0].plot([], [], color=color, lw=2, label=label)[0]
        for color, label in ((TRUTH_COLOR, "truth"), (OURS_COLOR, "HGN"), (BASELINE_COLOR, "SemGCN"))
    ]
    handles += grid[0, 0].plot([], [], "o", color="white", markeredgecolor=style.GREY, label="hidden by the body")
    figure.legend(handles=handles, loc="lower center", ncols=4)
    return figure


def self_occluded(overlays: list[Overlay], count: int = 3) -> list[str]:
    """The paper's three actions if the data have them all, else the actions whose poses have the most hidden joints."""
    actions = [overlay.action for overlay in overlays]
    if set(PAPERS_ACTIONS) <= set(actions):
        return list(PAPERS_ACTIONS)
    order = sorted(overlays, key=lambda overlay: -int(overlay.occluded.sum()))  # stable: ties in the data's order
    return [overlay.action for overlay in order[:count]]


def _same_poses(run: Run, ours: list[Overlay], baseline: list[Overlay]) -> dict[str, tuple[Overlay, Overlay]]:
    """The poses of both networks by action. Raises InputError if they are of different rows of the test set."""
    if [overlay.row for overlay in ours] != [overlay.row for overlay in baseline]:
        where = run.layout.evaluation(BASELINE)
        raise InputError(f"{where}: overlay_row: not the poses of {OURS}; run evaluate_lifting for {BASELINE} again")
    return {one.action: (one, other) for one, other in zip(ours, baseline, strict=True)}


def _compare(axes: Axes, ours: Overlay, baseline: Overlay, azimuth: float) -> None:
    truth = skeleton.seen_from(ours.truth, azimuth)
    for pose, color, width in (
        (truth, TRUTH_COLOR, 2.4),
        (skeleton.seen_from(baseline.pose, azimuth), BASELINE_COLOR, 1.5),
        (skeleton.seen_from(ours.pose, azimuth), OURS_COLOR, 1.5),
    ):
        skeleton.draw(axes, pose, color=color, width=width)
    _mark(axes, truth, ours.occluded)
    skeleton.frame_poses(axes, np.concatenate((ours.truth, ours.pose, baseline.pose)))


# --- Figure 5 ---------------------------------------------------------------------------------------------------------


def draw_examples(evidence: Evidence) -> Figure:
    """Up to eight actions, two per row: the input, and HGN's pose from two sides with the truth in grey behind it."""
    overlays = _spread_out(read(evidence, OURS), POSES)
    rows = -(-len(overlays) // ACROSS)
    figure = Figure(figsize=(style.WIDTH, 1.75 * rows + 0.45))
    widths = [1, 1.1, 1.1, 0.12] * ACROSS
    grid = figure.subplots(rows, len(widths), squeeze=False, gridspec_kw={"width_ratios": widths})
    figure.subplots_adjust(
        left=0.01, right=0.99, top=1 - 0.42 / figure.get_figheight(), bottom=0.01, wspace=0.02, hspace=0.2
    )
    for axes in grid.flat:
        style.bare(axes)
    for index, overlay in enumerate(overlays):
        cells = grid[index // ACROSS, 4 * (index % ACROSS) : 4 * (index % ACROSS) + 3]
        _input(cells[0], overlay, f"{overlay.action}, {overlay.mpjpe:.0f} mm")
        for axes, azimuth in zip(cells[1:], VIEWS, strict=True):
            skeleton.draw(axes, skeleton.seen_from(overlay.truth, azimuth), color="#B8B8B8", width=3.2)
            skeleton.draw(axes, skeleton.seen_from(overlay.pose, azimuth))
            skeleton.frame_poses(axes, np.concatenate((overlay.truth, overlay.pose)))
    for column in range(min(ACROSS, len(overlays))):
        _heads(figure, grid[0, 4 * column : 4 * column + 3])
    return figure


def _spread_out(overlays: list[Overlay], count: int) -> list[Overlay]:
    """At most `count` of them, spread evenly over the actions in the data's order."""
    if len(overlays) <= count:
        return overlays
    return [overlays[index] for index in np.linspace(0, len(overlays) - 1, count).round().astype(int)]


# --- parts of both ----------------------------------------------------------------------------------------------------


def _input(axes: Axes, overlay: Overlay, title: str) -> None:
    _mark(axes, skeleton.draw_input(axes, overlay.keypoints_2d), overlay.occluded)
    axes.set_title(title, fontsize=8, pad=2)


def _mark(axes: Axes, joints: NDArray, occluded: NDArray) -> None:
    """A ring around every joint that another part of the body hides."""
    (rings,) = axes.plot(*joints[occluded].T, "o", color="none", markeredgecolor=style.GREY, markersize=5.5)
    rings.set(markeredgewidth=0.9, clip_on=False)


def _heads(figure: Figure, first_row: NDArray) -> None:
    """What each column shows, above the first row."""
    place = 1 - 0.13 / figure.get_figheight()
    for axes, head in zip(first_row, ("input", *VIEWS.values()), strict=True):
        box = axes.get_position()
        figure.text((box.x0 + box.x1) / 2, place, head, ha="center", va="center", color=style.GREY, fontsize=8)
