"""A table of the report for a browser: what was measured beside what is printed, with differences and links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.report import render
from pipeline.report.metrics import Statistic
from pipeline.report.page.web.committed import Committed
from pipeline.report.render import NONE, NOT_RUN, Column, Row, Table, Value

Kind = Literal["here", "words", "paper", "difference", "repository"]
TITLES: dict[Kind, str] = {
    "here": "here",
    "words": "here",
    "paper": "paper",
    "difference": "difference",
    "repository": "repository",
}
MINUS = "−"


@dataclass(frozen=True)
class Part:
    """One of a cell's numbers. `good`: of a difference, whether it is in this run's favour; None if neither is."""

    text: str
    good: bool | None = None


@dataclass(frozen=True)
class Cell:
    """A cell as it is shown."""

    kind: Kind
    parts: tuple[Part, ...]
    variant: str | None = None  # that its numbers are of
    one_seed: bool = False
    committed: str = ""  # what the committed run has instead; empty if it has the same

    @property
    def empty(self) -> bool:
        return all(part.text in (NONE, "") for part in self.parts)


@dataclass(frozen=True)
class Group:
    """A heading, and the kinds of the columns under it."""

    title: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class Line:
    label: str
    variant: str | None  # of a row that was measured
    cells: tuple[Cell, ...]
    published: bool = False  # a row of published numbers alone


@dataclass(frozen=True)
class Shown:
    """A table with all that the page says of it. `equal`: how many numbers are those of the committed run."""

    table: Table
    groups: tuple[Group, ...]
    lines: tuple[Line, ...]
    equal: int
    other: int

    @property
    def by_action(self) -> bool:
        """Whether it only spreads another table out over the actions."""
        return any(column.heading == "From" for column in self.table.columns)

    @property
    def compared(self) -> str:
        """How its numbers compare with the committed run's, in a sentence; nothing if there are none to compare."""
        if not self.equal + self.other:
            return ""
        if not self.other:
            return "Every number measured here is that of the reference run."
        all_of = self.equal + self.other
        return f"{self.other} of {all_of} numbers differ from the reference run's, which stand below them."


def show(table: Table, committed: Committed) -> Shown:
    """The table with a column of differences wherever numbers of both sides stand beside each other."""
    rows = [[_cells(table, row, committed, index) for index in _measured(table)] for row in table.rows]
    used = [
        tuple(kind for place, kind in enumerate(_kinds(table, index)) if _is_used(kind, rows, number, place))
        for number, index in enumerate(_measured(table))
    ]
    groups = tuple(
        Group(table.columns[index].heading, kinds) for index, kinds in zip(_measured(table), used, strict=True)
    )
    lines = tuple(
        Line(
            row.label,
            row.variant if row.measured else None,
            tuple(cell for several, kinds in zip(cells, used, strict=True) for cell in several if cell.kind in kinds),
            row.variant is None,
        )
        for row, cells in zip(table.rows, rows, strict=True)
    )
    return Shown(table, groups, lines, *_counts(table, committed))


def _is_used(kind: Kind, rows: list[list[tuple[Cell, ...]]], number: int, place: int) -> bool:
    """A column of differences is left out if it has none."""
    return kind != "difference" or not all(row[number][place].empty for row in rows)


def _measured(table: Table) -> list[int]:
    """The columns that are not printed beside another one."""
    return [index for index, column in enumerate(table.columns) if column.source != "paper"]


def _printed(table: Table, index: int) -> bool:
    """Whether the column after this one is what the paper prints of it."""
    return index + 1 < len(table.columns) and table.columns[index + 1].source == "paper"


def _kinds(table: Table, index: int) -> tuple[Kind, ...]:
    if table.columns[index].source == "repository":
        return ("repository",)
    numbers = any(isinstance(value, Statistic) for row in table.rows for value in row.cells[index])
    here: Kind = "here" if numbers or _printed(table, index) else "words"
    return (here, "paper", "difference") if _printed(table, index) else (here,)


def _cells(table: Table, row: Row, committed: Committed, index: int) -> tuple[Cell, ...]:
    column, values, kinds = table.columns[index], row.cells[index], _kinds(table, index)
    here = Cell(
        kinds[0],
        (Part(render.text(values, column)),),
        row.variant if row.measured and set(values) - {NONE, NOT_RUN} else None,
        any(isinstance(value, Statistic) and value.n == 1 for value in values) and _has_seeds(table, row),
        _instead(table, row, committed, index),
    )
    if len(kinds) == 1:
        return (here,)
    printed = row.cells[index + 1]
    paper = Cell("paper", (Part(render.text(printed, table.columns[index + 1])),))
    return here, paper, _difference(column, values, printed)


def _has_seeds(table: Table, row: Row) -> bool:
    """False for a variant in which no seed plays a part: its column of seeds has no number."""
    seeds = [cell[0] for cell, column in zip(row.cells, table.columns, strict=True) if column.heading == "Seeds"]
    return not seeds or seeds[0] != NONE


def _difference(column: Column, values: tuple[Value, ...], printed: tuple[Value, ...]) -> Cell:
    gaps = [_gap(here, paper) for here, paper in zip(values, printed, strict=False)]
    if not any(gap is not None for gap in gaps):
        return Cell("difference", (Part(NONE),))
    return Cell("difference", tuple(signed(gap, column) for gap in gaps))


def _gap(here: Value, paper: Value) -> float | None:
    printed = _number(paper)
    return here.mean - printed if isinstance(here, Statistic) and printed is not None else None


def signed(gap: float | None, column: Column) -> Part:
    """A gap as it is read beside rounded numbers, and in whose favour it is."""
    if gap is None:
        return Part(NONE)
    rounded = round(gap, column.decimals)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else "±"
    good = None if column.better is None or not rounded else (rounded > 0) == (column.better == "higher")
    return Part(f"{sign}{abs(rounded):.{column.decimals}f}", good)


def _number(value: Value) -> float | None:
    """A printed number; None for anything else."""
    try:
        return float(str(value).replace(",", ""))
    except ValueError:
        return None


# --- the committed run ------------------------------------------------------------------------------------------------


def _pairs(table: Table, row: Row, committed: Committed, index: int) -> Iterator[tuple[Value, str, str]]:
    """Each number measured here: the value, as the CSV has it, and the committed run's."""
    for value, name in zip(row.cells[index], table.columns[index].fields, strict=True):
        other = committed.value(table.name, row.label, row.variant, name)
        if row.variant and other is not None and (isinstance(value, Statistic) or value == NOT_RUN):
            yield value, render.exact(value), other


def _instead(table: Table, row: Row, committed: Committed, index: int) -> str:
    """The committed run's cell if it is another than this one."""
    pairs = list(_pairs(table, row, committed, index))
    if all(here == other for _, here, other in pairs):
        return ""
    decimals = table.columns[index].decimals
    numbers = [(_number(other), other) for _, _, other in pairs]
    return " / ".join(other if number is None else f"{number:.{decimals}f}" for number, other in numbers)


def _counts(table: Table, committed: Committed) -> tuple[int, int]:
    """How many numbers measured here are equal to the committed run's, and how many are not."""
    pairs = [
        (here, other)
        for row in table.rows
        for index in _measured(table)
        for value, here, other in _pairs(table, row, committed, index)
        if isinstance(value, Statistic)
    ]
    equal = sum(here == other for here, other in pairs)
    return equal, len(pairs) - equal
