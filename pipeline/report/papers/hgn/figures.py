"""Hierarchical Graph Networks (HGN): its figures."""

from __future__ import annotations

from pipeline.report.figures import Drawing, bodies, gains, overlays

FIGURES = (
    Drawing(
        "hgn_figure3",
        "HGN, Figure 3",
        "Mean error of SemGCN (17 joints) and of HGN by joint, over all test poses, and by action, with the true "
        "2D joints as input. The last pair and the dashed lines are the overall mean (left: over all poses, with "
        "the root; right: action by action). The number over a pair is what HGN gains, in mm. Lines on the bars "
        "are the standard deviation if there are several seeds.",
        gains.draw,
        paper="The mean errors of SemGCN and of HGN by part of the body and by action, on Human3.6M with true 2D "
        "joints. HGN gains most at the head and the shoulders, and in actions in which the body hides "
        "itself.",
    ),
    Drawing(
        "hgn_figure4",
        "HGN, Figure 4",
        "The true pose (black), HGN (red) and SemGCN (blue), from the camera and from its right side, where depth "
        "is visible. The actions are SittingDown, Photo and Sitting, as in the paper; if the data lack one of "
        "them, the three actions whose pose has the most hidden joints. Each row shows the pose of its action in "
        "which the body hides the most joints (rings), chosen before anything was predicted. First seed.",
        overlays.draw_comparison,
        paper="Poses in which the body hides some of its joints (SittingDown, Photo, Sitting): the truth in "
        "black, HGN in red, SemGCN in blue. HGN is less mistaken in depth.",
    ),
    Drawing(
        "hgn_figure5",
        "HGN, Figure 5",
        "HGN on test subjects: the 2D input, and its pose from the camera and from the side, with the true pose in "
        "grey behind it. Orange is the person's left, blue the right; rings are joints that the body hides. For "
        "each action it is the pose with the most hidden joints, with its P1; it is harder than most. The paper "
        "also shows images from the wild (MPII), for which a detector would have to run. First seed.",
        overlays.draw_examples,
        paper="HGN's poses for images of Human3.6M (below) and for people in the wild of MPII (above).",
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
        paper="The pipeline of three subnetworks, with the graphs of 17, 48 and 96 nodes that each works on.",
    ),
    Drawing(
        "hgn_fits",
        "Fits",
        "The best, the median and the worst fits to poses of the test subjects, each of another action: the "
        "measured joints and the joints of the fitted body.",
        bodies.draw_fits,
    ),
)
