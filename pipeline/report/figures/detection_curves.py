"""Mixture Dense, Figure 4: validation AP over the epochs of the base networks and of mixtures."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline.config import Run
from pipeline.report import histories
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import detection_parts, style

# variant: (label, colour, dashes, marker), so that colour is never the only difference
Lines = dict[str, tuple[str, str, str | tuple[int, tuple[float, ...]], str]]
BOXES: Lines = {
    "boxes_l_base": ("HG, base", style.BLUE, (0, (4, 1.5)), "s"),
    "boxes_l_mdn_3": ("HG, MDN_3", style.VERMILION, "solid", "o"),
    "boxes_dla_base": ("DLA-34, base", style.SKY, (0, (1, 1)), "D"),
    "boxes_dla_mdn_3": ("DLA-34, MDN_3", style.ORANGE, (0, (6, 1.5, 1, 1.5)), "^"),
}
POSES: Lines = {
    "pose_l_base": ("HG, base", style.BLUE, (0, (4, 1.5)), "s"),
    "pose_l_mdn_1": ("HG, MDN_1", style.GREY, (0, (1, 1)), "D"),
    "pose_l_mdn_2": ("HG, MDN_2", style.GREEN, (0, (6, 1.5, 1, 1.5)), "^"),
    "pose_l_mdn_3": ("HG, MDN_3", style.VERMILION, "solid", "o"),
}
PANELS = {"Objects: validation AP, %": BOXES, "People: validation AP, %": POSES}


def draw(run: Run, detection: DetectionResults) -> Figure:
    """Lines are means over seeds; shades reach from the lowest seed to the highest."""
    panels = {title: lines for title, lines in PANELS.items() if detection_parts.ran(detection, lines)}
    if not panels:
        raise NotRunError(f"none of {', '.join([*BOXES, *POSES])} was run")
    figure = Figure(figsize=(style.WIDTH, 3.8), layout="constrained")
    for axes, (title, lines) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        chosen, highest = detection_parts.ran(detection, lines), 0.0
        for variant in chosen:
            curves = [precisions(run, variant, seed.seed) for seed in detection[variant].seeds]
            _line(axes, lines[variant], pd.concat(curves, axis=1))
            highest = max(highest, *(float(curve.max()) for curve in curves if len(curve)))
        for variant in lines:
            if variant not in chosen:
                axes.plot([], [], " ", label=f"{lines[variant][0]} (not run)")
        axes.set_title(title, loc="left")
        axes.set_xlabel("epoch")
        axes.grid(axis="y", color=style.LIGHT, lw=0.8)
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1.08 * highest if highest else 1.0)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8, handlelength=3.2)
    return figure


def precisions(run: Run, variant: str, seed: int) -> pd.Series:
    """Validation AP at the ends of epochs, indexed by epoch. Raises InputError on a missing or damaged file."""
    remedy = f"run `python -m pipeline train_detection --variant {variant}` again"
    frame = histories.read(run.layout.history(variant, seed), ("epoch", "val_ap"), remedy)
    return frame.dropna(subset="val_ap").set_index("epoch")["val_ap"]


def _line(axes: Axes, look: tuple, by_seed: pd.DataFrame) -> None:
    label, color, dashes, marker = look
    axes.plot(
        by_seed.index,
        by_seed.mean(axis=1),
        color=color,
        linestyle=dashes,
        marker=marker if len(by_seed) <= 60 else None,
        markersize=4.5,
        lw=1.6,
        label=label,
    )
    if by_seed.shape[1] > 1:
        axes.fill_between(by_seed.index, by_seed.min(axis=1), by_seed.max(axis=1), color=color, alpha=0.18, lw=0)
