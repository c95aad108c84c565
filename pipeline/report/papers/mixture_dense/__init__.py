"""Mixture Dense Regression: its tables and claims."""

from pipeline.report.paper import Difference, Paper
from pipeline.report.papers.mixture_dense import claims_boxes, claims_poses
from pipeline.report.papers.mixture_dense.tables import TABLES
from pipeline.report.quantities_detection import AP, AP_running

PAPER = Paper(
    "mixture_dense",
    "Mixture Dense",
    TABLES,
    (*claims_boxes.CLAIMS, *claims_poses.CLAIMS),
    source="Varamesh and Tuytelaars, Mixture Dense Regression for Object Detection and Human Pose Estimation, 2020",
    differences=(
        Difference(
            "batch norm's running statistics, as the authors' code evaluates, and not renewed ones",
            AP("boxes_l_mdn_3"),
            AP_running("boxes_l_mdn_3"),
        ),
        Difference(
            "a floor of 1 under sigma, as the paper states for the hourglass, and not of 0",
            AP("boxes_l_mdn_3"),
            AP("boxes_l_mdn_3_sigma_2"),
        ),
    ),
)
