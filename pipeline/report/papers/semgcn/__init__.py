"""SemGCN: its tables and claims."""

from pipeline.report.paper import Paper
from pipeline.report.papers.semgcn.claims import CLAIMS
from pipeline.report.papers.semgcn.tables import TABLES

PAPER = Paper("semgcn", "SemGCN", TABLES, CLAIMS)
