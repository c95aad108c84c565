"""The papers, in the order of the report. pipeline/config/lifting.py and detection.py list their keys."""

from pipeline.config import Run, modules
from pipeline.report.paper import Paper

PAPERS: tuple[Paper, ...] = tuple(modules.load(choice) for choice in modules.PAPERS)


def shown(run: Run) -> tuple[Paper, ...]:
    """What a preset's report shows: the papers, or the study that the preset is."""
    return tuple(modules.load(choice) for choice in modules.papers(run.preset.study))
