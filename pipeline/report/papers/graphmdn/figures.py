"""GraphMDN: its figures."""

from __future__ import annotations

from pipeline.report.figures import Drawing, best_of_many, hypotheses

FIGURES = (
    Drawing(
        "graphmdn_figure2",
        "GraphMDN, Figure 2",
        "The true pose and the hypotheses of the mixture from three azimuths around the vertical; 60° is the "
        "camera's own view. Opacity is the weight of a hypothesis relative to the largest. Orange is the person's "
        "left, blue the right. For three actions, a row shows the pose on which the best hypothesis improves most "
        "over the mixture's mean (the P1 of both is above the input). These poses are chosen to tell hypotheses "
        "apart and are not typical.",
        hypotheses.draw,
        paper="Poses of Human3.6M: the 2D input, the true pose, and the hypotheses from three azimuths, opaque by their"
        " weight. They agree in the image plane and differ in depth.",
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
)
