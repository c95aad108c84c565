"""Semantic Graph Convolutional Networks for 3D Human Pose Regression (SemGCN): its tables, claims and figures."""

from __future__ import annotations

from pipeline.report.checks import below, bounded, close, ratio, rising, unavailable
from pipeline.report.claims import claim
from pipeline.report.columns import AS_TRAINED, INPUT, P1_MM, P2_MM, PARAMETERS, PARAMETERS_PRINTED, REPOSITORY
from pipeline.report.figures import Drawing, curves, edges
from pipeline.report.paper import Paper
from pipeline.report.papers.common import AUTHORS_WEIGHTS, IMAGE_FEATURES, WITHOUT_A_NETWORK
from pipeline.report.quantities_lifting import (
    P1,
    P2,
    final_loss,
    hop_correlation,
    inference_seconds_per_pose,
    joint_weight,
    layer_correlation,
    parameters,
    poses_per_second,
    roughness,
)
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
            Row("SemGCN (RN w/ FP)", paper="Ours (RN w/ FP)"),
            Row("SemGCN (GT)", "semgcn", paper="Ours (GT)", repository="SemGCN|GT"),
        ),
        notes=(
            (
                "Rows marked `published` are the paper's numbers and nothing else: methods on pictures and films, and "
                "SemGCN with image features (RN w/ FP). Martinez et al. and Fang et al., which take 2D joints, are "
                "trained here as rows of Table 3 (FC, FC w/ PG)."
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
                "The paper's own Protocol #2 (Section 5.2): all test subjects but the last join the training, and "
                "every 64th frame of the last is tested, aligned with the truth, so that its P2 is the number meant."
            ),
        ),
    ),
)

CLAIMS = (
    claim(
        "SG-1",
        "State of the art with 90 % fewer parameters than the closest work, the fully connected network.",
        "Table 3",
        "held; 89.98 %; 43.8 < 45.5 and 61.1 < 62.9 mm",
        ratio(
            parameters("semgcn"),
            parameters("fully_connected"),
            name="parameters (0.09 to 0.11 of them)",
            at_least=0.09,
            at_most=0.11,
        ),
        rising(P1("semgcn"), P1("fully_connected"), name="ground truth"),
        rising(P1("semgcn_sh"), P1("fully_connected_sh"), name="detections (SH)"),
    ),
    claim(
        "SG-2",
        "From 2D joints alone it matches the state of the art (is at most 5 % worse).",
        "Table 2",
        "held in part; 60.8 against 58.3 mm (4.3 %), fifth of 14",
        ratio(P1("semgcn_sh"), P1("fully_connected_sh"), name="against the fully connected network", at_most=1.05),
        ratio(
            P1("semgcn_sh"),
            P1("fully_connected_pg_sh"),
            name="against the fully connected network refined by pose grammar",
            at_most=1.05,
        ),
        unavailable(
            "the others take pictures or films: needs image features (SemGCN on pixels)",
            name="against the other rows of the table",
        ),
    ),
    claim(
        "SG-3",
        "With image features it sets the new state of the art.",
        "Table 2",
        "held; 57.6 < 58.3 mm",
        unavailable(IMAGE_FEATURES),
    ),
    claim(
        "SG-4",
        "The picture adds to the 2D joints.",
        "Table 2",
        "held; 57.6 < 60.8 mm; as printed in every action but one",
        unavailable(IMAGE_FEATURES),
    ),
    claim(
        "SG-5",
        "The softmax over the edge weights makes training steadier and the result better.",
        "text, Section 3.2",
        "no number",
        rising(P1("semgcn"), P1("semgcn_without_softmax"), name="error"),
        rising(roughness("semgcn"), roughness("semgcn_without_softmax"), name="roughness of the training curve"),
    ),
    claim(
        "SG-6",
        "Every component helps; the more of them, the better.",
        "Table 1",
        "held; 43.8 < 52.5 < 65.9 < 94.4 mm",
        rising(*P1.of("semgcn", "semgcn_without_non_local", "semgcn_without_semgconv", "resgcn")),
    ),
    claim(
        "SG-7",
        "Networks with SemGConv have much smoother training curves.",
        "Figure 4",
        "figure only",
        below(
            roughness.of("semgcn", "semgcn_without_non_local"),
            roughness.of("semgcn_without_semgconv", "resgcn"),
            name="mean relative change of the training loss",
        ),
    ),
    claim(
        "SG-8",
        "The full network has the lowest and smoothest training curve and the lowest test error of the four.",
        "Figure 4",
        "figure; Table 1",
        below(
            final_loss("semgcn"),
            final_loss.of("semgcn_without_non_local", "semgcn_without_semgconv", "resgcn"),
            name="final training loss",
        ),
        below(P1("semgcn"), P1.of("semgcn_without_non_local", "semgcn_without_semgconv", "resgcn"), name="test error"),
        below(
            roughness("semgcn"),
            roughness.of("semgcn_without_non_local", "semgcn_without_semgconv", "resgcn"),
            name="roughness",
        ),
    ),
    claim(
        "SG-9",
        "About a fifth better than other graph networks (at most 0.8 of the better one's error).",
        "Table 3",
        "held; 23.7 % better (43.8 against 57.4 mm)",
        ratio(P1("semgcn"), P1("gat"), name="aGCN / GAT", at_most=0.8),
        ratio(P1("semgcn"), P1("st_gcn"), name="ST-GCN", at_most=0.8),
    ),
    claim(
        "SG-10",
        "It needs 10 % less time for a pose than the fully connected network (at most 0.95 of it).",
        "text, Section 5.4",
        "text only; about 1.8 ms a forward pass",
        ratio(
            inference_seconds_per_pose("semgcn"),
            inference_seconds_per_pose("fully_connected"),
            name="on the test set, at one batch size",
            at_most=0.95,
        ),
    ),
    claim(
        "SG-11",
        "Refined by pose grammar (PG) it is the best of all.",
        "Table 3",
        "held; 42.5 < 43.3 and 59.8 < 60.4 mm",
        below(
            P1("semgcn_pg"),
            P1.of("gat", "st_gcn", "fully_connected", "fully_connected_pg", "semgcn"),
            name="ground truth",
        ),
        below(
            P1("semgcn_pg_sh"),
            P1.of("fully_connected_sh", "fully_connected_pg_sh", "semgcn_sh"),
            name="detections (SH)",
        ),
    ),
    claim(
        "SG-12",
        "The refinement by pose grammar helps the fully connected network and SemGCN alike.",
        "Table 3",
        "held; 43.3 < 45.5 and 42.5 < 43.8 mm; 60.4 < 62.9 and 59.8 < 61.1 mm",
        rising(P1("fully_connected_pg"), P1("fully_connected"), name="fully connected, ground truth"),
        rising(P1("semgcn_pg"), P1("semgcn"), name="SemGCN, ground truth"),
        rising(P1("fully_connected_pg_sh"), P1("fully_connected_sh"), name="fully connected, detections (SH)"),
        rising(P1("semgcn_pg_sh"), P1("semgcn_sh"), name="SemGCN, detections (SH)"),
    ),
    claim(
        "SG-13",
        "The true 2D joints are the upper bound, in every action.",
        "Table 2",
        "held in all 15 actions; 43.8 < 57.6 and 60.8 mm",
        rising(P1("semgcn"), P1("semgcn_sh"), name="against detections (SH)", actions="every"),
        unavailable(IMAGE_FEATURES, name="against image features"),
    ),
    claim(
        "SG-14",
        "Actions with much self-occlusion profit from the relations in the graph.",
        "Table 2, stated as a hypothesis",
        "hypothesis",
        unavailable("shows only in SG-15, which needs image features (SemGCN on pixels)"),
    ),
    claim(
        "SG-15",
        "Large margins over earlier methods in Directions, Photo, Posing, SittingDown, WalkDog and WalkTogether.",
        "Table 2",
        "held as printed; with the columns put right (errata D-9, D-10) only in Directions (1.1 mm) and WalkTogether "
        "(2.4), not in the other four",
        unavailable(IMAGE_FEATURES),
    ),
    claim(
        "SG-16",
        "Training everything at once from scratch is worse than training in stages.",
        "text, Section 5.1",
        "no number",
        unavailable(IMAGE_FEATURES),
    ),
    claim(
        "SG-17",
        "Pooling joints in the non-local layers is faster and costs no accuracy (at most 0.3 mm).",
        "text, Appendix A.3",
        "no number",
        rising(poses_per_second("semgcn_ungrouped"), poses_per_second("semgcn"), name="training speed"),
        close(P1("semgcn"), P1("semgcn_ungrouped"), name="error", at_most=0.3),
    ),
    claim(
        "SG-18",
        "Every SemGConv layer learns another weighting of the edges (mean correlation of two layers below 0.9).",
        "Figure 7",
        "figure only",
        bounded(layer_correlation("semgcn"), at_most=0.9),
    ),
    claim(
        "SG-19",
        "Joints farther from the body's centre get higher weights.",
        "Figures 7 and 8",
        "figure only; the skeleton alone, with nothing learned, gives 0.61",
        bounded(
            hop_correlation("semgcn"),
            name="rank correlation of a joint's weight with its distance from the pelvis",
            at_least=0,
        ),
    ),
    claim(
        "SG-20",
        "Wrists, ankles and head weigh most, above 0.4; neck, thorax and pelvis least, below 0.3.",
        "Figure 8",
        "figure; text. The paper's neck and thorax are the joints Thorax and Spine here",
        below(
            joint_weight.at(
                "semgcn",
                "Hip",
                "RHip",
                "RKnee",
                "LHip",
                "LKnee",
                "Spine",
                "Thorax",
                "LShoulder",
                "LElbow",
                "RShoulder",
                "RElbow",
            ),
            joint_weight.at("semgcn", "Head", "LWrist", "RWrist", "LAnkle", "RAnkle"),
            name="wrists, ankles and head are the highest five",
        ),
        below(
            joint_weight.at("semgcn", "Hip", "Spine", "Thorax"),
            joint_weight.at(
                "semgcn",
                "RHip",
                "RKnee",
                "RAnkle",
                "LHip",
                "LKnee",
                "LAnkle",
                "Head",
                "LShoulder",
                "LElbow",
                "LWrist",
                "RShoulder",
                "RElbow",
                "RWrist",
            ),
            name="neck, thorax and pelvis are the lowest three",
        ),
        bounded(
            *joint_weight.at("semgcn", "Head", "LWrist", "RWrist", "LAnkle", "RAnkle"),
            name="the five above 0.4",
            at_least=0.4,
        ),
        bounded(*joint_weight.at("semgcn", "Hip", "Spine", "Thorax"), name="the three below 0.3", at_most=0.3),
    ),
    claim(
        "SG-21",
        "It is accurate on most pictures from the wild, and fails on extreme poses.",
        "Figure 5",
        "pictures only",
        unavailable("to be judged by eye, on pictures without a 3D truth; no machine check"),
    ),
    claim(
        "SG-22",
        "Edge weights a channel (Eq. 3) are better than one mask for all channels (Eq. 2).",
        "text, Section 3.2",
        "no number",
        rising(P1("semgcn_channelwise"), P1("semgcn")),
    ),
    claim(
        "SG-23",
        "Protocol #1 is harder than Protocol #2 as SemGCN defines it (six subjects train, the last is tested, "
        "aligned).",
        "text, Section 5.2",
        "no number",
        rising(P2("semgcn_protocol_2"), P1("semgcn")),
    ),
)

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

PAPER = Paper("semgcn", "SemGCN", TABLES, CLAIMS, FIGURES)
