"""Predictions on validation images: MDN offset, Figure 2, and Mixture Dense, Figure 5.

The images and predictions are those that the evaluation kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse, Rectangle
from numpy.typing import NDArray

from pipeline.config import Run
from pipeline.geometry import coco_keypoints
from pipeline.report.evidence import Evidence
from pipeline.report.figures import shown, style
from pipeline.report.figures.shown import Arrays

POSES = ("pose_l_mdn_3_3x", "pose_l_mdn_3", "pose_l_mdn_2")  # both papers show MDN_3 after 150 epochs
BOXES = ("boxes_l_mdn_3_3x", "boxes_l_mdn_3", "boxes_l_mdn_2")
ACROSS = 4
CELL = 4.0  # px of the network's input per cell of its output
HEADING = 0.36  # inches
DEVIATIONS = 2.0  # an ellipse's half axes, in standard deviations


@dataclass(frozen=True)
class Found:
    """One object that the network found, in px of the stored image. Components count from 0."""

    box: NDArray  # [4] x0 y0 x1 y1
    center: NDArray  # [2]
    component: int
    weight: float  # of that component
    deviation: NDArray  # [2] px
    keypoints: NDArray | None  # [17, 2]


@dataclass(frozen=True)
class Sample:
    """A validation image, its annotations, and the objects that the network found."""

    pixels: NDArray  # [S, S, 3]
    found: list[Found]
    truth_boxes: NDArray  # [T, 4]
    truth_keypoints: NDArray | None  # [T, 17, 3], x, y, visibility


# --- reading ----------------------------------------------------------------------------------------------------------


def read(run: Run, variant: str) -> list[Sample]:
    """The images kept for a variant. Raises InputError on a damaged file.

    Sigmas are stored in cells, as the loss has them. The standard deviation of a keypoint is sigma times COCO's factor
    of the keypoint (in one variant, sigma divided by it); that of a person is the mean over the 17 keypoints.
    """
    names = ["pixels", "image", "boxes", "center", "component", "weights", "sigmas"]
    if run.detection_variant(variant).task == "pose":
        names.append("keypoints")
    remedy = f"`python -m pipeline evaluate_detection` for {variant}"
    arrays = shown.arrays(run.layout.detection_examples(variant), names, remedy)
    pixels = arrays["pixels"]
    scale = CELL * pixels.shape[1] / run.input_size(variant) * _factor(run, variant)
    return [_sample(arrays, index, scale) for index in range(len(pixels))]


def _factor(run: Run, variant: str) -> float:
    settings = run.detection_variant(variant)
    factors = np.array(coco_keypoints.SIGMAS) if settings.task == "pose" else np.ones(1)
    return float((1 / factors if settings.head.keypoint_factors == "divided" else factors).mean())


def _sample(arrays: Arrays, index: int, scale: float) -> Sample:
    rows = np.flatnonzero(arrays["image"] == index)
    true = np.flatnonzero(arrays.get("truth_image", np.zeros(0)) == index)
    found = [
        Found(
            box=arrays["boxes"][row],
            center=arrays["center"][row],
            component=(chosen := int(arrays["component"][row])),
            weight=float(arrays["weights"][row, chosen]),
            deviation=scale * arrays["sigmas"][row, chosen],
            keypoints=arrays["keypoints"][row] if "keypoints" in arrays else None,
        )
        for row in rows
    ]
    return Sample(
        arrays["pixels"][index],
        found,
        arrays.get("truth_boxes", np.zeros((0, 4)))[true],
        arrays["truth_keypoints"][true] if "truth_keypoints" in arrays else None,
    )


# --- figures ----------------------------------------------------------------------------------------------------------


def draw_poses(evidence: Evidence) -> Figure:
    """MDN offset, Figure 2: up to twelve images of people."""
    run, variant = evidence.run, shown.first(evidence, POSES)
    return _sheet([(f"People: {run.detection_variant(variant).title}", read(run, variant)[:12])])


def draw_both(evidence: Evidence) -> Figure:
    """Mixture Dense, Figure 5: (a) objects, (b) people, up to eight images of each."""
    run, boxes, poses = evidence.run, shown.first(evidence, BOXES), shown.first(evidence, POSES)
    return _sheet(
        [
            (f"(a) Objects: {run.detection_variant(boxes).title}", read(run, boxes)[:8]),
            (f"(b) People: {run.detection_variant(poses).title}", read(run, poses)[-8:]),
        ]
    )


def _sheet(parts: Sequence[tuple[str, list[Sample]]]) -> Figure:
    """Rows of images, a heading over each part, and one key of the components below."""
    side = style.WIDTH / ACROSS
    spaces = [_space(samples) for _, samples in parts]
    heights = [-(-len(samples) // ACROSS) * (side + space) for (_, samples), space in zip(parts, spaces, strict=True)]
    figure = Figure(figsize=(style.WIDTH, sum(heights) + HEADING * len(parts) + 0.35))
    high = figure.get_figheight()
    top = 0.0
    for (title, samples), space in zip(parts, spaces, strict=True):
        figure.text(0.008, 1 - (top + 0.18) / high, title, fontsize=10, fontweight="bold", va="center")
        top += HEADING
        for start in range(0, len(samples), ACROSS):
            for column, sample in enumerate(samples[start : start + ACROSS]):
                left = (column + 0.02) / ACROSS
                low = 1 - (top + space + 0.96 * side) / high
                axes = figure.add_axes((left, low, 0.96 / ACROSS, 0.96 * side / high))
                _draw(axes, sample)
            top += side + space
    used = sorted({found.component for _, samples in parts for sample in samples for found in sample.found})
    figure.legend(handles=_key(used), loc="lower center", ncols=len(used) + 2, fontsize=8, handlelength=1.8)
    return figure


def _space(samples: list[Sample]) -> float:
    """Inches above a row of images, for the words there if any image has some."""
    return 0.2 if any(len(sample.found) < 2 for sample in samples) else 0.0


def _key(used: list[int]) -> list[Line2D]:
    handles = [Line2D([], [], color=style.component_color(one), lw=2.5, label=f"component {one + 1}") for one in used]
    ellipse = Line2D([], [], ls="", marker="o", color=style.GREY, mfc="none", label="two standard deviations")
    return [*handles, ellipse, Line2D([], [], label="truth", **_TRUTH)]


# --- one image --------------------------------------------------------------------------------------------------------

_TRUTH: dict[str, Any] = {
    "color": "white",
    "lw": 0.9,
    "path_effects": [patheffects.Stroke(linewidth=2.0, foreground=style.BLACK), patheffects.Normal()],
}
_THIN_HALO = [patheffects.Stroke(linewidth=2.0, foreground="white", alpha=0.6), patheffects.Normal()]
_HALO = [patheffects.Stroke(linewidth=3.0, foreground="white", alpha=0.75), patheffects.Normal()]


def _draw(axes: Axes, sample: Sample) -> None:
    size = sample.pixels.shape[0]
    axes.imshow(sample.pixels, extent=(0, size, size, 0), interpolation="nearest" if size < 128 else "antialiased")
    axes.set(xlim=(0, size), ylim=(size, 0))
    style.bare(axes)
    if sample.truth_keypoints is None:
        for box in sample.truth_boxes:
            _box(axes, box, {"edgecolor": _TRUTH["color"], "lw": _TRUTH["lw"], "path_effects": _TRUTH["path_effects"]})
    else:
        for keypoints in sample.truth_keypoints:
            _bones(axes, keypoints[:, :2], keypoints[:, 2] > 0, _TRUTH)
    for found in sample.found:
        color = style.component_color(found.component)
        bold: dict[str, Any] = {"color": color, "lw": 1.7, "path_effects": _HALO, "solid_capstyle": "round"}
        if found.keypoints is not None:
            _bones(axes, found.keypoints, np.ones(len(found.keypoints), dtype=bool), bold)
        _box(axes, found.box, {"edgecolor": color, "lw": 1.0 if found.keypoints is not None else 1.7})
        ellipse = Ellipse(tuple(found.center), *(2 * DEVIATIONS * found.deviation), fc="none", ec=color, lw=1.1)
        ellipse.set_path_effects(_THIN_HALO)
        axes.add_patch(ellipse)
    _label(axes, sample.found)


def _bones(axes: Axes, joints: NDArray, known: NDArray, look: dict[str, Any]) -> None:
    for bone in coco_keypoints.BONES:
        if known[list(bone)].all():
            axes.plot(*joints[list(bone)].T, **look)


def _box(axes: Axes, box: NDArray, look: dict[str, Any]) -> None:
    axes.add_patch(Rectangle((box[0], box[1]), box[2] - box[0], box[3] - box[1], fc="none", **look))


def _label(axes: Axes, found: list[Found]) -> None:
    """The chosen component's weight: above the image if it has one object, else at the upper left of each box."""
    if not found:
        axes.set_title("nothing found", fontsize=7.5, pad=2, color=style.GREY, loc="left")
    elif len(found) == 1:
        words = f"component {found[0].component + 1}, weight {found[0].weight:.2f}"
        axes.set_title(words, fontsize=7.5, pad=2, loc="left", color=style.component_color(found[0].component))
    else:
        for one in found:
            left, top = np.clip(one.box[:2], 0, None)
            weight = axes.text(left, top, f"{one.weight:.2f}", fontsize=6, color="white", va="top", clip_on=True)
            weight.set_bbox({"facecolor": style.component_color(one.component), "edgecolor": "none", "pad": 0.8})
