"""GraphMDN: its tables and claims."""

from pipeline.report.paper import Paper
from pipeline.report.papers.graphmdn.claims import CLAIMS
from pipeline.report.papers.graphmdn.tables import TABLES

PAPER = Paper("graphmdn", "GraphMDN", TABLES, CLAIMS)
