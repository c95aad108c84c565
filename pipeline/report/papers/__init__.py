"""The papers, in the order of the report. pipeline/config/lifting.py and detection.py list their keys."""

from pipeline.config import modules
from pipeline.report.paper import Paper

PAPERS: tuple[Paper, ...] = tuple(modules.load(choice) for choice in modules.PAPERS)
