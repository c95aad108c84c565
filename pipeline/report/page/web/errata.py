"""The page's part of results/published/errata.md: for each paper its doubtful numbers, and where its code differs.

The file stays the one place where they are written. An entry `- **D-9** ...` belongs to every paper that it names, by
its key or its title; the differences between a paper and its code have a section with the paper's title.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.config import Run
from pipeline.report import published
from pipeline.report.page.web import words

FILE = "errata.md"
ENTRY = re.compile(r"^- \*\*([A-Z]+-\d+)\b[^\n]*(?:\n  [^\n]*)*", re.MULTILINE)
SECTION = re.compile(r"^### ([^\n]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Errata:
    """Of one paper: entries, and the table of what its text, its code and this project do."""

    entries: tuple[Markup, ...]
    differences: Markup


def of(run: Run, key: str, title: str) -> Errata | None:
    """A paper's errata; None if the file is missing."""
    try:
        text = (published.folder(run.root) / FILE).read_text(encoding="utf-8")
    except OSError:
        return None
    names = re.compile(rf"\b({re.escape(key)}|{re.escape(title)})(\b|_)", re.IGNORECASE)
    entries = [found.group() for found in ENTRY.finditer(text) if names.search(found.group())]
    sections = [body for head, body in SECTION.findall(text) if title in head.split(", ")]
    return Errata(
        tuple(words.line(entry.removeprefix("- ").replace("\n  ", " ")) for entry in entries),
        Markup("").join(words.block(section) for section in sections),
    )
