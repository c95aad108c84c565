"""Draw the figures, and put tables, figures and claims on one page."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.params import Run
from pipeline.report import bodies, dense_metrics, dense_tables, figures, metrics, page, pictures, tables


def run(run: Run) -> None:
    results, dense = metrics.read(run), dense_metrics.read(run)
    # The same as in tables/, made anew because the page shows less of each.
    built = [*tables.build(run, results), *dense_tables.build(run, dense)]
    claims, motion = (artifacts.read_json(path) for path in (run.layout.claims, run.layout.motion_summary()))
    about_bodies, about_pictures = bodies.section(run), pictures.section(run)
    with artifacts.atomic_folder(run.layout.figures) as folder:
        not_drawn = figures.draw_all(run, results, dense, folder)
    text = page.text(run, results, dense, built, claims, motion, about_bodies, about_pictures, not_drawn)
    artifacts.write_text(run.layout.report, text)
