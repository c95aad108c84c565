"""SemGCN, Figure 5: images with the pose that the network on images finds in them, its best cases and its worst."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.report.evidence import Evidence
from pipeline.report.figures import shown, skeleton, style

VARIANTS = ("semgcn_pixels", "semgcn_pixels_fixed")
FIELDS = ("pixels", "keypoints_2d", "pose", "truth", "error", "action")
VIEWS = (skeleton.CAMERA_AZIMUTH, skeleton.CAMERA_AZIMUTH + 90)
TRUTH = "#B8B8B8"
SIDES = ("successes", "failures")


def draw(evidence: Evidence) -> Figure:
    """Successes on the left, failures on the right: the image with 2D joints, then the pose from two sides."""
    variant = shown.first(evidence, VARIANTS)
    names = [f"case_{name}" for name in FIELDS]
    arrays = shown.arrays(evidence.run.layout.evaluation(variant), names, f"evaluate_pixels for {variant}")
    cases = [dict(zip(FIELDS, values, strict=True)) for values in zip(*(arrays[name] for name in names), strict=True)]
    rows = len(cases) // len(SIDES)
    figure = Figure(figsize=(style.WIDTH, 1.75 * rows + 0.45))
    grid = figure.subplots(rows, 8, squeeze=False, gridspec_kw={"width_ratios": [1, 1, 1, 0.12] * len(SIDES)})
    top = 1 - 0.42 / figure.get_figheight()
    figure.subplots_adjust(left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.02, hspace=0.2)
    for axes in grid.flat:
        style.bare(axes)
    for index, case in enumerate(cases):
        side, row = divmod(index, rows)
        _case(grid[row, 4 * side : 4 * side + 3], case)
    for side, head in enumerate(SIDES):
        box = grid[0, 4 * side + 1].get_position()
        place = 1 - 0.13 / figure.get_figheight()
        figure.text((box.x0 + box.x1) / 2, place, head, ha="center", va="center", color=style.GREY)
    return figure


def _case(cells: NDArray, case: dict[str, NDArray]) -> None:
    image, *views = cells
    side = len(case["pixels"])
    image.imshow(case["pixels"], extent=(0, side, side, 0), interpolation="nearest")
    skeleton.draw(image, case["keypoints_2d"])
    image.set(xlim=(0, side), ylim=(side, 0))
    image.set_title(f"{case['action']}, {float(case['error']):.0f} mm", fontsize=8, pad=2)
    for axes, azimuth in zip(views, VIEWS, strict=True):
        skeleton.draw(axes, skeleton.seen_from(case["truth"], azimuth), color=TRUTH, width=3.2)
        skeleton.draw(axes, skeleton.seen_from(case["pose"], azimuth))
        skeleton.frame_poses(axes, np.stack((case["truth"], case["pose"])))
