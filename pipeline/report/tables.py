"""Tables as papers/ declare them: rows of variants and of published numbers, and the columns shown of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.report.columns import AnyColumn
from pipeline.report.evidence import Expression, Quantity


@dataclass(frozen=True)
class Row:
    """A variant, a published row beside it, or both. A row without a variant has published numbers alone."""

    label: str
    variant: str | None = None
    of: str = ""  # what its quantities are of: a prediction, a mode, a place (the argument of an Expression)
    paper: str | None = None  # the row of the published table
    paper_table: str | None = None  # if not the table's
    paper_column: str | None = None  # of P1, if not the table's
    repository: str | None = None  # the row of repositories.csv
    c: tuple[str, ...] = ()  # the names of its components
    values: Mapping[str, Expression] = field(default_factory=dict)  # what its columns show, by their words
    over: str | None = None  # another variant, of which the values are shown as a gain in percent

    @property
    def shown_label(self) -> str:
        return self.label if self.variant else f"{self.label} (published)"


@dataclass(frozen=True)
class Table:
    """One table. `published`: the file in results/published/ that it is compared with."""

    name: str
    title: str
    columns: tuple[AnyColumn, ...]
    rows: tuple[Row, ...]
    published: str | None = None
    per_action: tuple[Quantity, ...] = ()  # P1, P2: spread out, with a column per action
    tested_on: tuple[str | None, ...] | None = None  # built only if the preset's other data set is one of these
    training_images: bool = False  # built only if the preset measures on its training images as well
    notes: tuple[str, ...] = ()
