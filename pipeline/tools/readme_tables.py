"""The result tables of README.md and docs/results.md: the variant and the published number of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Row:
    """A label, a variant, the prediction that is shown (None: the main one), and the paper's row.

    `paper_table` is the table of that row, if it is not the one of the other rows.
    """

    label: str
    variant: str
    prediction: str | None = None
    paper: str | None = None
    paper_table: str | None = None


@dataclass(frozen=True)
class LiftingTable:
    """P1 and P2 here and in a paper. `paper_cells`: the suffix of a row's name in the paper's table, and the column."""

    preset: str
    paper_table: str
    paper_cells: dict[Literal["mpjpe", "p_mpjpe"], tuple[str, str]]
    rows: tuple[Row, ...]
    kernels_used: bool = False


@dataclass(frozen=True)
class DetectionTable:
    """AP here, and how a mixture's components split the data. No paper measured AP on such images."""

    preset: str
    rows: tuple[Row, ...]


GRAPHMDN_CELLS: dict[Literal["mpjpe", "p_mpjpe"], tuple[str, str]] = {
    "mpjpe": ("|Protocol #1", "Avg."),
    "p_mpjpe": ("|Protocol #2", "Avg."),
}

# By the names in the pages' comments.
TABLES: dict[str, LiftingTable | DetectionTable] = {
    "ground truth": LiftingTable(
        preset="mini",
        paper_table="graphmdn_table1",
        paper_cells=GRAPHMDN_CELLS,
        kernels_used=True,
        rows=(
            Row("Mean pose", "mean_pose"),
            Row("Linear least squares", "linear_least_squares"),
            Row("SemGCN", "semgcn_one_cycle", paper="SemGCN"),
            Row("GraphMDN (Mean)", "graphmdn", "mean", "Ours (Mean)"),
            Row("GraphMDN (Oracle)", "graphmdn", "oracle"),
            Row("GraphMDN, evolving winners (Mean)", "graphmdn_evolving_winners", "mean"),
            Row("GraphMDN, evolving winners (Oracle)", "graphmdn_evolving_winners", "oracle"),
        ),
    ),
    "detections": LiftingTable(
        preset="mini",
        paper_table="graphmdn_table3",
        paper_cells=GRAPHMDN_CELLS,
        rows=(
            Row("GraphMDN (Wide), 5 kernels", "graphmdn_wide_sh", "oracle", "Ours (Wide, 5)"),
            Row("GraphMDN, 8 kernels", "graphmdn_8_sh", "oracle", "Ours (8)"),
            Row("GraphMDN (Wide), 200 kernels", "graphmdn_wide_200_sh", "oracle", "Ours (Wide, 200)"),
            Row(
                "Mixture without a graph (Li and Lee), 5 kernels",
                "mixture_without_graph_sh",
                "oracle",
                "Li et al. [18] (5)",
            ),
            Row(
                "Variational auto-encoder (Sharma et al.), best of 200",
                "variational_autoencoder_sh",
                "oracle_200",
                "Sharma et al. [25] (200)",
            ),
        ),
    ),
    "hgn": LiftingTable(
        preset="mini",
        paper_table="hgn_table2",
        paper_cells={"mpjpe": ("", "MPJPE (mm)"), "p_mpjpe": ("", "PA-MPJPE (mm)")},
        rows=(
            Row("SemGCN", "semgcn_17", paper="SemGCN (Baseline) [41]"),
            Row("HGN with the coarse mesh alone", "hgn_coarse", paper="HGN w/o G^{C-1}_M"),
            Row("HGN with the fine mesh alone", "hgn_fine", paper="HGN w/o G^C_M"),
            Row("HGN without mesh loss", "hgn_no_mesh_loss", None, "lambda_P=1, lambda_M=0", "hgn_table1"),
            Row("HGN", "hgn", paper="HGN"),
        ),
    ),
    "images": DetectionTable(
        preset="demo",
        rows=(
            Row("keypoints, L1", "pose_l_base"),
            Row("keypoints, mixture of three", "pose_l_mdn_3"),
            Row("boxes, L1", "boxes_l_base"),
            Row("boxes, mixture of three", "boxes_l_mdn_3"),
        ),
    ),
}
