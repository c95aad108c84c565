"""The numbers that the papers print and their authors' repositories state, as data in results/published/.

Cells are kept as printed ("30.0" keeps its zero). Doubtful cells are listed in results/published/errata.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.artifacts import InputError
from pipeline.report import actions

COLUMNS = ["row", "column", "value", "unit"]
REPOSITORIES = "repositories"  # the one file that no paper prints; it has a column `source` as well


@dataclass(frozen=True)
class Published:
    """Every published cell, by table, row and column."""

    cells: dict[tuple[str, str, str], str]

    def cell(self, table: str, row: str | None, column: str | None) -> str | None:
        """A cell as printed, None where the table has none."""
        return None if row is None or column is None else self.cells.get((table, row, column))

    def of_action(self, table: str, row: str, action: str) -> str | None:
        """What a row's number for an action is, under whatever heading it is printed (actions.py)."""
        return self.cell(table, row, actions.column(table, row, action))

    def has_row(self, table: str, row: str) -> bool:
        return any(key[:2] == (table, row) for key in self.cells)

    def require_row(self, table: str, row: str) -> None:
        """Raise InputError if a table has no such row: a definition that names it is misspelt."""
        if not self.has_row(table, row):
            raise InputError(f"results/published/{table}.csv: no row {row!r}; correct the definition that names it")


def folder(root: Path = Path()) -> Path:
    return root / "results" / "published"


def table(name: str, root: Path = Path()) -> pd.DataFrame:
    """One table as text, long: row, column, value, unit. Raises InputError on a missing or damaged file."""
    path = folder(root) / f"{name}.csv"
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; restore it from the repository") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a CSV ({str(error).strip()}); restore it from the repository") from None
    if list(frame.columns[:4]) != COLUMNS:
        raise InputError(f"{path}: expected the columns {', '.join(COLUMNS)}, found {', '.join(frame.columns)}")
    twice = frame[frame.duplicated(["row", "column"])]
    if len(twice):
        raise InputError(f"{path}: {twice.iloc[0]['row']!r}, {twice.iloc[0]['column']!r} is there twice; keep one")
    return frame


def names(root: Path = Path()) -> list[str]:
    """The papers' tables that are there, without the repositories' numbers."""
    return sorted(path.stem for path in folder(root).glob("*.csv") if path.stem != REPOSITORIES)


def read(root: Path = Path()) -> Published:
    """All tables and the repositories' numbers."""
    return Published(
        {
            (name, row, column): value
            for name in [*names(root), REPOSITORIES]
            for row, column, value in table(name, root)[COLUMNS[:3]].itertuples(index=False, name=None)
        }
    )
