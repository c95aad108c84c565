"""Hierarchical Graph Networks (HGN): its tables, claims and figures."""

from pipeline.report.paper import Paper
from pipeline.report.papers.hgn.claims import CLAIMS
from pipeline.report.papers.hgn.figures import FIGURES
from pipeline.report.papers.hgn.tables import TABLES

PAPER = Paper("hgn", "HGN", TABLES, CLAIMS, FIGURES)
