"""Hierarchical Graph Networks (HGN): its tables and claims."""

from pipeline.report.paper import Difference, Paper
from pipeline.report.papers.hgn.claims import CLAIMS
from pipeline.report.papers.hgn.tables import TABLES
from pipeline.report.quantities_lifting import P1, P1_best_on_test, P1_running

PAPER = Paper(
    "hgn",
    "HGN",
    TABLES,
    CLAIMS,
    source="Li et al., Hierarchical Graph Networks for 3D Human Pose Estimation, BMVC 2021",
    differences=(
        Difference(
            "batch norm's running statistics, as the authors' code evaluates, and not renewed ones",
            P1("hgn"),
            P1_running("hgn"),
        ),
        Difference(
            "the epoch that does best on the test subjects, as the authors' code chooses it, and not the last",
            P1("hgn"),
            P1_best_on_test("hgn"),
        ),
        Difference(
            "features of the graphs fused one after the other, as the authors' code does, and not all at once (Eq. 3)",
            P1("hgn"),
            P1("hgn_sequential"),
        ),
        Difference("the loss of the authors' code and not Eq. 4", P1("hgn"), P1("hgn_authors_loss")),
        Difference("the norm of each layer's weights bounded, and not the gradient's", P1("hgn"), P1("hgn_max_norm")),
    ),
)
