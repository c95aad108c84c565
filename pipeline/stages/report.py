"""Draw the figures, and put tables, figures and claims on one page."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report import build, figures, loading, page
from pipeline.report.figures.chosen import every
from pipeline.report.page import web


def run(run: Run) -> None:
    evidence = loading.evidence(run)
    # The page shows less of each table than its file does, so it cannot copy the files.
    built = build.every(evidence)
    content = page.read(run)  # before the figures, so that a missing file leaves the old ones as they are
    with artifacts.atomic_folder(run.layout.figures) as folder:
        not_drawn = figures.draw_all(evidence, every(run), folder)
    artifacts.write_text(run.layout.report, page.text(evidence, built, content, not_drawn))
    with artifacts.atomic_folder(run.layout.report_page.parent) as folder:
        web.write(folder, evidence, built, content, not_drawn)
