"""GraphMDN: its tables and claims."""

from pipeline.report.paper import Difference, Paper
from pipeline.report.papers.graphmdn.claims import CLAIMS
from pipeline.report.papers.graphmdn.tables import TABLES
from pipeline.report.quantities_lifting import P1, P2, P1_best_on_test, P1_running

PAPER = Paper(
    "graphmdn",
    "GraphMDN",
    TABLES,
    CLAIMS,
    source="Oikarinen et al., GraphMDN: Leveraging graph structure and deep learning to solve inverse problems, 2020",
    differences=(
        Difference(
            "batch norm's running statistics, as the authors' code evaluates, and not renewed ones",
            P1("graphmdn", "mean"),
            P1_running("graphmdn", "mean"),
        ),
        Difference(
            "the epoch that does best on the test subjects, as the authors' code chooses it, and not the last",
            P1("graphmdn", "mean"),
            P1_best_on_test("graphmdn", "mean"),
        ),
        Difference(
            "the kernel closest to the target aligned for P2, as the paper says, and not the kernel that is best after "
            "alignment, as its code does",
            P2("graphmdn", "oracle"),
            P2("graphmdn", "oracle_closest"),
        ),
    ),
)
