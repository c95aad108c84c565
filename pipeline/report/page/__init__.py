"""results/<preset>/README.md: a preset's tables, figures and claims on one page, for a reader of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.config import Run
from pipeline.report import caption, detection_caption, inputs, published, render
from pipeline.report import images as image_section
from pipeline.report.checks import NOT_RUN
from pipeline.report.claims import STATES
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.figures import Drawing
from pipeline.report.figures.catalog import FIGURES, OVERVIEWS
from pipeline.report.metrics import Results
from pipeline.report.render import Table
from pipeline.report.schema import Metrics

BEYOND = "All papers' networks"

TRACING = """Every row links to its metrics file, which names the variant (a key of `params.yaml`), the data's digests,
the steps and the date, and holds every number by action, joint and subject. In MLflow (`make ui`) the run with the same
`preset`, `variant` and `seed` has these numbers, the training's history, the git commit, all settings and the
checkpoint."""


def text(
    run: Run,
    results: Results,
    detection: DetectionResults,
    tables: list[Table],
    claims: dict[str, Any],
    motion: dict[str, Any],
    bodies: str,
    images: str,
    not_drawn: dict[str, str | None],
) -> str:
    """The page as Markdown.

    `claims` is the content of claims.json, `motion` of the motion's summary.json, `bodies` and `images` what is to be
    said of those; `not_drawn` says of each figure why it was not drawn, None if it was.
    """
    parts = [
        f"# Results of preset `{run.preset_name}`",
        caption.text(run, results.variants.values()),
        detection_caption.beside(detection.variants.values()),
        *(_figure(drawing, not_drawn) for drawing in OVERVIEWS),
        "## Tables",
        "Each is in [tables/](tables) as Markdown, CSV and LaTeX, with its own caption. How to read them:",
        render.bullets(_legend(tables)),
        *_tables(tables),
        "## Claims",
        _claims(claims),
        "## Figures",
        *(_figure(drawing, not_drawn) for drawings in FIGURES.values() for drawing in drawings),
        "## Data",
        _data(motion),
        "## Pictures",
        images,
        "## Bodies and fits",
        bodies,
        "## What was run",
        _variants(list(results.variants.values())),
        "On pictures:",
        image_section.variants(detection),
        "## From a cell to its run",
        TRACING.replace("\n", " "),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


# --- tables -----------------------------------------------------------------------------------------------------------


def _legend(tables: list[Table]) -> list[str]:
    """What the columns mean: once for all tables."""
    return list(dict.fromkeys(note for table in tables for note in table.legend))


def _tables(tables: list[Table]) -> Iterator[str]:
    """Title, rows and notes, paper by paper. A table that only spreads another out (by action) is folded away."""
    told: tuple[str, ...] = ()
    paper = ""
    for table in tables:
        if _paper(table) != paper:
            paper = _paper(table)
            yield f"### {paper}"
        grid = render.grid(table, "metrics")
        if any(column.heading == "From" for column in table.columns):
            notes = render.bullets(note for note in table.notes if note not in told)
            body = f"{grid}\n\n{notes}".strip()
            yield f"<details><summary>{table.title}</summary>\n\n{body}\n\n</details>"
        else:
            told = table.notes
            yield f"#### {table.title}\n\n{table.given}\n\n{grid}\n\n{render.bullets(told)}".strip()


def _paper(table: Table) -> str:
    """The paper whose table it is, as its name begins."""
    names = (name for key, name in published.PAPERS.items() if table.name.startswith(f"{key}_"))
    return next(names, BEYOND)


# --- figures ----------------------------------------------------------------------------------------------------------


def _figure(drawing: Drawing, not_drawn: dict[str, str | None]) -> str:
    reason = not_drawn[drawing.name]
    if reason is not None:
        return f"**{drawing.title}**: not drawn, because {reason}."
    return f"![{drawing.title}](figures/{drawing.name}.png)\n\n**{drawing.title}.** {drawing.caption}"


# --- claims -----------------------------------------------------------------------------------------------------------


def _claims(claims: dict[str, Any]) -> str:
    """Claim and state; figures, published numbers and the rule stand in claims.md."""
    states = [claim["state"] for claim in claims["claims"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)
    body = [[claim["id"], claim["text"], _state(claim), _parts(claim)] for claim in claims["claims"]]
    head = (
        f"Of {len(states)} claims: {counts}. [claims.md](claims.md) has the figures behind each, what the papers "
        "print, and the rule. A claim with parts holds only if all of them were run and hold."
    )
    return f"{head}\n\n{render.markdown_table(['', 'Claim', 'State', 'Parts held'], body, text_columns=3)}"


def _state(claim: dict[str, Any]) -> str:
    """The state; of a claim that was not run also why, in the words of its first part that was not."""
    reasons = (part["figures"] for part in claim["parts"] if part["state"] == NOT_RUN)
    return f"{NOT_RUN}: {next(reasons)}" if claim["state"] == NOT_RUN else str(claim["state"])


def _parts(claim: dict[str, Any]) -> str:
    held = sum(part["state"] == "held" for part in claim["parts"])
    return f"{held} of {len(claim['parts'])}"


# --- data and runs ----------------------------------------------------------------------------------------------------


def _data(motion: dict[str, Any]) -> str:
    """How many poses came of which subject and action, and how many views were dropped."""
    lines = [f"Source `{motion['source']}`, {motion['frames_per_second']:g} frames a second, four cameras."]
    for split, counts in motion["splits"].items():
        dropped = ", ".join(f"{number:,} {reason}" for reason, number in counts["dropped"].items() if number) or "none"
        lines.append(
            f"{split.capitalize()}: {counts['poses']:,} poses of {counts['takes']} takes; dropped views: {dropped}."
        )
    head = ["", "", *(f"{split} {what}" for split in motion["splits"] for what in ("takes", "poses"))]
    body = [
        [kind[:-1], name, *_counts(motion, kind, name)]
        for kind in ("subjects", "actions")
        for name in dict.fromkeys(name for counts in motion["splits"].values() for name in counts[kind])
    ]
    return " ".join(lines) + "\n\n" + render.markdown_table(head, body, text_columns=2)


def _counts(motion: dict[str, Any], kind: str, name: str) -> list[str]:
    """Takes and poses of one subject or action in each split."""
    parts = [counts[kind].get(name, {}) for counts in motion["splits"].values()]
    return [f"{part[what]:,}" if part else render.NONE for part in parts for what in ("takes", "poses")]


def _variants(variants: list[Metrics]) -> str:
    body = [
        [
            render.linked(metrics.variant, f"metrics/{metrics.variant}", metrics.ran),
            metrics.title,
            inputs.of(metrics),
            _how(metrics),
        ]
        for metrics in variants
    ]
    return render.markdown_table(["variant", "", "2D input", "run"], body, text_columns=4)


def _how(metrics: Metrics) -> str:
    training, seeds = metrics.training, len(metrics.seeds)
    if not metrics.ran:
        return f"not run: {metrics.reason}"
    if metrics.imported or training is None:
        return "imported: its authors' weights, evaluated here"
    if metrics.closed_form:
        return f"fitted on {training.date}, without training"
    return render.trained(training.date, seeds, training.epochs, training.steps)
