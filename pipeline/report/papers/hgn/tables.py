"""HGN, Hierarchical Graph Networks: its tables."""

from __future__ import annotations

from pipeline.report.columns import EPOCHS, PARAMETERS, SEEDS
from pipeline.report.columns_lifting import (
    AS_TRAINED,
    BEST_ON_TEST,
    CHANNELS,
    DEAD_NON_LOCAL,
    DEPTH,
    FRAMES,
    HIDDEN_JOINTS,
    INPUT,
    KERNELS_USED,
    MESH_WEIGHT,
    MPVPE_COARSE,
    MPVPE_FINE,
    P1_MM,
    P2_MM,
    PARAMETERS_PRINTED,
    RUNNING,
)
from pipeline.report.papers.hgn import another_data_set
from pipeline.report.quantities_lifting import P1, P2
from pipeline.report.tables import Row, Table

TABLES = (
    Table(
        "hgn_table1",
        "HGN, Table 1, the weight of the mesh loss",
        columns=(
            MESH_WEIGHT,
            P1_MM.printed("MPJPE (mm)"),
            P2_MM.printed("PA-MPJPE (mm)"),
            MPVPE_FINE,
            MPVPE_COARSE,
            *AS_TRAINED,
        ),
        published="hgn_table1",
        rows=(
            Row("HGN without mesh loss", "hgn_no_mesh_loss", paper="lambda_P=1, lambda_M=0"),
            Row("HGN, 0.001", "hgn_mesh_0001", paper="lambda_P=1, lambda_M=0.001"),
            Row("HGN, 0.01", "hgn", paper="lambda_P=1, lambda_M=0.01"),
            Row("HGN, 0.1", "hgn_mesh_01", paper="lambda_P=1, lambda_M=0.1"),
            Row("HGN, 1", "hgn_mesh_1", paper="lambda_P=1, lambda_M=1"),
        ),
        notes=(
            "The weight of the loss on the pose is 1 throughout.",
            (
                "The paper prints no MPVPE here. Without mesh loss the network does not learn meshes, so its MPVPE "
                "has no meaning."
            ),
        ),
    ),
    Table(
        "hgn_table2",
        "HGN, Table 2, denser graphs",
        columns=(
            P1_MM.printed("MPJPE (mm)"),
            P2_MM.printed("PA-MPJPE (mm)"),
            MPVPE_FINE.printed("MPVPE M^{C-1} (mm)"),
            MPVPE_COARSE.printed("MPVPE M^C (mm)"),
            PARAMETERS_PRINTED.printed("# Params"),
            *AS_TRAINED,
        ),
        published="hgn_table2",
        rows=(
            Row("Mean pose", "mean_pose"),
            Row("Linear least squares", "linear_least_squares"),
            Row("SemGCN, 17 joints (baseline)", "semgcn_17", paper="SemGCN (Baseline) [41]"),
            Row("HGN w/o the coarse graph", "hgn_fine", paper="HGN w/o G^C_M"),
            Row("HGN w/o the fine graph", "hgn_coarse", paper="HGN w/o G^{C-1}_M"),
            Row("HGN", "hgn", paper="HGN"),
        ),
        notes=(
            (
                "The paper's names: the coarse graph is G^C with mesh M^C (48 nodes), the fine one G^{C-1} with mesh "
                "M^{C-1} (96 nodes). A network without the one has only the other's mesh."
            ),
            (
                "Mean pose and linear least squares need no network; the paper has no such rows. They have 16 joints, "
                "without Neck/Nose, and every network here has 17, so their averages are over different joints."
            ),
            (
                "The baseline is SemGCN's network on 17 joints, without pooling in the non-local layers, trained as "
                "HGN is; the paper quotes SemGCN's repository in its row (40.78 and 31.46 mm there, on 16 joints; "
                "errata.md, X-1)."
            ),
        ),
    ),
    Table(
        "hgn_table3",
        "HGN, Table 3, denser graphs without mesh loss",
        columns=(
            CHANNELS,
            P1_MM.printed("MPJPE (mm)"),
            P2_MM.printed("PA-MPJPE (mm)"),
            PARAMETERS_PRINTED.printed("# Params"),
            *AS_TRAINED,
        ),
        published="hgn_table3",
        rows=(
            Row("SemGCN, 17 joints (baseline)", "semgcn_17", paper="SemGCN (Baseline) [41]|128 channels"),
            Row("HGN w/o the coarse graph", "hgn_fine_no_mesh_loss", paper="HGN w/o G^C_M|128 channels"),
            Row("HGN w/o the fine graph", "hgn_coarse_no_mesh_loss", paper="HGN w/o G^{C-1}_M|128 channels"),
            Row("HGN", "hgn_no_mesh_loss", paper="HGN|128 channels"),
            Row("HGN w/o the coarse graph, narrow", "hgn_fine_narrow", paper="HGN w/o G^C_M|91 channels"),
            Row("HGN w/o the fine graph, narrow", "hgn_coarse_narrow", paper="HGN w/o G^{C-1}_M|92 channels"),
            Row("HGN, narrow", "hgn_narrow", paper="HGN|79 channels"),
        ),
        notes=(
            (
                "Without mesh loss (lambda_M = 0) only the edges of the mesh graphs matter. The narrow networks have "
                "as many parameters as the baseline."
            ),
        ),
    ),
    Table(
        "hgn_table4a",
        "HGN, Table 4 (a), SemGConv",
        columns=(CHANNELS, P1_MM.printed("MPJPE (mm)"), P2_MM, PARAMETERS_PRINTED.printed("# Params"), *AS_TRAINED),
        published="hgn_table4",
        rows=(
            Row("SeqRes (SemGCN, 17 joints)", "semgcn_17", paper="SeqRes [41]|SemGConv|128 channels"),
            Row("GraphSH", "graph_sh", paper="GraphSH [37]|SemGConv|64 channels"),
            Row("HGN, 64 channels", "hgn_64", paper="Ours|SemGConv|64 channels"),
            Row("HGN, 128 channels", "hgn", paper="Ours|SemGConv|128 channels"),
        ),
        notes=(
            (
                "SeqRes is the paper's word for SemGCN's sequence of residual blocks, GraphSH Xu and Takano's stacked "
                "hourglass of graphs."
            ),
            "The paper prints no P2 here.",
        ),
    ),
    Table(
        "hgn_table4b",
        "HGN, Table 4 (b), vanilla graph convolutions",
        columns=(CHANNELS, P1_MM.printed("MPJPE (mm)"), P2_MM, PARAMETERS_PRINTED.printed("# Params"), *AS_TRAINED),
        published="hgn_table4",
        rows=(
            Row("SeqRes (SemGCN, 17 joints)", "semgcn_17_vanilla", paper="SeqRes [41]|Vanilla GConv|128 channels"),
            Row("GraphSH", "graph_sh_vanilla", paper="GraphSH [37]|Vanilla GConv|64 channels"),
            Row("HGN, 64 channels", "hgn_64_vanilla", paper="Ours|Vanilla GConv|64 channels"),
            Row("HGN, 128 channels", "hgn_vanilla", paper="Ours|Vanilla GConv|128 channels"),
        ),
        notes=("The paper prints no P2 here. Its number for SeqRes is that of SemGCN's Table 1, on 16 joints.",),
    ),
    Table(
        "hgn_table5",
        "HGN, Table 5, detections, Protocol 1",
        columns=(INPUT, P1_MM.printed("Avg.", row="{paper}|Protocol #1"), *AS_TRAINED),
        published="hgn_table5",
        per_action=(P1,),
        rows=(
            Row("Pavllo et al. [29] †", paper="Pavllo et al. [29]†"),
            Row("Cai et al. [4] †", paper="Cai et al. [4]†"),
            Row("FC, Martinez et al. [23]", "fully_connected_sh", paper="Martinez et al. [23]"),
            Row("Pavlakos et al. [28] +", paper="Pavlakos et al. [28]+"),
            Row("SemGCN, Zhao et al. [41]", "semgcn_sh", paper="Zhao et al. [41]"),
            Row("Ci et al. [8] +", paper="Ci et al. [8]+"),
            Row("Liu et al. [21]", paper="Liu et al. [21]"),
            Row("Zou et al. [44]", paper="Zou et al. [44]"),
            Row("Xu & Takano [37]", paper="Xu & Takano [37]"),
            Row("SemGCN, 17 joints", "semgcn_17_cpn"),
            Row("GraphSH, 64 channels", "graph_sh_cpn"),
            Row("HGN", "hgn_cpn", paper="Ours"),
        ),
        notes=(
            (
                "† uses several frames. + uses other data beside Human3.6M. Rows marked `published` are the paper's "
                "numbers and nothing else."
            ),
            (
                "The rows of Martinez et al. and of Zhao et al. are given a stacked hourglass's detections (SH), "
                "there and here, and have 16 joints; the last three are given a cascaded pyramid network's (CPN) and "
                "have 17. Compare these three."
            ),
            (
                "Xu and Takano's printed number is of a network of 3.70 M parameters with another graph convolution, "
                "which is not built here; GraphSH here is that of Table 4 (64 channels, 0.44 M)."
            ),
            (
                "Those three are trained and tested with mirror images (flip); the paper does not say whether in one "
                "or in both."
            ),
        ),
    ),
    Table(
        "hgn_table6",
        "HGN, Table 6, detections, Protocol 2",
        columns=(INPUT, P2_MM.printed("Avg.", row="{paper}|Protocol #2"), *AS_TRAINED),
        published="hgn_table6",
        per_action=(P2,),
        rows=(
            Row("Pavllo et al. [29] †", paper="Pavllo et al. [29]†"),
            Row("Cai et al. [4] †", paper="Cai et al. [4]†"),
            Row("FC, Martinez et al. [23]", "fully_connected_sh", paper="Martinez et al. [23]"),
            Row("Pavlakos et al. [28] +", paper="Pavlakos et al. [28]+"),
            Row("Ci et al. [8] +", paper="Ci et al. [8]+"),
            Row("Liu et al. [21]", paper="Liu et al. [21]"),
            Row("Zou et al. [44]", paper="Zou et al. [44]"),
            Row("SemGCN, 17 joints", "semgcn_17_cpn"),
            Row("GraphSH, 64 channels", "graph_sh_cpn"),
            Row("HGN", "hgn_cpn", paper="Ours"),
        ),
        notes=(
            (
                "† uses several frames. + uses other data beside Human3.6M. Rows marked `published` are the paper's "
                "numbers and nothing else. The paper has no row for Zhao et al. nor for Xu and Takano here "
                "(errata.md, T-12)."
            ),
            (
                "The row of Martinez et al. is given a stacked hourglass's detections (SH), there and here, and has "
                "16 joints; the last three are given a cascaded pyramid network's (CPN) and have 17. Compare these "
                "three."
            ),
        ),
    ),
    *another_data_set.TABLE_7,
    Table(
        "hgn_hidden_joints",
        "HGN, joints that the body hides",
        columns=(P1_MM, DEPTH, HIDDEN_JOINTS, EPOCHS, SEEDS),
        rows=(
            Row("SemGCN, 17 joints (baseline)", "semgcn_17"),
            Row("HGN without mesh loss", "hgn_no_mesh_loss"),
            Row("HGN", "hgn"),
        ),
        notes=(
            ("The paper's Figure 4 shows that HGN estimates the depth of hidden joints better; no number is printed."),
        ),
    ),
    Table(
        "hgn_variants",
        "HGN, what else was tried",
        columns=(
            PARAMETERS,
            MESH_WEIGHT,
            P1_MM,
            P2_MM,
            MPVPE_FINE,
            MPVPE_COARSE,
            RUNNING,
            FRAMES,
            BEST_ON_TEST,
            KERNELS_USED,
            DEAD_NON_LOCAL,
            EPOCHS,
            SEEDS,
        ),
        rows=(
            Row("HGN", "hgn"),
            Row("Fusion one after the other, as in the authors' code", "hgn_sequential"),
            Row("Loss of the authors' code", "hgn_authors_loss"),
            Row("Fusion by fixed averages, nothing learned", "hgn_fixed_fusion"),
            Row("Weights bounded (max-norm)", "hgn_max_norm"),
            Row("HGN under GraphMDN's head (Mean)", "graphmdn_hgn", "mean"),
            Row("HGN under GraphMDN's head (Oracle)", "graphmdn_hgn", "oracle"),
            Row("HGN, authors' weights, evaluated here", "hgn_authors"),
        ),
        notes=(
            (
                "The paper prints none of these rows. Where its text and its authors' code differ, errata.md says how "
                "(Paper against code, HGN)."
            ),
            (
                "The paper says that it uses max-norm regularisation (Section 4.1) and gives no bound. SemGCN's code, "
                "on which the authors' code is built, uses this name for a bound of 1 on the gradient's norm, which "
                "all networks here have. The row of this name bounds the norm of a layer's weights by 1 instead."
            ),
            (
                "HGN under GraphMDN's head is this project's own: HGN's three graphs predict a mixture of poses, of "
                "17 joints (GraphMDN has 16). The oracle knows the truth, so it is not a fair prediction."
            ),
            (
                "Authors' weights, evaluated here: a file that they released, read by `python -m pipeline "
                "import_checkpoint`. They need the mesh graphs of SMPL's mesh and cannot be run on another body's."
            ),
        ),
    ),
    *another_data_set.BASELINES,
)
