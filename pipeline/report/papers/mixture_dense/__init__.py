"""Mixture Dense Regression: its tables, claims and figures."""

from pipeline.report.paper import Paper
from pipeline.report.papers.mixture_dense.claims import CLAIMS
from pipeline.report.papers.mixture_dense.figures import FIGURES
from pipeline.report.papers.mixture_dense.tables import TABLES

PAPER = Paper("mixture_dense", "Mixture Dense", TABLES, CLAIMS, FIGURES)
