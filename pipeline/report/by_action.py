"""A table's rows spread out over the actions, one table a protocol, each row followed by what its paper prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.report import columns
from pipeline.report.actions import AVERAGE, HUMAN36M, Correction, correction
from pipeline.report.definitions import RowDefinition, TableDefinition
from pipeline.report.metrics import Results, Statistic, action
from pipeline.report.published import Published
from pipeline.report.render import NONE, Cell, Column, Row, Table
from pipeline.report.source import Source

PROTOCOLS = {"p1": "mpjpe", "p2": "p_mpjpe"}
SPELLED = {"p1": "P1 (MPJPE, mm)", "p2": "P2 (P-MPJPE, mm)"}
HERE, PAPER, CORRECTED = "here", "paper", "paper, corrected"
SPREAD_NOTE = "The seeds' standard deviation in each action is in the CSV."


@dataclass(frozen=True)
class _Spread:
    """One protocol of one table."""

    numbers: Published
    definition: TableDefinition
    protocol: str
    actions: list[str]

    @property
    def around(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The table's columns that are kept, before and after the actions."""
        kept = self.definition.columns
        return tuple(c for c in ("input",) if c in kept), tuple(c for c in ("kernels_used",) if c in kept)


def build(
    results: Results, numbers: Published, compact: Table, definition: TableDefinition, sources: list[Source]
) -> Iterator[Table]:
    """The tables <name>_p1 and <name>_p2 of a compact one, or the one of them that its definition asks for."""
    for protocol in definition.per_action:
        spread = _Spread(numbers, definition, protocol, results.actions)
        rows = tuple(
            row
            for one, source in zip(definition.rows, sources, strict=True)
            for row in (*_measured(spread, one, source), *_printed(spread, one))
        )
        before, after = spread.around
        yield Table(
            f"{compact.name}_{protocol}",
            f"{definition.title}, {SPELLED[protocol]} by action",
            compact.caption,
            (
                Column("From", ("source",)),
                *(columns.heading(name) for name in before),
                *(Column(name, (name,), spread=False) for name in spread.actions),
                Column("Average", ("average",)),
                *(columns.heading(name) for name in after),
            ),
            rows,
            columns.legend(("p1", *before, *after)),
            (*_action_notes(spread, rows), *_correction_notes(spread), *_spread_notes(rows), *definition.notes),
            compact.given,
        )


def _measured(spread: _Spread, row: RowDefinition, source: Source) -> list[Row]:
    """What was measured here: nothing for a published row, nor for P1 where only P2 differs from the row before."""
    if row.variant is None or (spread.protocol == "p1" and row.prediction == "oracle_closest"):
        return []
    metric = PROTOCOLS[spread.protocol]
    errors: list[Cell] = [(source.error(metric, action(name)),) for name in spread.actions]
    before, after = ([columns.cell(name, source) for name in names] for names in spread.around)
    cells = ((HERE,), *before, *errors, (source.error(metric),), *after)
    return [Row(row.shown_label, row.variant, cells, source.metrics.ran)]


def _printed(spread: _Spread, row: RowDefinition) -> list[Row]:
    """The published row, where there is one and the data have at least one of its actions."""
    place = _place(spread, row)
    if place is None or not set(spread.actions) & set(HUMAN36M):
        return []
    average = spread.numbers.cell(*place, AVERAGE)
    if average is None:
        return []
    cells: list[Cell] = [(spread.numbers.of_action(*place, name) or NONE,) for name in spread.actions]
    before, after = ([(NONE,)] * len(names) for names in spread.around)
    source = CORRECTED if correction(*place) else PAPER
    return [Row(row.shown_label, None, ((source,), *before, *cells, (average,), *after))]


def _place(spread: _Spread, row: RowDefinition) -> tuple[str, str] | None:
    """Table and row of what is published of a row under this protocol."""
    table, cells = spread.definition.paper_table, spread.definition.paper_cells
    if not row.paper or not table or spread.protocol not in cells:
        return None
    return table, f"{row.paper}{cells[spread.protocol][0]}"


# --- notes ------------------------------------------------------------------------------------------------------------


def _action_notes(spread: _Spread, rows: tuple[Row, ...]) -> list[str]:
    shared = [name for name in spread.actions if name in HUMAN36M]
    if not shared:
        return [
            "None of these actions is one of Human3.6M's 15, so that published numbers have no place here; they stand "
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
    for place in (_place(spread, row) for row in spread.definition.rows):
        found = correction(*place) if place else None
        if place and found:
            rows.setdefault(found, []).append(place[1].partition("|")[0])
    return [
        f"`{CORRECTED}`: the numbers of {_listed(labels)} are printed in the order {_listed(found.order)}, which is "
        f"not their table's header; here each stands under its own action (errata.md, {found.erratum})."
        for found, labels in rows.items()
    ]


def _spread_notes(rows: tuple[Row, ...]) -> list[str]:
    cells = [value for row in rows for cell in row.cells for value in cell]
    return [SPREAD_NOTE] if any(isinstance(value, Statistic) and value.sd is not None for value in cells) else []


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names)
