"""Draw the figures, and put tables, figures and claims on one page."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.params import Run
from pipeline.report import bodies, figures, metrics, page, tables


def run(run: Run) -> None:
    results = metrics.read(run)
    built = tables.build(run, results)  # the same as in tables/, made anew because the page shows less of each
    claims, motion = (artifacts.read_json(path) for path in (run.layout.claims, run.layout.motion_summary()))
    about_bodies = bodies.section(run)
    with artifacts.atomic_folder(run.layout.figures) as folder:
        not_drawn = figures.draw_all(run, results, folder)
    artifacts.write_text(run.layout.report, page.text(run, results, built, claims, motion, about_bodies, not_drawn))
