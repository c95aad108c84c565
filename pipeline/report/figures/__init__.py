"""The figures: which there are, and drawing those whose data were run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.config import Run
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import (
    best_of_many,
    bodies,
    curves,
    detection_components,
    detection_curves,
    detection_overview,
    detection_samples,
    detection_scales,
    detection_speed,
    edges,
    gains,
    hypotheses,
    overlays,
    overview,
    style,
)
from pipeline.report.metrics import Results


@dataclass(frozen=True)
class Entry:
    """A figure that this project knows how to draw: its file's name, title and what is to be seen on it."""

    name: str
    title: str
    caption: str


@dataclass(frozen=True)
class Drawing(Entry):
    """One of lifting variants."""

    draw: Callable[[Run, Results], Figure]


@dataclass(frozen=True)
class DetectionDrawing(Entry):
    """One of detection variants."""

    draw: Callable[[Run, DetectionResults], Figure]
    shows_pictures: bool = False  # those that were found in, which are others' where they were downloaded


OVERVIEW = Drawing(
    "overview",
    "Overview",
    "The error of every variant that was run, averaged action by action, after the last epoch. Of a mixture, or of an "
    "auto-encoder's samples, the bar is the mean, the ring the best of them, which only who knows the truth can "
    "choose. Paler, SH, CPN: given detections, or noise that stands for them, in place of the true 2D joints.",
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
    Drawing(
        "hgn_figure3",
        "HGN, Figure 3",
        "Mean error of SemGCN (17 joints) and of HGN by joint, over all test poses, and by action, given the true 2D "
        "joints. The last pair and the dashed lines are the mean over all (left of all poses alike, the root included; "
        "right action by action). Over each pair stands what HGN gains, in mm. Lines on the bars, "
        "where there are several seeds, are their standard deviation.",
        gains.draw,
    ),
    Drawing(
        "hgn_figure4",
        "HGN, Figure 4",
        "Truth (black), HGN (red) and SemGCN (blue) over each other, from the camera and from its right side, where "
        "depth shows. SittingDown, Photo and Sitting as in the paper, where the data have them all; else the three "
        "actions whose pose has the most hidden joints. Of each action it is the pose in which the body hides the most "
        "of its joints (rings): chosen for that, before anything was predicted. First seed.",
        overlays.draw_comparison,
    ),
    Drawing(
        "hgn_figure5",
        "HGN, Figure 5",
        "HGN on test subjects: the 2D input, and its pose from the camera and from the side, with the truth in grey "
        "behind it. Orange is the person's left, blue the right; rings are joints that the body hides. Of each action "
        "it is the pose that hides the most, with its P1: harder than most. The paper also shows pictures from the "
        "wild (MPII), for which a detector would have to run. First seed.",
        overlays.draw_examples,
    ),
)
BODIES = (
    Drawing(
        "hgn_open_body",
        "The body",
        "Its T-pose, its first three shape components at -2.5 and +2.5 standard deviations, and five poses.",
        bodies.draw_body,
    ),
    Drawing(
        "hgn_coarse_graphs",
        "HGN, Figure 2: the graphs of the coarse meshes",
        "The fine graph (96 nodes) and the coarse one (48) on the body, from the front and from the side; nodes that "
        "stand for no vertex are left out. Orange is the person's left, blue the right, grey trunk and head.",
        bodies.draw_graphs,
    ),
    Drawing(
        "hgn_fits",
        "Fits",
        "The best, the median and the worst fits to poses of the test subjects, each of another action: the measured "
        "joints and those of the fitted body.",
        bodies.draw_fits,
    ),
)


DETECTION_OVERVIEW = DetectionDrawing(
    "detection_overview",
    "Overview of the networks on pictures",
    "AP on the validation images of every network on pictures that was run, after the last epoch. Bars: the plain "
    "test (the largest component alone, one scale, no mirror image); lines on them, where there are several seeds, are "
    "their standard deviation. The ring is the same network with keypoints moved to the peaks of their heatmaps "
    "(people) or with the mirror image averaged in (objects).",
    detection_overview.draw,
)
DETECTION_DRAWINGS = (
    DetectionDrawing(
        "mdn_offset_figure2",
        "MDN offset, Figure 2",
        "People found on validation images. Colour is the component that the network chose, the number its mixing "
        "weight; the ellipse around the centre is two standard deviations of a keypoint, averaged over the 17. White: "
        "the truth. The images are drawn by chance before anything is predicted, but so that, where the data tell, "
        "every second one has a person seen from the back. First seed, plain test, no refinement.",
        detection_samples.draw_poses,
        shows_pictures=True,
    ),
    DetectionDrawing(
        "mdn_offset_components",
        "MDN offset, Tables 1 and 3 as a figure",
        "What components stand for. Left: the share of the people found (score 0.5 or more) that each one predicts. "
        "Then, where the data tell: how many of its people are seen from the back; a dot is larger, the larger the "
        "share. Right: how often its offsets of left parts (filled) and right parts (hollow) point to the right in the "
        "picture. A person who faces the camera has the left parts there, so filled right of hollow is a component for "
        "front views, hollow right of filled one for back views. Components below 1 % have no dots. First seed.",
        detection_components.draw,
    ),
    DetectionDrawing(
        "mixture_dense_figure2",
        "Mixture Dense, Figure 2",
        "Scales of the annotated objects (GT) and of those that each component predicts, components ordered by their "
        "median; below each its share. Boxes are quartiles, whiskers the 5th and 95th percentile. Colours are the "
        "components of the other figures. First seed.",
        detection_scales.draw,
    ),
    DetectionDrawing(
        "mixture_dense_figure3",
        "Mixture Dense, Figure 3",
        "Speed here, one picture at a time, against AP. A point is a way of testing: without and with the mirror "
        "image, and merged over 3 (S3) and 5 (S5) scales, with it. Up and to the right is better. The paper's panel "
        "(b) is of networks trained at 768 px.",
        detection_speed.draw,
    ),
    DetectionDrawing(
        "mixture_dense_figure4",
        "Mixture Dense, Figure 4",
        "Validation AP during training (plain test), objects and people; the paper shows objects. Shades, where there "
        "are several seeds, reach from the lowest to the highest.",
        detection_curves.draw,
    ),
    DetectionDrawing(
        "mixture_dense_figure5",
        "Mixture Dense, Figure 5",
        "Objects (a) and people (b) found on validation images, as in MDN offset's Figure 2. In (a) the ellipse is two "
        "standard deviations of width and height. First seed, plain test.",
        detection_samples.draw_both,
        shows_pictures=True,
    ),
)


WITH_PICTURES = "with_pictures"  # a folder of figures that git ignores
NOT_OURS = (
    f"its pictures are COCO's and not for a repository: it lies in figures/{WITH_PICTURES}, which git ignores, where "
    "this was run"
)


def draw_all(run: Run, results: Results, detection: DetectionResults, folder: Path) -> dict[str, str | None]:
    """Write every figure as PNG and SVG. Returns for each name why it is not in `folder`, None if it is."""
    lifting, on_pictures = (OVERVIEW, *DRAWINGS, *BODIES), (DETECTION_OVERVIEW, *DETECTION_DRAWINGS)
    # Side by side: the other stages are done, so no core has anything else to do.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        drawn = {
            drawing.name: pool.submit(_write, partial(drawing.draw, run, results), folder, drawing.name)
            for drawing in lifting
        } | {drawing.name: pool.submit(draw_detection, run, detection, drawing, folder) for drawing in on_pictures}
        return {name: reason.result() for name, reason in drawn.items()}


def draw_detection(run: Run, detection: DetectionResults, drawing: DetectionDrawing, folder: Path) -> str | None:
    """The same for a figure of detection variants. One that shows others' pictures is kept out of git's sight."""
    others = drawing.shows_pictures and run.preset.images is not None and run.preset.images.source != "synthetic"
    reason = _write(partial(drawing.draw, run, detection), folder / WITH_PICTURES if others else folder, drawing.name)
    return NOT_OURS if others and reason is None else reason


def _write(draw: Callable[[], Figure], folder: Path, name: str) -> str | None:
    try:
        with style.applied():
            figure = draw()
    except NotRunError as reason:
        return str(reason)
    style.write(figure, folder, name)
    return None
