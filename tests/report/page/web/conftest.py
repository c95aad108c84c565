"""A page made of results that are made by hand, with one figure and a committed run beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import detection_made
import pytest
from hand_made import ACTIONS, Maker, settings_and_published_numbers
from PIL import Image

from pipeline import artifacts
from pipeline.report import build, claims, render
from pipeline.report.figures.chosen import every
from pipeline.report.page import web
from pipeline.report.papers import shown
from pipeline.report.render import Table

DRAWN = "semgcn_figure4"
COMMITTED = {"date": "2026-01-01", "commits": ["abcdef0123"], "machine": {"gpu": None, "processor": "A Fast One"}}


@dataclass(frozen=True)
class Written:
    """A page in its folder, and what it was made of."""

    maker: Maker
    tables: list[Table]
    content: dict[str, Any]
    not_drawn: dict[str, str | None]

    @property
    def file(self) -> Path:
        return self.maker.run.layout.report_page

    @property
    def html(self) -> str:
        return self.file.read_text(encoding="utf-8")


def content_of(maker: Maker) -> dict[str, Any]:
    """What `page.read` returns: the claims judged, and words in place of the data."""
    verdicts = claims.judge(maker.evidence, {paper.key: paper.claims for paper in shown(maker.run)})
    data = claims.as_data(maker.run, verdicts)
    words = {
        "motion": "Some *takes*.\n\n| | poses |\n| --- | ---: |\n| S1 | 12 |",
        "images": "- Images.",
        "body": "A body.",
    }
    return json.loads(json.dumps({"claims": data["claims"]} | words))


def write(maker: Maker) -> Written:
    """The page of what a maker has made so far, with one figure of a single colour."""
    evidence, layout = maker.evidence, maker.run.layout
    not_drawn: dict[str, str | None] = {drawing.name: f"{drawing.name} has no data" for drawing in every(maker.run)}
    if DRAWN in not_drawn:
        layout.figures.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (600, 300), "#0072b2").save(layout.figures / f"{DRAWN}.png")
        not_drawn[DRAWN] = None
    made = Written(maker, build.every(evidence), content_of(maker), not_drawn)
    for table in made.tables:
        artifacts.write_text(layout.tables / f"{table.name}.csv", render.comma_separated(table))
    web.write(layout.report_page.parent, evidence, made.tables, made.content, not_drawn)
    return made


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The page of a whole preset. The committed run has SemGCN's P1 in its Table 1 as 57.0. To be read, not changed."""
    maker = Maker(settings_and_published_numbers(tmp_path_factory.mktemp("page")), ACTIONS)
    maker.whole_preset()
    detection_made.whole_preset(maker)
    for name in ("semgcn", "graphmdn"):  # with all that a training records
        for seed in range(2):
            maker.environment(name, seed, **RECORD)
    artifacts.write_json(maker.run.layout.cost, ESTIMATE)
    reference = maker.run.reference
    artifacts.write_json(reference / "run.json", COMMITTED)
    first = next(table for table in build.every(maker.evidence) if table.name == "semgcn_table1")
    text = render.comma_separated(first)
    assert text.count("54.500") == 1
    artifacts.write_text(reference / "tables" / "semgcn_table1.csv", text.replace("54.500", "57.000"))
    return write(maker)


HGN = {"paper": "hgn", "trainings": 3, "hours": [9, 10.5, 12], "longest": 4, "memory": 2e9, "disk": 30_000_000}
ESTIMATE = {"date": "2026-01-01", "device": "a fast one", "papers": [HGN]}  # as `python -m pipeline cost` keeps it
RECORD = {
    "started": "2026-01-02T10:00:00+00:00",
    "finished": "2026-01-02T13:30:00+00:00",
    "seconds": 3600.0,
    "device": "x86_64",
    "torch": "2.13.0",
    "python": "3.11.7",
    "platform": "Linux-6.1-x86_64",
}
