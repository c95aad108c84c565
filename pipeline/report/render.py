"""A table as data, and how it is written: as Markdown for people, as CSV for programs and as LaTeX for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tabulate import LATEX_ESCAPE_RULES, tabulate

from pipeline import artifacts
from pipeline.report.evidence import Better
from pipeline.report.metrics import Statistic

NOT_RUN = "not run"
NONE = "-"  # there is no such number
CSV_DECIMALS = 3

Value = Statistic | int | str
Cell = tuple[Value, ...]
Source = Literal["here", "paper", "repository"]  # measured here, printed beside it, or stated by the authors


@dataclass(frozen=True)
class Column:
    """A heading and the fields under it. Markdown and LaTeX show the fields of a column in one cell, with slashes."""

    heading: str
    fields: tuple[str, ...]
    decimals: int = 1
    spread: bool = True  # whether Markdown and LaTeX show the standard deviation; the CSV always does
    source: Source = "here"
    better: Better | None = None  # which of two of its numbers is better; None where neither is


@dataclass(frozen=True)
class Row:
    """A row's label, its variant (None for a row of published numbers) and its cells.

    A variant that was not measured has no metrics file.
    """

    label: str
    variant: str | None
    cells: tuple[Cell, ...]
    measured: bool = True


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: tuple[str, ...] = ()  # what its columns mean
    notes: tuple[str, ...] = ()  # remarks on its rows
    given: str = ""  # the networks' input, in one line

    def __post_init__(self) -> None:
        for row in self.rows:
            shape = [len(cell) for cell in row.cells]
            assert shape == [len(column.fields) for column in self.columns], f"{self.name}: {row.label}: {shape}"


def write(table: Table, folder: Path) -> None:
    """Write <folder>/<name>.md, .csv and .tex."""
    artifacts.write_text(folder / f"{table.name}.md", markdown(table))
    artifacts.write_text(folder / f"{table.name}.csv", comma_separated(table))
    artifacts.write_text(folder / f"{table.name}.tex", latex(table))


def text(cell: Cell, column: Column) -> str:
    """A cell in one line: `57.6 ± 0.4`, `57.6 / 44.9`. If every field is `not run` (or `-`), it says so once."""
    words = [_value_text(value, column) for value in cell]
    return words[0] if cell[0] in (NOT_RUN, NONE) and len(set(cell)) == 1 else " / ".join(words)


def _value_text(value: Value, column: Column) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    spread = "" if value.sd is None or not column.spread else f" ± {value.sd:.{column.decimals}f}"
    return f"{value.mean:.{column.decimals}f}{spread}"


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(table: Table) -> str:
    """A file that can be read by itself: the caption, the table, what its columns mean, and its notes."""
    parts = [f"**{table.title}.** {table.caption}", grid(table, "../metrics"), bullets((*table.legend, *table.notes))]
    return "\n\n".join(part for part in parts if part) + "\n"


def grid(table: Table, metrics: str) -> str:
    """Head and rows alone. A row's label links to its metrics file in the folder `metrics`."""
    labels = [linked(row.label, f"{metrics}/{row.variant}", bool(row.variant) and row.measured) for row in table.rows]
    body = [[label, *_texts(table, row)] for label, row in zip(labels, table.rows, strict=True)]
    return markdown_table(_head(table), body)


def linked(label: str, metrics: str, measured: bool) -> str:
    """A link to a metrics file (given without its suffix) if there is one; else the label alone."""
    return f"[{label}]({metrics}.json)" if measured else label


def bullets(notes: Iterable[str]) -> str:
    return "\n".join(f"- {note}" for note in notes)


def markdown_table(head: list[str], body: list[list[str]], text_columns: int = 1) -> str:
    """Rows of cells as Markdown. The first `text_columns` are aligned left, the others (numbers) right.

    Cells are not padded to the width of their column, as tabulate would: claims.md would be five times as large.
    """
    rule = ["---" if index < text_columns else "---:" for index in range(len(head))]
    rows = [head, rule, *([cell.replace("|", "\\|") for cell in row] for row in body)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _head(table: Table) -> list[str]:
    return ["", *(column.heading for column in table.columns)]


def _texts(table: Table, row: Row) -> list[str]:
    return [text(cell, column) for cell, column in zip(row.cells, table.columns, strict=True)]


# --- CSV --------------------------------------------------------------------------------------------------------------


def comma_separated(table: Table) -> str:
    """One column per field. A measured one is followed by its standard deviation, `-` if there is a single seed."""
    measured = [
        any(isinstance(row.cells[index][part], Statistic) for row in table.rows) for index, part, _ in _fields(table)
    ]
    head = ["row", "variant"]
    for (_, _, field), has_sd in zip(_fields(table), measured, strict=True):
        head += [field, f"{field} sd"] if has_sd else [field]
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(head)
    for row in table.rows:
        line = [row.label, row.variant or NONE]
        for (index, part, _), has_sd in zip(_fields(table), measured, strict=True):
            mean, sd = _csv_value(row.cells[index][part])
            line += [mean, sd] if has_sd else [mean]
        writer.writerow(line)
    return output.getvalue()


def _fields(table: Table) -> Iterator[tuple[int, int, str]]:
    for index, column in enumerate(table.columns):
        for part, field in enumerate(column.fields):
            yield index, part, field


def exact(value: Value) -> str:
    """A value as the CSV has it, without its standard deviation."""
    return _csv_value(value)[0]


def _csv_value(value: Value) -> tuple[str, str]:
    if not isinstance(value, Statistic):
        return str(value), NOT_RUN if value == NOT_RUN else NONE
    return f"{value.mean:.{CSV_DECIMALS}f}", NONE if value.sd is None else f"{value.sd:.{CSV_DECIMALS}f}"


# --- LaTeX ------------------------------------------------------------------------------------------------------------

# What plain LaTeX cannot set; tabulate escapes the ASCII signs. Markdown's code marks go.
SIGNS = str.maketrans({"±": r"$\pm$", "†": r"\dag{}", "‡": r"\ddag{}", "×": r"$\times$", "`": ""})


def latex(table: Table) -> str:
    """A `table` environment for booktabs and graphicx, shrunk to the text width. Legend and notes are comments."""
    caption = "".join(LATEX_ESCAPE_RULES.get(letter, letter) for letter in f"{table.title}. {table.caption}")
    body = [[row.label, *_texts(table, row)] for row in table.rows]
    sides = ["left", *("right" for _ in table.columns)]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{table.name.replace('_', '-')}}}",
        r"\resizebox{\textwidth}{!}{%",
        tabulate(body, _head(table), "latex_booktabs", disable_numparse=True, colalign=sides) + "}",
        r"\end{table}",
    ]
    comments = [f"% {note}\n" for note in (*table.legend, *table.notes)]
    return "".join(comments) + "\n".join(lines).translate(SIGNS) + "\n"
