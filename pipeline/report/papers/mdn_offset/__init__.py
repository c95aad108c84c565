"""Mixture density networks for spatial offset regression (MDN offset): its tables and claims."""

from pipeline.report.paper import Paper
from pipeline.report.papers.mdn_offset.claims import CLAIMS
from pipeline.report.papers.mdn_offset.tables import TABLES

PAPER = Paper("mdn_offset", "MDN offset", TABLES, CLAIMS)
