"""GraphMDN: its tables, claims and figures."""

from pipeline.report.paper import Paper
from pipeline.report.papers.graphmdn.claims import CLAIMS
from pipeline.report.papers.graphmdn.figures import FIGURES
from pipeline.report.papers.graphmdn.tables import TABLES

PAPER = Paper("graphmdn", "GraphMDN", TABLES, CLAIMS, FIGURES)
