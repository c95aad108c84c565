"""SemGCN: its figures."""

from __future__ import annotations

from pipeline.report.figures import Drawing, cases, curves, edges

FIGURES = (
    Drawing(
        "semgcn_figure4",
        "SemGCN, Figure 4",
        "Training loss (left) and error on the test subjects at the end of each epoch (right) of the four networks "
        "of Table 1. Lines are means over seeds; shading spans the lowest to the highest seed.",
        curves.draw_errors,
        paper="Training loss and test error of the four networks of Table 1. The full network's curves are lower and "
        "smoother.",
    ),
    Drawing(
        "semgcn_figure5",
        "SemGCN, Figure 5",
        "Test images, the 2D joints that the network finds in them, and its pose over the true one (grey), as the "
        "camera sees it and from the side. Chosen by error: of each action the pose with the smallest and that with "
        "the largest, and of these the four most extreme.",
        cases.draw,
        paper="Poses found in images of Human3.6M and of MPII; the last row has four failures.",
    ),
    Drawing(
        "semgcn_figure7",
        "SemGCN, Figure 7",
        "Learned edge weights of the SemGConv layers in the residual blocks (first seed). A row has the weights "
        "that one joint gives itself and its neighbours; it sums to 1. Grey: no edge.",
        edges.draw_matrices,
        paper="The learned weighting matrices of the eight SemGConv layers. Each layer has its own; all give "
        "larger weights to joints far from the body's centre.",
    ),
    Drawing(
        "semgcn_figure8",
        "SemGCN, Figure 8",
        "Left: the weight that each joint gives itself, averaged over the layers. Right: the joints in the paper's "
        "three regions of weight. The black marks are the weights without any learning, which the skeleton alone "
        "determines: a joint with few neighbours has a larger weight.",
        edges.draw_joints,
        paper="The learned weight of each joint, averaged over the layers, and the skeleton in three regions of "
        "weight: wrists, ankles and head above 0.4, neck, thorax and pelvis below 0.3.",
    ),
)
