"""The figures of each paper, in the order of the page."""

from __future__ import annotations

from pipeline.report.figures import (
    Drawing,
    best_of_many,
    bodies,
    components,
    curves,
    edges,
    gains,
    hypotheses,
    overlays,
    overview,
    samples,
    scales,
    speed,
)

OVERVIEWS = (
    Drawing(
        "overview",
        "Overview of the lifting networks",
        "Error of every variant that was run, averaged action by action, after the last epoch. For a mixture or an "
        "auto-encoder the bar is the mean of its hypotheses, and the ring the best of them, which can only be chosen "
        "with the truth. Paler bars (SH, CPN): the input is detections, or noise in their place, not true 2D joints.",
        overview.draw_lifting,
    ),
    Drawing(
        "detection_overview",
        "Overview of the detection networks",
        "AP on the validation images of every variant that was run, after the last epoch. Bars: the plain test (the "
        "most probable component alone, one scale, no mirror image), with the standard deviation if there are several "
        "seeds. Rings: the same network with keypoints moved to the peaks of their heatmaps (people) or averaged with "
        "the mirror image (objects).",
        overview.draw_detection,
    ),
)

FIGURES: dict[str, tuple[Drawing, ...]] = {
    "semgcn": (
        Drawing(
            "semgcn_figure4",
            "SemGCN, Figure 4",
            "Training loss (left) and error on the test subjects at the end of each epoch (right) of the four networks "
            "of Table 1. Lines are means over seeds; shading spans the lowest to the highest seed.",
            curves.draw_errors,
        ),
        Drawing(
            "semgcn_figure7",
            "SemGCN, Figure 7",
            "Learned edge weights of the SemGConv layers in the residual blocks (first seed). A row has the weights "
            "that one joint gives itself and its neighbours; it sums to 1. Grey: no edge.",
            edges.draw_matrices,
        ),
        Drawing(
            "semgcn_figure8",
            "SemGCN, Figure 8",
            "Left: the weight that each joint gives itself, averaged over the layers. Right: the joints in the paper's "
            "three regions of weight. The black marks are the weights without any learning, which the skeleton alone "
            "determines: a joint with few neighbours has a larger weight.",
            edges.draw_joints,
        ),
    ),
    "graphmdn": (
        Drawing(
            "graphmdn_figure2",
            "GraphMDN, Figure 2",
            "The true pose and the hypotheses of the mixture from three azimuths around the vertical; 60° is the "
            "camera's own view. Opacity is the weight of a hypothesis relative to the largest. Orange is the person's "
            "left, blue the right. For three actions, a row shows the pose on which the best hypothesis improves most "
            "over the mixture's mean (the P1 of both is above the input). These poses are chosen to tell hypotheses "
            "apart and are not typical.",
            hypotheses.draw,
        ),
        Drawing(
            "graphmdn_hypotheses",
            "GraphMDN, Table 3 as a figure",
            "Error of the best of 5, 8 and 200 hypotheses, which can only be chosen with the truth. The hypotheses are "
            "a mixture's kernels or an auto-encoder's samples. The input is SH. Solid: this run, with the standard "
            "deviation if there are several seeds. Dashed: as published, on Human3.6M; with other data only the order "
            "and the slope of the lines compare. The paper does not say whether its 8 kernels are Wide: the point "
            "has the colour of the standard width, and the line of the wide networks connects 5 and 200.",
            best_of_many.draw,
        ),
    ),
    "hgn": (
        Drawing(
            "hgn_figure3",
            "HGN, Figure 3",
            "Mean error of SemGCN (17 joints) and of HGN by joint, over all test poses, and by action, with the true "
            "2D joints as input. The last pair and the dashed lines are the overall mean (left: over all poses, with "
            "the root; right: action by action). The number over a pair is what HGN gains, in mm. Lines on the bars "
            "are the standard deviation if there are several seeds.",
            gains.draw,
        ),
        Drawing(
            "hgn_figure4",
            "HGN, Figure 4",
            "The true pose (black), HGN (red) and SemGCN (blue), from the camera and from its right side, where depth "
            "is visible. The actions are SittingDown, Photo and Sitting, as in the paper; if the data lack one of "
            "them, the three actions whose pose has the most hidden joints. Each row shows the pose of its action in "
            "which the body hides the most joints (rings), chosen before anything was predicted. First seed.",
            overlays.draw_comparison,
        ),
        Drawing(
            "hgn_figure5",
            "HGN, Figure 5",
            "HGN on test subjects: the 2D input, and its pose from the camera and from the side, with the true pose in "
            "grey behind it. Orange is the person's left, blue the right; rings are joints that the body hides. For "
            "each action it is the pose with the most hidden joints, with its P1; it is harder than most. The paper "
            "also shows images from the wild (MPII), for which a detector would have to run. First seed.",
            overlays.draw_examples,
        ),
        Drawing(
            "hgn_open_body",
            "The body",
            "The T-pose, the first three shape components at -2.5 and +2.5 standard deviations, and five poses.",
            bodies.draw_body,
        ),
        Drawing(
            "hgn_coarse_graphs",
            "HGN, Figure 2: the graphs of the coarse meshes",
            "The fine graph (96 nodes) and the coarse graph (48 nodes) on the body, from the front and from the side. "
            "Nodes without a vertex are left out. Orange is the person's left, blue the right, grey trunk and head.",
            bodies.draw_graphs,
        ),
        Drawing(
            "hgn_fits",
            "Fits",
            "The best, the median and the worst fits to poses of the test subjects, each of another action: the "
            "measured joints and the joints of the fitted body.",
            bodies.draw_fits,
        ),
    ),
    "mdn_offset": (
        Drawing(
            "mdn_offset_figure2",
            "MDN offset, Figure 2",
            "People found on validation images. The colour is the component that the network chose, the number its "
            "mixing weight. The ellipse around the centre is two standard deviations of a keypoint, averaged over the "
            "17 keypoints. White: the truth. The images were drawn at random before anything was predicted; if the "
            "data name the view, every second image has a person seen from the back. First seed, plain test, no "
            "refinement.",
            samples.draw_poses,
            shows_images=True,
        ),
        Drawing(
            "mdn_offset_components",
            "MDN offset, Tables 1 and 3 as a figure",
            "One row per mixture (first seed), one colour per component. Left: the share of the people found (score "
            "0.5 or more) that each component predicts. Middle, if the data name the view: how many of its people are "
            "seen from the back; a larger dot is a larger share. Right: how often its offsets of left parts (filled) "
            "and right parts (hollow) point to the right in the image. The left parts of a person who faces the camera "
            "are on the right. A component with filled right of hollow therefore predicts front views, one with hollow "
            "right of filled back views. Components below 1 % have no dots.",
            components.draw,
        ),
    ),
    "mixture_dense": (
        Drawing(
            "mixture_dense_figure2",
            "Mixture Dense, Figure 2",
            "Scales of the annotated objects (GT) and of the objects that each component predicts, with its share "
            "below. Components are ordered by their median. Boxes are quartiles, whiskers the 5th and 95th percentile. "
            "A component has the same colour in all figures. First seed.",
            scales.draw,
        ),
        Drawing(
            "mixture_dense_figure3",
            "Mixture Dense, Figure 3",
            "Speed on this machine, one image at a time, against AP. One point per mode of testing: without and with "
            "the mirror image, and merged over 3 (S3) and 5 (S5) scales with the mirror image. Up and to the right is "
            "better. The paper's panel (b) shows networks trained at 768 px.",
            speed.draw,
        ),
        Drawing(
            "mixture_dense_figure4",
            "Mixture Dense, Figure 4",
            "Validation AP during training (plain test), of objects and of people; the paper shows objects. Lines are "
            "means over seeds; shading spans the lowest to the highest seed.",
            curves.draw_precisions,
        ),
        Drawing(
            "mixture_dense_figure5",
            "Mixture Dense, Figure 5",
            "Objects (a) and people (b) found on validation images, as in Figure 2 of MDN offset. In (a) the ellipse "
            "is two standard deviations of width and height. First seed, plain test.",
            samples.draw_both,
            shows_images=True,
        ),
    ),
}

EVERY = (*OVERVIEWS, *(drawing for drawings in FIGURES.values() for drawing in drawings))
