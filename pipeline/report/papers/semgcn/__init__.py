"""SemGCN: its tables and claims."""

from pipeline.report.paper import Difference, Paper
from pipeline.report.papers.semgcn.claims import CLAIMS
from pipeline.report.papers.semgcn.tables import TABLES
from pipeline.report.quantities_lifting import P1, P1_best_on_test, P1_running

PAPER = Paper(
    "semgcn",
    "SemGCN",
    TABLES,
    CLAIMS,
    source="Zhao et al., Semantic Graph Convolutional Networks for 3D Human Pose Regression, CVPR 2019",
    differences=(
        Difference(
            "batch norm's running statistics, as the authors' code evaluates, and not renewed ones",
            P1("semgcn"),
            P1_running("semgcn"),
        ),
        Difference(
            "the epoch that does best on the test subjects, as the authors' code chooses it, and not the last",
            P1("semgcn"),
            P1_best_on_test("semgcn"),
        ),
        Difference(
            "poses scaled to the training subjects' mean bone lengths, as the paper does and its code does not",
            P1("semgcn"),
            P1("semgcn", "calibrated"),
        ),
        Difference("GraphMDN's one-cycle schedule and not SemGCN's own", P1("semgcn"), P1("semgcn_one_cycle")),
    ),
)
