"""Hierarchical Graph Networks (HGN): its tables and claims."""

from pipeline.report.paper import Paper
from pipeline.report.papers.hgn.claims import CLAIMS
from pipeline.report.papers.hgn.tables import TABLES

PAPER = Paper("hgn", "HGN", TABLES, CLAIMS)
