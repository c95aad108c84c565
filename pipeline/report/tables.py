"""Build the tables that tables_*.yaml define from a preset's metrics and the published numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pipeline.config import Run
from pipeline.report import by_action, caption, columns, definitions, inputs, published
from pipeline.report.definitions import RowDefinition, TableDefinition
from pipeline.report.metrics import Results
from pipeline.report.published import Published
from pipeline.report.render import Row, Table
from pipeline.report.source import Source


def build(run: Run, results: Results) -> list[Table]:
    """Every table that is defined, those with a column an action after the compact one they belong to."""
    numbers = published.read(run.root)
    return [table for item in definitions.read().items() for table in _build(run, results, numbers, *item)]


def _build(run: Run, results: Results, numbers: Published, name: str, definition: TableDefinition) -> Iterator[Table]:
    sources = [_source(run, results, numbers, definition, row) for row in definition.rows]
    shown = [source.metrics for source in sources if source.variant]
    table = Table(
        name,
        definition.title,
        caption.text(run, shown),
        tuple(columns.heading(column) for column in definition.columns),
        tuple(
            Row(
                row.shown_label,
                row.variant,
                tuple(columns.cell(column, source) for column in definition.columns),
                not row.variant or source.metrics.ran,
            )
            for row, source in zip(definition.rows, sources, strict=True)
        ),
        columns.legend(definition.columns),
        definition.notes,
        inputs.given([one.input for one in shown], any(inputs.is_noise(one) for one in shown)),
    )
    yield table
    if definition.per_action:
        yield from by_action.build(results, numbers, table, definition, sources)


def _source(run: Run, results: Results, numbers: Published, definition: TableDefinition, row: RowDefinition) -> Source:
    if row.variant:
        run.variant(row.variant)  # an unknown one is an InputError with the nearest name
    if row.repository:
        numbers.require_row(published.REPOSITORIES, row.repository)
    if row.paper:
        assert definition.paper_table, f"{row.label}: a row of which table?"
        suffix, _ = next(iter(definition.paper_cells.values()))
        numbers.require_row(definition.paper_table, f"{row.paper}{suffix}")
    return Source(
        results,
        numbers,
        row.variant,
        row.prediction,
        row.repository,
        partial(_paper_cell, numbers, definition, row),
    )


def _paper_cell(numbers: Published, definition: TableDefinition, row: RowDefinition, what: str) -> str | None:
    if not row.paper or not definition.paper_table or what not in definition.paper_cells:
        return None
    suffix, column = definition.paper_cells[what]
    if what == "p1" and row.paper_column:
        column = row.paper_column
    return numbers.cell(definition.paper_table, f"{row.paper}{suffix}", column)
