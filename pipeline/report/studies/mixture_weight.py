"""The study of a mixture's weight in the loss: what it, or L1, leaves of the features to the keypoint heatmaps."""

from __future__ import annotations

from pipeline.report.columns import EPOCHS, SEEDS, Column
from pipeline.report.columns_detection import SHARES
from pipeline.report.paper import Paper
from pipeline.report.quantities_detection import AP, AP50
from pipeline.report.tables import Row, Table

WEIGHTS = Table(
    "mixture_weight",
    "The regression's weight in the loss, and what refinement gains",
    columns=(
        Column("AP", (AP,), "plain", spread=True),
        Column("AP50", (AP50,), "plain", spread=True),
        Column("Refined: AP", (AP,), "refined", spread=True),
        Column("Refined: AP50", (AP50,), "refined", spread=True),
        SHARES,
        EPOCHS,
        SEEDS,
    ),
    rows=(
        Row("Mixture of two, weight 0.1 (the papers)", "mixture"),
        Row("Mixture of two, weight 0.01", "mixture_a_tenth"),
        Row("Mixture of two, weight 0.001", "mixture_a_hundredth"),
        Row("L1, weight 10", "l1_ten_times"),
        Row("L1, weight 1 (CenterNet)", "l1"),
        Row("L1, weight 0.1", "l1_a_tenth"),
    ),
    notes=(
        "The rows of a kind differ in one number, the weight of the regressed keypoints' term (`loss.regression`).",
        (
            "Refined: keypoints moved to the peaks of keypoint heatmaps (MDN offset, Section 3.3). Both read the same "
            "features."
        ),
    ),
)

STUDY = Paper("mixture_weight", "A mixture beside keypoint heatmaps", (WEIGHTS,), claims=())
