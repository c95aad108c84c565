"""results/<preset>/report/index.html: a preset's results as one page for a browser, made from artifacts alone.

The page needs no other file and no network. What a preset lacks is named on it, and the rest is shown. page.html is its
template; tables, figures and claims are those that results.md shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report import caption, states, viewer
from pipeline.report.evidence import Evidence
from pipeline.report.figures import WITH_IMAGES, Drawing, chosen
from pipeline.report.page.web import (
    claims,
    committed,
    costs,
    effects,
    errata,
    facts,
    pictures,
    tables,
    variants,
    words,
)
from pipeline.report.page.web.claims import Claim
from pipeline.report.page.web.committed import Committed
from pipeline.report.paper import Paper
from pipeline.report.papers import shown
from pipeline.report.render import Table
from pipeline.report.viewer.html import POLICY, with_policy

FOLDER = Path(__file__).parent
TEMPLATES = (
    "page.html",
    "claim.html",
    "costs.html",
    "figure.html",
    "paper.html",
    "table.html",
    "variant.html",
)  # the first has all
STYLE, SCRIPT = "page.css", "page.js"
VIEWER_ALONE = "viewer.html"
LARGEST = 3_000_000  # bytes of the page: what a mail takes, and a browser opens at once
IMAGES_APART = f"{WITH_IMAGES}/images.html"  # in a folder of its own, so that what takes the pages leaves them


def write(
    folder: Path,
    evidence: Evidence,
    built: Sequence[Table],
    content: dict[str, Any],
    not_drawn: dict[str, str | None],
) -> None:
    """Write the page, and beside it the viewer as a page of its own (for MLflow) and others' images, which are no part.

    `content` is what `page.read` returned; `not_drawn` is what `figures.draw_all` returned.
    """
    apart = viewer.local_page(evidence.run)
    if apart is not None:
        artifacts.write_text(folder / IMAGES_APART, apart)
    shown = viewer.section(evidence.run)
    for look in pictures.LOOKS:  # the largest pictures with which the page is not too large
        html = text(evidence, built, content, not_drawn, shown, apart is not None, look)
        if len(html.encode()) <= LARGEST:
            break
    artifacts.write_text(folder / evidence.run.layout.report_page.name, html)
    if shown is not None:
        artifacts.write_text(folder / VIEWER_ALONE, viewer.alone(evidence.run, shown))


def text(
    evidence: Evidence,
    built: Sequence[Table],
    content: dict[str, Any],
    not_drawn: dict[str, str | None],
    shown_in_3d: str | None = None,
    apart: bool = False,
    look: pictures.Look = pictures.LOOKS[0],
) -> str:
    """The page as HTML, with the viewer's section in it. `apart`: others' images are on a page beside it."""
    run = evidence.run
    reference, found = committed.read(run), claims.read(content["claims"])
    lines = [
        caption.text(run, evidence.results.variants.values()),
        caption.beside(evidence.detection.variants.values()),
    ]
    records, missing = facts.records(evidence)
    filled = _template().render(
        preset=run.preset_name,
        study=run.preset.study,
        css=Markup((FOLDER / STYLE).read_text(encoding="utf-8")),
        js=Markup((FOLDER / SCRIPT).read_text(encoding="utf-8")),
        lead=[line for line in lines if line],
        facts=facts.of(evidence, records),
        missing=missing,
        reference=facts.reference(reference),
        costs=costs.section(evidence, {paper.key: paper.title for paper in shown(run)}),
        claims=len(found),
        states=states.STATES,
        titles=tables.TITLES,
        overviews=[_figure(run, drawing, not_drawn, look) for drawing in chosen.overviews(run)],
        legend=dict.fromkeys(note for table in built for note in table.legend),
        papers=_papers(evidence, built, found, not_drawn, reference, look),
        data=[
            (title, words.block(content[key], own=True))
            for title, key in (("Motion", "motion"), ("Images", "images"), ("Body model and fits", "body"))
        ],
        cards=variants.cards(evidence),
        left_out=variants.left_out(evidence),
        policy=Markup(POLICY),
        viewer=Markup(shown_in_3d or ""),
        images_apart=IMAGES_APART if apart else None,
    )
    return with_policy(filled)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "line": words.line,
        "symbol": states.SYMBOLS.__getitem__,
        "capital": lambda text: text[:1].upper() + text[1:],
    }
    environment.tests["several"] = lambda kinds: len(kinds) > 1
    return environment.get_template(TEMPLATES[0])


# --- papers -----------------------------------------------------------------------------------------------------------


def _papers(
    evidence: Evidence,
    built: Sequence[Table],
    found: Sequence[tuple[str, Claim]],
    not_drawn: dict[str, str | None],
    reference: Committed,
    look: pictures.Look,
) -> list[dict[str, Any]]:
    """What paper.html shows of each paper; last the tables that belong to no single one."""
    run, drawings = evidence.run, chosen.by_key(evidence.run)
    sections: list[dict[str, Any]] = []
    for paper in shown(run):
        own = [claim for key, claim in found if key == paper.key]
        sections.append(
            {
                "key": paper.key,
                "title": paper.title,
                "source": paper.source,
                "tables": [tables.show(table, reference) for table in built if _is_of(table, paper)],
                "figures": [_figure(run, drawing, not_drawn, look) for drawing in drawings.get(paper.key, ())],
                "claims": own,
                "counts": claims.counts(own),
                "bar": claims.bar(paper.title, own),
                "effects": effects.of(evidence, paper.differences),
                "errata": None if run.preset.study else errata.of(run, paper.key, paper.title),
            }
        )
    rest = [table for table in built if not any(_is_of(table, paper) for paper in shown(run))]
    if rest:
        head = {
            "key": "all",
            "title": "All papers' networks",
            "source": "",
            "tables": [tables.show(one, reference) for one in rest],
        }
        sections.append(head | {"figures": (), "claims": (), "counts": {}, "bar": "", "effects": (), "errata": None})
    return sections


def _is_of(table: Table, paper: Paper) -> bool:
    return table.name.startswith(f"{paper.key}_")


def _figure(run: Run, drawing: Drawing, not_drawn: dict[str, str | None], look: pictures.Look) -> dict[str, Any]:
    """A figure as figure.html shows it. Its file may have been lost since it was drawn."""
    reason = not_drawn.get(drawing.name, "nothing drew it")
    file = run.layout.figures / f"{drawing.name}.png"
    picture = None if reason else pictures.read(file, look)
    if picture is None and not reason:
        reason = f"{file.relative_to(run.root).as_posix()} is missing or damaged; run `python -m pipeline report` again"
    return {
        "title": drawing.title,
        "caption": drawing.caption,
        "paper": drawing.paper,
        "picture": picture,
        "reason": reason,
    }
