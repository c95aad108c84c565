"""The body model behind the coarse meshes, and how well it fits the poses, for a preset's page."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report import render

QUALITY = "quality.csv"
SUMMARY = "summary.json"
SPLITS = ("train", "test")


def section(run: Run) -> str:
    """Facts on the body model, the totals of its fits, and (folded away) their quality by subject and action."""
    reason = run.why_no_targets("meshes") or _missing(run.layout.body, "build_body")
    if reason:
        return f"No body in this run: {reason}. Without a body HGN has no coarse meshes, and its networks are not run."
    facts = _read(run.layout.body_file(SUMMARY))
    built = render.bullets(f"{_words(name)}: {_value(value)}" for name, value in facts.items())
    parts = ["The body model that the coarse meshes are made from:", built]
    reason = _missing(run.layout.targets("meshes"), "fit_body")
    if reason:
        return "\n\n".join([*parts, f"It was not fitted to any pose: {reason}."])
    return "\n\n".join([*parts, *_fits(run.layout.targets("meshes"))])


def _missing(folder: Path, stage: str) -> str | None:
    return None if folder.exists() else f"{stage} was not run"


def _fits(folder: Path) -> list[str]:
    summary = _read(folder / SUMMARY)
    splits = {name: summary[name] for name in SPLITS if name in summary}
    measures = list(dict.fromkeys(name for totals in splits.values() for name in totals))
    body = [[name, *(_value(totals.get(measure)) for measure in measures)] for name, totals in splits.items()]
    moved = summary.get("data_set_offsets_mm", {})
    return [
        "It was fitted to the true joints of every frame, once for all cameras that see it. Distances are between the "
        "body's joints and the measured ones, in mm. A frame with more than 25 mm is left out of the mesh loss.",
        render.markdown_table(["", *map(_words, measures)], body),
        "<details><summary>How well it fits, by subject and action</summary>",
        _quality(folder / QUALITY),
        "Position of this data set's joints relative to the body model's (to the person's left, up, forward, in mm): "
        f"{_value(moved)}.",
        "</details>",
    ]


def _read(path: Path) -> dict[str, Any]:
    content = artifacts.read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected an object of facts; run the stage that writes it again")
    return content


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: Any) -> str:
    """A fact in words. Numbers have at most four digits; an object's parts are listed."""
    if isinstance(value, dict):
        return "; ".join(f"{_words(name)} {_inside(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: render.NONE}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _inside(value: Any) -> str:
    """A part of a part: `(real 45, fake 3)`."""
    return f"({_value(value).replace(';', ',')})" if isinstance(value, dict | list) else _value(value)


def _quality(path: Path) -> str:
    """The quality table as its file has it: words left, numbers right."""
    try:
        head, *body = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `python -m pipeline fit_body` again") from None
    except ValueError:
        raise InputError(f"{path}: no table; run `python -m pipeline fit_body` again") from None
    words = sum(name in ("split", "subject", "action") for name in head)
    return render.markdown_table([_words(name) for name in head], body, text_columns=words)
