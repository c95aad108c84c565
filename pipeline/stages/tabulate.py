"""Gather the metrics of all variants into the papers' tables, and judge the papers' claims on them."""

from __future__ import annotations

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report import build, claims, loading, render
from pipeline.report.papers import shown


def run(run: Run) -> None:
    # Everything is computed before anything is written, so that an error leaves the old tables in place.
    evidence = loading.evidence(run)
    tables = build.every(evidence)
    verdicts = claims.judge(evidence, {paper.key: paper.claims for paper in shown(run)})
    with artifacts.atomic_folder(run.layout.tables) as folder:
        for table in tables:
            render.write(table, folder)
    artifacts.write_json(run.layout.claims, claims.as_data(run, verdicts))
    artifacts.write_text(run.layout.claims_text, claims.page(evidence, verdicts))
