"""Draw the figures, and put tables, figures and claims on one page."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report import bodies, detection_metrics, detection_tables, figures, images, metrics, page, tables
from pipeline.report.evidence import Evidence
from pipeline.report.figures import catalog


def run(run: Run) -> None:
    results, detection = metrics.read(run), detection_metrics.read(run)
    # The same as in tables/, made anew because the page shows less of each.
    built = [*tables.build(run, results), *detection_tables.build(run, detection)]
    claims, motion = (artifacts.read_json(path) for path in (run.layout.claims, run.layout.motion_summary()))
    about_bodies, about_images = bodies.section(run), images.section(run)
    with artifacts.atomic_folder(run.layout.figures) as folder:
        not_drawn = figures.draw_all(Evidence(run, results, detection), catalog.EVERY, folder)
    text = page.text(run, results, detection, built, claims, motion, about_bodies, about_images, not_drawn)
    artifacts.write_text(run.layout.report, text)
