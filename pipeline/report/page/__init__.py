"""results/<preset>/README.md: a preset's tables, figures and claims on one page. results.md is its template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2

from pipeline import artifacts
from pipeline.config import Run
from pipeline.report import caption, render, states
from pipeline.report.evidence import Evidence
from pipeline.report.figures import chosen
from pipeline.report.page import body, images, variants
from pipeline.report.papers import shown
from pipeline.report.render import Table
from pipeline.report.states import AGREE, NOT_RUN, STATES

TEMPLATE = "results.md"


def read(run: Run) -> dict[str, Any]:
    """What the page says beside tables and figures: claims.json, and the sections on motion, images and body.

    Raises InputError on a file that is missing or damaged.
    """
    motion = artifacts.read_json(run.layout.motion_summary())
    return {
        "claims": artifacts.read_json(run.layout.claims)["claims"],
        "motion": _motion(motion),
        "images": images.section(run),
        "body": body.section(run),
    }


def text(evidence: Evidence, tables: list[Table], content: dict[str, Any], not_drawn: dict[str, str | None]) -> str:
    """The page as Markdown. `content` is what `read` returned; `not_drawn` is what `figures.draw_all` returned."""
    lifting, detection = evidence.results, evidence.detection
    filled = _template().render(
        content,
        preset=evidence.run.preset_name,
        lifting_caption=caption.text(evidence.run, lifting.variants.values()),
        detection_caption=caption.beside(detection.variants.values()),
        overviews=chosen.overviews(evidence.run),
        not_drawn=not_drawn,
        claim_counts=_counts(content["claims"]),
        legend=dict.fromkeys(note for table in tables for note in table.legend),
        papers=_papers(evidence.run, tables, content["claims"]),
        lifting_variants=variants.lifting(lifting.variants.values()),
        detection_variants=variants.detection(detection.variants.values()),
    )
    return re.sub(r"\n{3,}", "\n\n", filled).strip() + "\n"


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bullets": render.bullets, "grid": lambda table: render.grid(table, "metrics")}
    # A table by action only spreads another one out, so it is folded away.
    environment.tests["by_action"] = lambda table: any(column.heading == "From" for column in table.columns)
    return environment.get_template(TEMPLATE)


def _papers(run: Run, tables: list[Table], claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each paper its title, tables, figures and claims; last the tables that belong to no single paper."""
    papers, figures = [], chosen.by_key(run)
    for paper in shown(run):
        own = [table for table in tables if table.name.startswith(f"{paper.key}_")]
        stated = _claims([claim for claim in claims if claim["paper"] == paper.key]) if paper.claims else ""
        papers.append({"title": paper.title, "tables": own, "figures": figures.get(paper.key, ()), "claims": stated})
    placed = [table for section in papers for table in section["tables"]]
    rest = [table for table in tables if table not in placed]
    return papers + ([{"title": "All papers' networks", "tables": rest, "figures": (), "claims": ""}] if rest else [])


# --- claims -----------------------------------------------------------------------------------------------------------


def _counts(claims: list[dict[str, Any]]) -> str:
    found = [claim["state"] for claim in claims]
    counts = ", ".join(f"{found.count(state)} {state}" for state in STATES if state in found)
    return f"Of {len(found)} claims: {counts}." if found else ""


def _claims(claims: list[dict[str, Any]]) -> str:
    """One row per claim: its text, its state and how many of its parts are held or indicated."""
    body = [[claim["id"], claim["text"], _state(claim), _parts(claim)] for claim in claims]
    return render.markdown_table(["", "Claim", "State", "Parts that agree"], body, text_columns=3)


def _state(claim: dict[str, Any]) -> str:
    """The state, and why: of a claim that was not run, the reason of its first part that was not run."""
    reasons = (part["figures"] for part in claim["parts"] if part["state"] == NOT_RUN)
    reason = next(reasons) if claim["state"] == NOT_RUN else claim["reason"]
    return ": ".join(filter(None, (states.shown(claim["state"]), reason)))


def _parts(claim: dict[str, Any]) -> str:
    agree = sum(part["state"] in AGREE for part in claim["parts"])
    return f"{agree} of {len(claim['parts'])}"


# --- motion -----------------------------------------------------------------------------------------------------------


def _motion(summary: dict[str, Any]) -> str:
    """Takes and poses of each subject and action, and the number of dropped views."""
    lines = [f"Source `{summary['source']}`, {summary['frames_per_second']:g} frames per second, four cameras."]
    for split, counts in summary["splits"].items():
        dropped = ", ".join(f"{number:,} {reason}" for reason, number in counts["dropped"].items() if number) or "none"
        lines.append(
            f"{split.capitalize()}: {counts['poses']:,} poses of {counts['takes']} takes; dropped views: {dropped}."
        )
    head = ["", "", *(f"{split} {what}" for split in summary["splits"] for what in ("takes", "poses"))]
    body = [
        [kind[:-1], name, *_takes_and_poses(summary, kind, name)]
        for kind in ("subjects", "actions")
        for name in dict.fromkeys(name for counts in summary["splits"].values() for name in counts[kind])
    ]
    return " ".join(lines) + "\n\n" + render.markdown_table(head, body, text_columns=2)


def _takes_and_poses(summary: dict[str, Any], kind: str, name: str) -> list[str]:
    """Takes and poses of one subject or action in each split."""
    parts = [counts[kind].get(name, {}) for counts in summary["splits"].values()]
    return [f"{part[what]:,}" if part else render.NONE for part in parts for what in ("takes", "poses")]
