"""Mixture Dense Regression: its tables and claims."""

from pipeline.report.paper import Paper
from pipeline.report.papers.mixture_dense import claims_boxes, claims_poses
from pipeline.report.papers.mixture_dense.tables import TABLES

PAPER = Paper("mixture_dense", "Mixture Dense", TABLES, (*claims_boxes.CLAIMS, *claims_poses.CLAIMS))
