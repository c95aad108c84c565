"""Gather the metrics of all variants into the papers' tables, and judge the papers' claims on them."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report import claims, detection_metrics, detection_tables, metrics, render, tables


def run(run: Run) -> None:
    # All is worked out before anything is written: whoever gets an error still has the old tables.
    results, detection = metrics.read(run), detection_metrics.read(run)
    built = [*tables.build(run, results), *detection_tables.build(run, detection)]
    verdicts = claims.judge(run, results, detection)
    with artifacts.atomic_folder(run.layout.tables) as folder:
        for table in built:
            render.write(table, folder)
    artifacts.write_json(run.layout.claims, claims.as_data(run, verdicts))
    artifacts.write_text(run.layout.claims_text, claims.page(run, results, detection, verdicts))
