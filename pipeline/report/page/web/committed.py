"""The committed run of a preset, results/reference/<preset>: what it measured in each cell, and where.

It is no input of the report in the plan. If it were, `make reference` would make the run out of date that it has just
copied. The page names the date and the commit of the run that it compares with.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report.render import NONE

RUN = "run.json"


@dataclass(frozen=True)
class Committed:
    """Its record (empty if there is none) and its tables: {table: {(label, variant): {field: text}}}."""

    about: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, dict[tuple[str, str], dict[str, str]]] = field(default_factory=dict)

    def value(self, table: str, label: str, variant: str | None, name: str) -> str | None:
        """A cell of a table's CSV; None if the committed run has no such cell."""
        return self.tables.get(table, {}).get((label, variant or NONE), {}).get(name)


def read(run: Run) -> Committed:
    """The committed run. One that is missing or damaged has nothing to compare with, which the page says."""
    try:
        about = artifacts.read_json(run.reference / RUN)
    except InputError:
        about = {}
    files = sorted((run.reference / "tables").glob("*.csv"))
    return Committed(about if isinstance(about, dict) else {}, {file.stem: _rows(file) for file in files})


def _rows(file: Path) -> dict[tuple[str, str], dict[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8") as text:
            return {(str(row.get("row")), str(row.get("variant"))): row for row in csv.DictReader(text)}
    except (OSError, ValueError, csv.Error):
        return {}
