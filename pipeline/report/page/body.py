"""The bodies behind the coarse meshes, for a preset's page: the body model, and how well it fits the poses."""

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
    """The body model's facts, the totals of its fits, and their quality by subject and action, folded away."""
    reason = run.why_no_targets("meshes") or _missing(run.layout.body, "build_body")
    if reason:
        return f"No body in this run: {reason}. Without one there are no coarse meshes, and HGN's networks are not run."
    facts = _read(run.layout.body_file(SUMMARY))
    built = render.bullets(f"{_words(name)}: {_value(value)}" for name, value in facts.items())
    parts = ["The body model, of which the coarse meshes are made:", built]
    reason = _missing(run.layout.targets("meshes"), "fit_body")
    if reason:
        return "\n\n".join([*parts, f"It was fitted to no pose: {reason}."])
    return "\n\n".join([*parts, *_fits(run.layout.targets("meshes"))])


def _missing(folder: Path, stage: str) -> str | None:
    return None if folder.exists() else f"{stage} was not run"


def _fits(folder: Path) -> list[str]:
    summary = _read(folder / SUMMARY)
    splits = {name: summary[name] for name in SPLITS if name in summary}
    figures = list(dict.fromkeys(figure for totals in splits.values() for figure in totals))
    body = [[name, *(_value(totals.get(figure)) for figure in figures)] for name, totals in splits.items()]
    moved = summary.get("data_set_offsets_mm", {})
    return [
        "It was fitted to the true joints of every frame, once for all cameras that see it. Distances are those of the "
        "body's joints from the measured ones, in mm; a frame that is over 25 mm off is left out of the mesh loss.",
        render.markdown_table(["", *map(_words, figures)], body),
        "<details><summary>How well it fits, by subject and action</summary>",
        _quality(folder / QUALITY),
        "Where this data set has its joints, seen from the body model's (to the person's left, up, forward, in mm): "
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
    """A fact in words: numbers with four digits at most, what has parts part by part."""
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
    """The quality table as it stands: words to the left, numbers to the right."""
    try:
        head, *body = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `python -m pipeline fit_body` again") from None
    except ValueError:
        raise InputError(f"{path}: no table; run `python -m pipeline fit_body` again") from None
    words = sum(name in ("split", "subject", "action") for name in head)
    return render.markdown_table([_words(name) for name in head], body, text_columns=words)
