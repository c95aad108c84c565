"""A table's rows spread out over the actions, one table per protocol, each row followed by what its paper prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.report import columns
from pipeline.report.actions import AVERAGE, HUMAN36M, Correction, correction
from pipeline.report.cells import Cells
from pipeline.report.columns import AnyColumn, Column
from pipeline.report.columns_lifting import INPUT, KERNELS_USED
from pipeline.report.evidence import Quantity
from pipeline.report.metrics import Statistic
from pipeline.report.quantities_lifting import P1, P2
from pipeline.report.render import NONE, Cell, Row, Table
from pipeline.report.render import Column as Heading
from pipeline.report.tables import Row as Declared

SPELLED = {P1: "P1 (MPJPE, mm)", P2: "P2 (P-MPJPE, mm)"}
HERE, PAPER, CORRECTED = "here", "paper", "paper, corrected"
SPREAD_NOTE = "The seeds' standard deviation in each action is in the CSV."


@dataclass(frozen=True)
class _Spread:
    """One protocol of one table."""

    cells: Cells
    protocol: Quantity

    @property
    def actions(self) -> list[str]:
        return self.cells.evidence.results.actions

    def kept(self, column: AnyColumn) -> tuple[AnyColumn, ...]:
        """A column that is kept, where the table has it."""
        return (column,) if column in self.cells.table.columns else ()

    def place(self, row: Declared) -> tuple[str, str] | None:
        """Table and row of what is published of a row under this protocol."""
        asked = (one for one in self.cells.table.columns if isinstance(one, Column) and one.values == (self.protocol,))
        return next((self.cells.place(column, row) for column in asked), None)


def build(cells: Cells, compact: Table) -> Iterator[Table]:
    """The tables <name>_p1 and <name>_p2 of a compact one, as far as its declaration asks for them."""
    for protocol in cells.table.per_action:
        spread = _Spread(cells, protocol)
        rows = tuple(row for one in cells.table.rows for row in (*_measured(spread, one), *_printed(spread, one)))
        before, after = spread.kept(INPUT), spread.kept(KERNELS_USED)
        yield Table(
            f"{compact.name}_{protocol.name.lower()}",
            f"{compact.title}, {SPELLED[protocol]} by action",
            compact.caption,
            (
                Heading("From", ("source",)),
                *(heading for column in before for heading in column.headings),
                *(Heading(name, (name,), spread=False) for name in spread.actions),
                Heading("Average", ("average",)),
                *(heading for column in after for heading in column.headings),
            ),
            rows,
            columns.legend((*before, *after), [protocol]),
            (*_action_notes(spread, rows), *_correction_notes(spread), *_spread_notes(rows), *cells.table.notes),
            compact.given,
        )


def _measured(spread: _Spread, row: Declared) -> list[Row]:
    """What was measured here: nothing for a published row, nor for P1 where only P2 differs from the row before."""
    if row.variant is None or (spread.protocol is P1 and row.of == "oracle_closest"):
        return []
    average, cells = spread.protocol(row.variant, row.of), spread.cells
    errors: list[Cell] = [(cells.value(replace(average, action=name)),) for name in spread.actions]
    before, after = (
        [cell for column in spread.kept(kept) for cell in cells.of(column, row)] for kept in (INPUT, KERNELS_USED)
    )
    shown = ((HERE,), *before, *errors, (cells.value(average),), *after)
    return [Row(row.shown_label, row.variant, shown, cells.metrics(row.variant).ran)]


def _printed(spread: _Spread, row: Declared) -> list[Row]:
    """The published row, where there is one and the data have at least one of its actions."""
    place, numbers = spread.place(row), spread.cells.numbers
    if place is None or not set(spread.actions) & set(HUMAN36M):
        return []
    average = numbers.cell(*place, AVERAGE)
    if average is None:
        return []
    cells: list[Cell] = [(numbers.of_action(*place, name) or NONE,) for name in spread.actions]
    before, after = ([(NONE,)] * len(spread.kept(kept)) for kept in (INPUT, KERNELS_USED))
    source = CORRECTED if correction(*place) else PAPER
    return [Row(row.shown_label, None, ((source,), *before, *cells, (average,), *after))]


# --- notes ------------------------------------------------------------------------------------------------------------


def _action_notes(spread: _Spread, rows: tuple[Row, ...]) -> list[str]:
    shared = [name for name in spread.actions if name in HUMAN36M]
    if not shared:
        return [
            "None of these actions is one of Human3.6M's 15, so that published numbers are not shown here; they are "
            "in results/published/."
        ]
    if all(row.variant for row in rows):
        return ["The paper prints no number by action here."]
    which = "" if len(shared) == len(spread.actions) else f", for the actions that Human3.6M has too: {_listed(shared)}"
    return [f"Rows from `{PAPER}` are the published numbers{which}."]


def _correction_notes(spread: _Spread) -> list[str]:
    """One note for the rows that are printed in the same wrong order."""
    if not set(spread.actions) & set(HUMAN36M):
        return []
    rows: dict[Correction, list[str]] = {}
    for place in (spread.place(row) for row in spread.cells.table.rows):
        found = correction(*place) if place else None
        if place and found:
            rows.setdefault(found, []).append(place[1].partition("|")[0])
    return [
        f"`{CORRECTED}`: the numbers of {_listed(labels)} are printed in the order {_listed(found.order)}, which is "
        f"not their table's header; here each is under its own action (errata.md, {found.erratum})."
        for found, labels in rows.items()
    ]


def _spread_notes(rows: tuple[Row, ...]) -> list[str]:
    cells = [value for row in rows for cell in row.cells for value in cell]
    return [SPREAD_NOTE] if any(isinstance(value, Statistic) and value.sd is not None for value in cells) else []


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)
