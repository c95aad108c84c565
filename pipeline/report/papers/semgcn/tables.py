"""SemGCN (Zhao et al., CVPR 2019): its tables."""

from __future__ import annotations

from pipeline.report.columns import PARAMETERS, REPOSITORY
from pipeline.report.columns_lifting import (
    AS_TRAINED,
    DEPTH,
    INPUT,
    KEYPOINTS_OFF,
    P1_MM,
    P2_MM,
    PARAMETERS_PRINTED,
)
from pipeline.report.papers.common import AUTHORS_WEIGHTS, WITHOUT_A_NETWORK
from pipeline.report.quantities_lifting import P1, P2
from pipeline.report.tables import Row, Table

TABLES = (
    Table(
        "semgcn_table1",
        "SemGCN, Table 1",
        columns=(
            PARAMETERS_PRINTED.printed("# of params"),
            P1_MM.printed("MPJPE (mm)"),
            P2_MM,
            REPOSITORY,
            *AS_TRAINED,
        ),
        published="semgcn_table1",
        per_action=(P1, P2),
        rows=(
            Row("Mean pose", "mean_pose"),
            Row("Linear least squares", "linear_least_squares"),
            Row("ResGCN", "resgcn", paper="ResGCN"),
            Row("SemGCN w/o SemGConv", "semgcn_without_semgconv", paper="Ours w/o SemGConv"),
            Row(
                "SemGCN w/o Non-Local",
                "semgcn_without_non_local",
                paper="Ours w/o Non-Local",
                repository="SemGCN w/o Non-Local|GT",
            ),
            Row("SemGCN", "semgcn", paper="Ours (SemGCN)", repository="SemGCN|GT"),
        ),
        notes=(
            WITHOUT_A_NETWORK,
            (
                "The paper calls its last three rows Ours w/o SemGConv, Ours w/o Non-Local and Ours (SemGCN); it "
                "prints no P2."
            ),
        ),
    ),
    Table(
        "semgcn_table2",
        "SemGCN, Table 2",
        columns=(INPUT, P1_MM.printed("Avg.", row="{paper}|Protocol #1"), P2_MM, REPOSITORY, *AS_TRAINED),
        published="semgcn_table2",
        per_action=(P1, P2),
        rows=(
            Row("Ionescu et al. [24] PAMI'16", paper="Ionescu et al. [24] PAMI'16"),
            Row("Tekin et al. [57] CVPR'16", paper="Tekin et al. [57] CVPR'16"),
            Row("Zhou et al. [77] CVPR'16", paper="Zhou et al. [77] CVPR'16"),
            Row("Du et al. [11] ECCV'16", paper="Du et al. [11] ECCV'16"),
            Row("Chen & Ramanan [7] CVPR'17", paper="Chen & Ramanan [7] CVPR'17"),
            Row("Pavlakos et al. [41] CVPR'17", paper="Pavlakos et al. [41] CVPR'17"),
            Row("Mehta et al. [35] 3DV'17", paper="Mehta et al. [35] 3DV'17"),
            Row("Zhou et al. [75] ICCV'17", paper="Zhou et al. [75] ICCV'17"),
            Row("Martinez et al. [34] ICCV'17", paper="Martinez et al. [34] ICCV'17"),
            Row("Sun et al. [53] ICCV'17", paper="Sun et al. [53] ICCV'17"),
            Row("Fang et al. [13] AAAI'18", paper="Fang et al. [13] AAAI'18"),
            Row("Yang et al. [69] CVPR'18", paper="Yang et al. [69] CVPR'18"),
            Row("Hossain & Little [21] ECCV'18", paper="Hossain & Little [21] ECCV'18"),
            Row("SemGCN (HG)", "semgcn_sh", paper="Ours (HG)", repository="SemGCN|SH"),
            Row("SemGCN (RN w/ FP)", "semgcn_pixels", paper="Ours (RN w/ FP)"),
            Row("SemGCN (GT)", "semgcn", paper="Ours (GT)", repository="SemGCN|GT"),
        ),
        notes=(
            (
                "Rows marked `published` are the paper's numbers and nothing else: methods on images and films. "
                "Martinez et al. and Fang et al., which take 2D joints, are trained here as rows of Table 3 (FC, FC "
                "w/ PG). RN w/ FP takes images, of which there may be fewer than poses; the next table but two has it "
                "beside networks with the same images."
            ),
            "HG is what others call SH, the stacked hourglass. The paper prints no P2 of its Protocol #1.",
            "Of SemGCN with HG input the paper prints 60.8 here and 61.1 in its Table 3 (errata.md, X-2).",
        ),
    ),
    Table(
        "semgcn_table3",
        "SemGCN, Table 3",
        columns=(
            INPUT,
            PARAMETERS_PRINTED.printed("# of params"),
            P1_MM.printed("MPJPE (mm) [GT 2D]"),
            P2_MM,
            REPOSITORY,
            *AS_TRAINED,
        ),
        published="semgcn_table3",
        per_action=(P1, P2),
        rows=(
            Row("aGCN / GAT", "gat", paper="aGCN [68] / GAT [60]"),
            Row("ST-GCN, one frame", "st_gcn", paper="ST-GCN [67]"),
            Row("FC", "fully_connected", paper="FC [34]", repository="Martinez et al.|GT"),
            Row("FC, authors' weights, evaluated here", "fully_connected_authors"),
            Row("FC w/ PG", "fully_connected_pg", paper="FC [34] w/ PG [13]"),
            Row("SemGCN", "semgcn", paper="Ours", repository="SemGCN|GT"),
            Row("SemGCN, calibrated", "semgcn", "calibrated"),
            Row("SemGCN, authors' weights, evaluated here", "semgcn_authors"),
            Row("SemGCN w/ PG", "semgcn_pg", paper="Ours w/ PG [13]"),
            Row("FC (HG)", "fully_connected_sh", paper="FC [34]", paper_column="MPJPE (mm) [HG 2D, in parentheses]"),
            Row(
                "FC w/ PG (HG)",
                "fully_connected_pg_sh",
                paper="FC [34] w/ PG [13]",
                paper_column="MPJPE (mm) [HG 2D, in parentheses]",
            ),
            Row(
                "SemGCN (HG)",
                "semgcn_sh",
                paper="Ours",
                paper_column="MPJPE (mm) [HG 2D, in parentheses]",
                repository="SemGCN|SH",
            ),
            Row("SemGCN (HG), calibrated", "semgcn_sh", "calibrated"),
            Row(
                "SemGCN w/ PG (HG)",
                "semgcn_pg_sh",
                paper="Ours w/ PG [13]",
                paper_column="MPJPE (mm) [HG 2D, in parentheses]",
            ),
        ),
        notes=(
            (
                "FC is the fully connected network of Martinez et al., PG the refinement by pose grammar of Fang et "
                "al., HG the stacked hourglass (SH). The paper has the two inputs in one row, HG in parentheses."
            ),
            (
                "*Calibrated*: the sum of each pose's bone lengths is set to the training subjects' mean, as the "
                "paper does at test time (Section 5.2) and its authors' code does not."
            ),
            AUTHORS_WEIGHTS,
            (
                "Of SemGCN with HG input the paper prints 61.1 here and 60.8 in its Table 2 (errata.md, X-2); it "
                "prints no P2 and no number by action."
            ),
        ),
    ),
    Table(
        "semgcn_variants",
        "SemGCN, the variants behind its claims",
        columns=(PARAMETERS, P1_MM, P2_MM, *AS_TRAINED),
        rows=(
            Row("SemGCN", "semgcn"),
            Row("Channel-wise SemGConv (Eq. 3)", "semgcn_channelwise"),
            Row("Edge weights without softmax", "semgcn_without_softmax"),
            Row("Joints not grouped in non-local layers", "semgcn_ungrouped"),
            Row("The paper's own Protocol 2", "semgcn_protocol_2"),
        ),
        notes=(
            "The paper makes claims about these networks in its text and prints no number for them.",
            (
                "The paper's own Protocol #2 (Section 5.2) trains on all test subjects but the last. It tests on "
                "every 64th frame of the last one, aligned with the truth, so its P2 is the number to compare."
            ),
        ),
    ),
    Table(
        "semgcn_pixels",
        "SemGCN, from images",
        columns=(PARAMETERS, KEYPOINTS_OFF, P1_MM, P2_MM, DEPTH, *AS_TRAINED),
        rows=(
            Row("The images' true 2D joints", "semgcn_pixels_true_joints"),
            Row("2D network, stage one", "pixels_detector"),
            Row("Its 2D joints (Configuration #1)", "semgcn_pixels_joints"),
            Row("Its 2D joints (Eq. 3, Eq. 7)", "semgcn_pixels_without_features"),
            Row("2D joints and image features, stage two", "semgcn_pixels_fixed"),
            Row("The same with one mask (Eq. 2)", "semgcn_pixels_one_mask"),
            Row("Everything fine-tuned, stage three (RN w/ FP)", "semgcn_pixels"),
            Row("Everything at once from scratch", "semgcn_pixels_scratch"),
        ),
        notes=(
            (
                "All rows have the same images. The 2D network is fixed in stage two, so the rows of stage two differ "
                "in what the graph network reads or is."
            ),
        ),
    ),
)
