"""Mixture density networks for spatial offset regression (MDN offset): its tables and claims."""

from pipeline.report.paper import Difference, Paper
from pipeline.report.papers.mdn_offset.claims import CLAIMS
from pipeline.report.papers.mdn_offset.tables import TABLES
from pipeline.report.quantities_detection import AP, AP_running

PAPER = Paper(
    "mdn_offset",
    "MDN offset",
    TABLES,
    CLAIMS,
    source="Anonymous, Mixture Density Networks Find Viewpoint the Dominant Factor for Accurate Spatial Offset "
    "Regression, 2020",
    differences=(
        Difference(
            "batch norm's running statistics, as the authors' code evaluates, and not renewed ones",
            AP("pose_l_mdn_3"),
            AP_running("pose_l_mdn_3"),
        ),
        Difference(
            "sigma divided by the keypoint's factor, as the papers print, and not multiplied",
            AP("pose_s_mdn_2"),
            AP("pose_s_mdn_2_divided"),
        ),
        Difference(
            "one sigma for both axes, as Eq. 4 prints, and not two", AP("pose_s_mdn_2"), AP("pose_s_mdn_2_one_sigma")
        ),
        Difference(
            "the mixture terms of all stacks averaged, and not the last stack's alone",
            AP("pose_s_mdn_2"),
            AP("pose_s_mdn_2_all_stacks"),
        ),
    ),
)
