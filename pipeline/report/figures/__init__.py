"""The figures: which there are, and drawing those whose data were run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.params import Run
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import best_of_many, curves, edges, hypotheses, overview, style
from pipeline.report.metrics import Results


@dataclass(frozen=True)
class Drawing:
    """A figure that this project knows how to draw: its file's name, title and what is to be seen on it."""

    name: str
    title: str
    caption: str
    draw: Callable[[Run, Results], Figure]


OVERVIEW = Drawing(
    "overview",
    "Overview",
    "Every variant's error, averaged action by action, after the last epoch. Of a mixture, or of an auto-encoder's "
    "samples, the bar is the mean, the ring the best of them, which only who knows the truth can choose. Paler, SH, "
    "CPN: given detections, or noise that stands for them, in place of the true 2D joints.",
    overview.draw,
)
DRAWINGS = (
    Drawing(
        "graphmdn_figure2",
        "GraphMDN, Figure 2",
        "Hypotheses of the mixture beside the truth, seen from three azimuths around the vertical; 60° is the camera's "
        "own view. Opacity is a hypothesis's weight, relative to the likeliest. Orange is the person's left, blue the "
        "right. Each row is the pose, of three actions, on which the best hypothesis is better than the mixture's mean "
        "by most (their P1 stands above the input): chosen to show the hypotheses apart, not as typical.",
        hypotheses.draw,
    ),
    Drawing(
        "graphmdn_hypotheses",
        "GraphMDN, Table 3 as a figure",
        "Error of the best of 5, 8 and 200 hypotheses, which are a mixture's kernels or an auto-encoder's samples; it "
        "takes the truth to choose it. Input is SH. Solid: here; bars, where there are several seeds, are their "
        "standard deviation. Dashed, hollow: as published, on Human3.6M, which other data do not compare with but in "
        "the order and slope of the lines. The paper does not say of its 8 kernels whether they are Wide: its point "
        "has the standard width's colour, and the line of the wide ones goes from 5 to 200.",
        best_of_many.draw,
    ),
    Drawing(
        "semgcn_figure4",
        "SemGCN, Figure 4",
        "Training loss (left) and error on the test subjects at the end of each epoch (right) of the four networks of "
        "Table 1. Shades, where there are several seeds, reach from the lowest to the highest.",
        curves.draw,
    ),
    Drawing(
        "semgcn_figure7",
        "SemGCN, Figure 7",
        "Learned edge weights of the SemGConv layers in the residual blocks (first seed). A row is what one joint "
        "takes from itself and its neighbours, and sums to 1; grey is no edge.",
        edges.draw_matrices,
    ),
    Drawing(
        "semgcn_figure8",
        "SemGCN, Figure 8",
        "What each joint keeps of itself, averaged over the layers (left), and the joints in the paper's three regions "
        "(right). The black marks are what the skeleton alone gives: a joint with few neighbours weighs more before "
        "anything is learned.",
        edges.draw_joints,
    ),
)


def draw_all(run: Run, results: Results, folder: Path) -> dict[str, str | None]:
    """Write every figure as PNG and SVG. Returns for each name why it was not drawn, None if it was."""
    reasons: dict[str, str | None] = {}
    for drawing in (OVERVIEW, *DRAWINGS):
        try:
            with style.applied():
                figure = drawing.draw(run, results)
            style.write(figure, folder, drawing.name)
            reasons[drawing.name] = None
        except NotRunError as reason:
            reasons[drawing.name] = str(reason)
    return reasons
