"""Build the tables of the image side, which tables_mdn_offset*.yaml and tables_mixture_dense_*.yaml define."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.report import detection_caption, detection_columns, detection_definitions, published
from pipeline.report.detection_columns import Source
from pipeline.report.detection_definitions import BETWEEN, PAPER, DetectionColumn, DetectionRow, DetectionTable, filled
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.metrics import Statistic
from pipeline.report.published import Published
from pipeline.report.render import NONE, NOT_RUN, Cell, Column, Row, Table, Value


def build(run: Run, results: DetectionResults) -> list[Table]:
    """Every table that is defined; the overfit checks only of a preset that measures on its training images."""
    numbers = published.read(run.root)
    shown = {
        name: table
        for name, table in detection_definitions.read().items()
        if run.preset.detection.training_images or not table.training_images
    }
    return [_Builder(run, results, numbers, name, table).table() for name, table in shown.items()]


@dataclass(frozen=True)
class _Builder:
    run: Run
    results: DetectionResults
    numbers: Published
    name: str
    definition: DetectionTable

    def table(self) -> Table:
        variants = dict.fromkeys(row.variant for row in self.definition.rows if row.variant)
        metrics = [self._source(name).metrics for name in variants]
        named = [column for column in self.definition.columns if isinstance(column, str)]
        return Table(
            self.name,
            self.definition.title,
            detection_caption.text(self.run, metrics),
            tuple(heading for column in self.definition.columns for heading in _headings(column)),
            tuple(self._row(row) for row in self.definition.rows),
            (detection_columns.PRECISION, detection_columns.ABSENT, *detection_columns.legend(named)),
            (*self.definition.notes, *self._not_told_apart(list(variants))),
            detection_caption.given(metrics),
        )

    def _row(self, row: DetectionRow) -> Row:
        self._require(row)
        cells = tuple(cell for column in self.definition.columns for cell in self._cells(column, row))
        measured = not row.variant or self._source(row.variant).metrics.ran
        return Row(row.shown_label, row.variant, cells, measured)

    def _source(self, variant: str) -> Source:
        self.run.detection_variant(variant)  # an unknown one is an InputError with the nearest name
        return Source(self.results[variant], self.results.speeds.get(variant, {}))

    def _require(self, row: DetectionRow) -> None:
        """Raise InputError if a row names a published one that no column finds."""
        if PAPER not in row.fill:
            return
        asked = [column for column in self.definition.columns if isinstance(column, DetectionColumn) and column.paper]
        if all(value == NONE for column in asked for value in self._published(column, row)):
            file = f"results/published/{self._paper_table(row)}.csv"
            raise InputError(f"{file}: nothing of {row.fill[PAPER]!r}; correct the row {row.label!r} of {self.name}")

    def _cells(self, column: DetectionColumn | str, row: DetectionRow) -> Iterator[Cell]:
        """The cell of what was measured here, and the paper's beside it."""
        if isinstance(column, str):
            count = len(detection_columns.COLUMNS[column][0].fields)
            yield detection_columns.cell(column, self._source(row.variant)) if row.variant else (NONE,) * count
            return
        yield tuple(self._measured(column, path, row) for path in column.paths)
        if column.paper:
            yield self._published(column, row)

    def _measured(self, column: DetectionColumn, template: str, row: DetectionRow) -> Value:
        path = filled(template, row)
        if row.variant is None or path is None:
            return NONE
        if column.server:
            return NOT_RUN
        value = self._source(row.variant).value(path)
        return _gain(value, self._source(row.over).value(path)) if row.over else value

    def _published(self, column: DetectionColumn, row: DetectionRow) -> Cell:
        assert column.paper
        name = filled(column.paper_row, row)
        found = (
            self.numbers.cell(self._paper_table(row), name, filled(part, row)) for part in column.paper.split(BETWEEN)
        )
        return tuple(value or NONE for value in found)

    def _paper_table(self, row: DetectionRow) -> str:
        table = row.paper_table or self.definition.paper_table
        assert table, f"{self.name}: {row.label}: a row of which published table?"
        return table

    def _not_told_apart(self, variants: list[str]) -> list[str]:
        """A note of every variant whose components are called front and back though nothing tells which is which."""
        texts = [column.values for column in self.definition.columns if isinstance(column, DetectionColumn)]
        texts += [text for row in self.definition.rows for text in row.fill.values()]
        if not any(f"components.{view}" in text for text in texts for view in detection_columns.VIEWS):
            return []
        notes = []
        for variant in variants:
            seeds = [
                str(seed.seed)
                for seed in self.results[variant].seeds
                if seed.mixture and len(seed.mixture.components) > 1
                if not detection_columns.tells_views_apart(seed.mixture)
            ]
            if seeds:
                title = self.run.detection_variant(variant).title
                notes.append(
                    f"{title}, seed {', '.join(seeds)}: its components do not differ in the view. They stand here by "
                    "their share: the most frequent as front, the next as back."
                )
        return notes


def _headings(column: DetectionColumn | str) -> Iterator[Column]:
    if isinstance(column, str):
        yield detection_columns.COLUMNS[column][0]
        return
    yield Column(column.heading, column.fields, column.decimals, spread=column.spread or len(column.paths) == 1)
    if column.paper:
        yield Column(f"{column.heading}, paper", tuple(f"{field} paper" for field in column.fields))


def _gain(value: Value, base: Value) -> Value:
    """How much larger a mean is than another, in % of that."""
    if not isinstance(value, Statistic) or not isinstance(base, Statistic):
        return NOT_RUN if NOT_RUN in (value, base) else NONE
    return Statistic(100 * (value.mean / base.mean - 1), None, 1) if base.mean > 0 else NONE
