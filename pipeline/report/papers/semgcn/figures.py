"""SemGCN: its figures."""

from __future__ import annotations

from pipeline.report.figures import Drawing, curves, edges

FIGURES = (
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
)
