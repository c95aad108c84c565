"""The cells of a table: what was measured here, and what is published of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.artifacts import InputError
from pipeline.config import nearest
from pipeline.report.columns import About, AnyColumn, Column, Repository
from pipeline.report.evidence import Evidence, Expression, NoSuchNumberError, NotRunError
from pipeline.report.metrics import DetectionMetrics, Metrics, Statistic
from pipeline.report.published import Published
from pipeline.report.quantities_lifting import P1
from pipeline.report.render import NONE, NOT_RUN, Cell, Value
from pipeline.report.tables import Row, Table

PAPER = "{paper}"  # in a published table's row or column: filled in by the row


@dataclass(frozen=True)
class Cells:
    """Where the cells of one table come from."""

    evidence: Evidence
    numbers: Published
    table: Table

    def metrics(self, variant: str) -> Metrics | DetectionMetrics:
        """An unknown variant is an InputError with the nearest name."""
        run = self.evidence.run
        names = [*run.lifting_variants, *run.detection_variants]
        if variant not in names:
            raise InputError(f"papers/: {self.table.name}: no variant {variant!r}{nearest(variant, names)}")
        return (self.evidence.detection if variant in run.detection_variants else self.evidence.results)[variant]

    def of(self, column: AnyColumn, row: Row) -> Iterator[Cell]:
        """The cell of what was measured here, and the paper's beside it."""
        if isinstance(column, Repository):
            yield column.cell(self.numbers, row.repository)
        elif isinstance(column, About):
            yield self._about(column, row)
        else:
            yield tuple(self._measured(column, index, row) for index in range(len(column.values)))
            if column.paper:
                yield self.printed(column, row)

    def _about(self, column: About, row: Row) -> Cell:
        if row.variant is None:
            return (NONE,) * len(column.names)
        metrics = self.metrics(row.variant)
        return column.cell(metrics) if metrics.ran or column.stated else (NOT_RUN,) * len(column.names)

    def _measured(self, column: Column, index: int, row: Row) -> Value:
        expression = expression_of(column, index, row)
        if expression is None:
            return NONE
        if column.server:
            return NOT_RUN
        found = self.value(expression)
        if row.over:
            return _gain(found, self.value(Expression(expression.quantity, row.over, expression.argument)))
        return column.form(found.mean) if column.form and isinstance(found, Statistic) else found

    def value(self, expression: Expression) -> Value:
        """Over seeds; `not run`, or `-` if there is no such number."""
        try:
            values = list(self.evidence.by_seed(expression).values())
        except NoSuchNumberError:
            return NONE
        except NotRunError:
            return NOT_RUN
        return Statistic.of(values[:1] if expression.quantity.once else values)

    def place(self, column: Column, row: Row) -> tuple[str, str] | None:
        """Table and row of what is published beside a cell."""
        table = row.paper_table or self.table.published
        return (table, column.paper_row.replace(PAPER, row.paper)) if column.paper and row.paper and table else None

    def printed_columns(self, column: Column, row: Row) -> list[str]:
        """The columns of the published table beside a cell."""
        names = [row.paper_column or name if column.values[0] is P1 else name for name in column.paper]
        return [name.replace(PAPER, row.paper or "") for name in names]

    def printed(self, column: Column, row: Row) -> Cell:
        place = self.place(column, row)
        found = (self.numbers.cell(*place, name) if place else None for name in self.printed_columns(column, row))
        return tuple(value or NONE for value in found)

    def require_published(self, row: Row) -> None:
        """Raise InputError if a row names a published one that no column finds."""
        if row.paper is None:
            return
        asked = [column for column in self.table.columns if isinstance(column, Column) and column.paper]
        found = [self.printed(column, row) for column in asked]
        places = [place for column in asked if (place := self.place(column, row))]
        if not any(self.numbers.has_row(*place) for place in places) or all(set(cell) == {NONE} for cell in found):
            file = f"results/published/{row.paper_table or self.table.published}.csv"
            raise InputError(f"{file}: nothing of {row.paper!r}; correct the row {row.label!r} of {self.table.name}")


def expression_of(column: Column, index: int, row: Row) -> Expression | None:
    """What a cell shows; None if the row has no variant or does not say what."""
    if row.variant is None:
        return None
    value = column.values[index]
    if isinstance(value, str):
        return row.values.get(value)
    try:
        return value(row.variant, column.places[index].format(of=row.of, c=row.c))
    except IndexError:  # a mixture of fewer components
        return None


def _gain(value: Value, base: Value) -> Value:
    """How much larger a mean is than another, in % of that."""
    if not isinstance(value, Statistic) or not isinstance(base, Statistic):
        return NOT_RUN if NOT_RUN in (value, base) else NONE
    return Statistic(100 * (value.mean / base.mean - 1), None, 1) if base.mean > 0 else NONE
