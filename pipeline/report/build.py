"""Build the tables that papers/ declare from a preset's results and the published numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.report import by_action, caption, columns, components, inputs, published, render
from pipeline.report.cells import Cells, expression_of
from pipeline.report.columns import AnyColumn, Column
from pipeline.report.evidence import Evidence, Expression, Quantity
from pipeline.report.metrics import DetectionMetrics, Metrics
from pipeline.report.papers import shown
from pipeline.report.tables import Row, Table


def every(evidence: Evidence) -> list[render.Table]:
    """The tables of every paper, or of the study. Raises InputError where a table names what does not exist."""
    return tables(evidence, [table for paper in shown(evidence.run) for table in paper.tables])


def tables(evidence: Evidence, declared: Iterable[Table]) -> list[render.Table]:
    """These tables, those with a column per action after the compact one that they belong to."""
    numbers, preset = published.read(evidence.run.root), evidence.run.preset
    wanted = [
        table
        for table in declared
        if (preset.detection.training_images or not table.training_images)
        and (table.tested_on is None or preset.generalization in table.tested_on)
    ]
    return [built for table in wanted for built in Builder(Cells(evidence, numbers, table)).tables()]


@dataclass(frozen=True)
class Builder:
    """One declared table, and with it those with a column per action."""

    cells: Cells

    def tables(self) -> Iterator[render.Table]:
        table = self.cells.table
        built = render.Table(
            table.name,
            table.title,
            self._caption(),
            tuple(heading for column in table.columns for heading in self._headings(column)),
            tuple(self._row(row) for row in table.rows),
            columns.legend(table.columns, self._quantities()),
            (*table.notes, *self._not_told_apart()),
            self._given(),
        )
        yield built
        yield from by_action.build(self.cells, built)

    def _headings(self, column: AnyColumn) -> tuple[render.Column, ...]:
        """A column's headings; they know which numbers are better if all rows show such quantities."""
        if not isinstance(column, Column):
            return column.headings
        shown = [expression_of(column, 0, row) for row in self.cells.table.rows]
        directions = {expression.quantity.better for expression in shown if expression}
        better = directions.pop() if len(directions) == 1 else None
        return tuple(replace(heading, better=better) for heading in column.headings)

    def _row(self, row: Row) -> render.Row:
        self.cells.require_published(row)
        cells = tuple(cell for column in self.cells.table.columns for cell in self.cells.of(column, row))
        return render.Row(row.shown_label, row.variant, cells, not row.variant or self.cells.metrics(row.variant).ran)

    def _shown(self) -> list[Metrics | DetectionMetrics]:
        return [
            self.cells.metrics(variant)
            for variant in dict.fromkeys(row.variant for row in self.cells.table.rows)
            if variant
        ]

    def _caption(self) -> str:
        shown = self._shown()
        on_images = [metrics for metrics in shown if isinstance(metrics, DetectionMetrics)]
        if on_images:
            return caption.on_images(self.cells.evidence.run, on_images)
        return caption.text(self.cells.evidence.run, [metrics for metrics in shown if isinstance(metrics, Metrics)])

    def _given(self) -> str:
        shown = self._shown()
        on_images = [metrics for metrics in shown if isinstance(metrics, DetectionMetrics)]
        if on_images:
            return caption.given(on_images)
        lifting = [metrics for metrics in shown if isinstance(metrics, Metrics)]
        return inputs.given([one.input for one in lifting], any(inputs.is_noise(one) for one in lifting))

    def _expressions(self) -> list[Expression]:
        found = (
            expression_of(column, index, row)
            for column in self.cells.table.columns
            if isinstance(column, Column)
            for index in range(len(column.values))
            for row in self.cells.table.rows
        )
        return [expression for expression in found if expression]

    def _quantities(self) -> list[Quantity]:
        columns_of_numbers = [column for column in self.cells.table.columns if isinstance(column, Column)]
        found = [value for column in columns_of_numbers for value in column.values if isinstance(value, Quantity)]
        return list({quantity.name: quantity for quantity in found}.values())

    def _not_told_apart(self) -> list[str]:
        """A note of every variant whose components are called front and back though they do not differ in the view."""
        variants = dict.fromkeys(one.variant for one in self._expressions() if "?" in (one.argument or ""))
        notes = []
        for variant in variants:
            seeds = [
                str(seed.seed)
                for seed in self.cells.evidence.detection[variant].seeds
                if seed.mixture and len(seed.mixture.components) > 1
                if not components.tells_views_apart(seed.mixture)
            ]
            if seeds:
                title = self.cells.metrics(variant).title
                notes.append(
                    f"{title}, seed {', '.join(seeds)}: its components do not differ in the view. They are shown by "
                    "their share: the most frequent as front, the next as back."
                )
        return notes
