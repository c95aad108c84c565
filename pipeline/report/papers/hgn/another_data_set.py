"""HGN's Table 7 and its like, on a data set that no network was trained on: MPI-INF-3DHP, or HDM05 in its place."""

from __future__ import annotations

from pipeline.report.columns import EPOCHS, SEEDS
from pipeline.report.columns_lifting import (
    ALL_SCENES,
    GREEN_SCREEN,
    INPUT,
    NO_GREEN_SCREEN,
    OF_ACTORS,
    OF_KINDS,
    OUTDOOR,
)
from pipeline.report.tables import Row, Table

MPI_INF_3DHP = ("mpi_inf_3dhp", None)  # also where nothing is tested: the tables then say `not run`
HDM05 = ("hdm05",)

NOT_RUN = "`not run`: the preset asks for no other data set (`generalization:` in params/), or the model was not run."
COUNTED = (
    "PCK and AUC are over the same 14 joints for every network. MPJPE is over all joints of a network: 16 for FC, 17 "
    "for the others."
)
ON_HDM05 = (
    "Tested on HDM05 (Müller et al., CC BY-SA 3.0): four actors, eleven kinds of motion, filmed by the same four "
    "virtual cameras as the training data. 2D joints are of the kind that the network was trained "
    "with: the true ones, or the true ones with the same noise. Nothing is rescaled, though the skeletons differ."
)

ROWS_OF_TABLE_7 = (
    Row("FC, Martinez et al. [23]", "fully_connected", paper="Martinez et al. [23]|H36M"),
    Row("Mehta et al. [24]", paper="Mehta et al. [24]|H36M"),
    Row("Yang et al. [39] +", paper="Yang et al. [39]|H36M+MPII"),
    Row("Zhou et al. [43] +", paper="Zhou et al. [43]|H36M+MPII"),
    Row("Luo et al. [22]", paper="Luo et al. [22]|H36M"),
    Row("Ci et al. [8]", paper="Ci et al. [8]|H36M"),
    Row("Zhou et al. [42] +", paper="Zhou et al. [42]|H36M+MPII"),
    Row("Xu & Takano [37]", paper="Xu and Takano [37]|H36M"),
    Row("SemGCN, 17 joints", "semgcn_17"),
    Row("GraphSH, 64 channels", "graph_sh"),
    Row("HGN", "hgn", paper="Ours|H36M"),
)
ROWS_OF_BASELINES = (
    Row("Mean pose", "mean_pose"),
    Row("Linear least squares", "linear_least_squares"),
    Row("FC", "fully_connected"),
    Row("ResGCN", "resgcn"),
    Row("SemGCN w/o SemGConv", "semgcn_without_semgconv"),
    Row("SemGCN w/o Non-Local", "semgcn_without_non_local"),
    Row("SemGCN", "semgcn"),
    Row("SemGCN, one-cycle", "semgcn_one_cycle"),
    Row("GraphMDN (Mean)", "graphmdn"),
)
OTHERS_ON_HDM05 = (
    Row("GraphMDN, evolving winners (Mean)", "graphmdn_evolving_winners"),
    Row("HGN", "hgn"),
    Row("GraphMDN with a detector's joints (Mean)", "graphmdn_sh"),
)

TABLE_7 = (
    Table(
        "hgn_table7",
        "HGN, Table 7, on another data set, MPI-INF-3DHP",
        columns=(
            GREEN_SCREEN.printed("GS"),
            NO_GREEN_SCREEN.printed("noGS"),
            OUTDOOR.printed("Outdoor"),
            ALL_SCENES.printed("ALL (PCK)", "ALL (AUC)"),
            EPOCHS,
            SEEDS,
        ),
        published="hgn_table7",
        rows=ROWS_OF_TABLE_7,
        tested_on=MPI_INF_3DHP,
        notes=(
            (
                "Tested on the test set of MPI-INF-3DHP, with its true 2D joints; trained on the data that the "
                "caption names. The published rows were trained on Human3.6M, those with + also on MPII. The paper "
                "does not say which 2D joints they were given."
            ),
            NOT_RUN,
            COUNTED,
        ),
    ),
    Table(
        "hgn_hdm05",
        "HGN, Table 7, on another data set, HDM05 in place of MPI-INF-3DHP",
        columns=(ALL_SCENES.printed("ALL (PCK)", "ALL (AUC)"), *OF_ACTORS, EPOCHS, SEEDS),
        published="hgn_table7",
        rows=ROWS_OF_TABLE_7,
        tested_on=HDM05,
        notes=(
            ON_HDM05,
            (
                "The published numbers are of networks trained on Human3.6M, those with + also on MPII, and tested on "
                "MPI-INF-3DHP: compare the order of the rows, not the numbers."
            ),
            COUNTED,
        ),
    ),
)
BASELINES = (
    Table(
        "generalization",
        "On another data set, MPI-INF-3DHP",
        columns=(GREEN_SCREEN, NO_GREEN_SCREEN, OUTDOOR, ALL_SCENES, EPOCHS, SEEDS),
        rows=ROWS_OF_BASELINES,
        tested_on=MPI_INF_3DHP,
        notes=(
            (
                "Tested on the test set of MPI-INF-3DHP, with its true 2D joints; trained on the data that the "
                "caption names. The skeletons differ a little, and nothing is rescaled "
                "(pipeline/lifting/generalization.py)."
            ),
            NOT_RUN,
        ),
    ),
    Table(
        "generalization_actors",
        "On another data set, HDM05, by actor",
        columns=(INPUT, ALL_SCENES, *OF_ACTORS, EPOCHS, SEEDS),
        rows=(*ROWS_OF_BASELINES, *OTHERS_ON_HDM05),
        tested_on=HDM05,
        notes=(ON_HDM05,),
    ),
    Table(
        "generalization_kinds",
        "On another data set, HDM05, by kind of motion",
        columns=(INPUT, ALL_SCENES, *OF_KINDS, EPOCHS, SEEDS),
        rows=(*ROWS_OF_BASELINES, *OTHERS_ON_HDM05),
        tested_on=HDM05,
        notes=(
            ON_HDM05,
            ("CMU's training subjects in preset `mini` walk, climb and jump; none of them lies down."),
        ),
    ),
)
