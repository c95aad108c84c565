"""What tables of the image side there are, read from tables_mdn_offset*.yaml and tables_mixture_dense_*.yaml.

A column says where in a metrics file its values stand (a path, see detection_columns.py) and where the paper
prints them.
Words in braces are filled in by each row: `{of}.ap` with `of: modes.plain` is `modes.plain.ap`.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from pipeline.artifacts import InputError
from pipeline.report import detection_columns
from pipeline.report.definitions import Definition, read_as

FILES = tuple(
    Path(__file__).with_name(f"tables_{name}.yaml")
    for name in (
        *("mdn_offset", "mdn_offset_more"),
        *("mixture_dense_boxes", "mixture_dense_poses", "mixture_dense_own"),
    )
)
PAPER = "paper"  # the word that a row fills with the published row's name
BETWEEN = " / "  # several values of a column


class DetectionColumn(Definition):
    """`AP / AR` or `All: AP / AR`, where to find each, and (`paper`) the columns of the published table."""

    heading: str
    values: str
    paper: str | None = None
    paper_row: str = f"{{{PAPER}}}"
    decimals: int = 1
    spread: bool = False  # whether people read the ± of several values too; that of a single one they always do
    server: bool = False  # of images that only COCO's server can judge: nothing is measured here

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self.values.split(BETWEEN))

    @property
    def fields(self) -> tuple[str, ...]:
        """A name for each value: `All: AP / AR` gives `All AP` and `All AR`."""
        if len(self.paths) == 1:
            return (self.heading,)
        start, colon, names = self.heading.rpartition(": ")
        return tuple(f"{start} {name}" if colon else name for name in names.split(BETWEEN))

    @property
    def words(self) -> set[str]:
        texts = (self.values, *((self.paper, self.paper_row) if self.paper else ()))
        return {word for text in texts for word in words(text)}

    @model_validator(mode="after")
    def _as_many_names_as_values(self) -> DetectionColumn:
        counts = {len(self.paths), len(self.fields), *([len(self.paper.split(BETWEEN))] if self.paper else [])}
        if len(counts) > 1:
            raise ValueError(f"heading, values and paper have different numbers of parts, {BETWEEN!r} between them")
        return self


class DetectionRow(Definition):
    """A variant, a published row, or both. `over`: another variant, of which the values are shown as a gain in %."""

    label: str
    variant: str | None = None
    over: str | None = None
    fill: dict[str, str] = Field(default_factory=dict)
    paper_table: str | None = None  # where another than the table's

    @property
    def shown_label(self) -> str:
        return self.label if self.variant else f"{self.label} (published)"


class DetectionTable(Definition):
    title: str
    columns: tuple[DetectionColumn | str, ...] = Field(min_length=1)
    rows: tuple[DetectionRow, ...] = Field(min_length=1)
    paper_table: str | None = None
    training_images: bool = False  # made only where the preset measures on its training images as well
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _every_word_is_filled_somewhere(self) -> DetectionTable:
        used = {word for column in self.columns if isinstance(column, DetectionColumn) for word in column.words}
        filled = {word for row in self.rows for word in row.fill}
        odd = sorted(used ^ filled)
        if odd:
            raise ValueError(f"the word {{{odd[0]}}} is used by no column or filled by no row")
        return self


@cache
def read(paths: tuple[Path, ...] = FILES) -> dict[str, DetectionTable]:
    """The tables by name. Raises InputError with file and field."""
    tables = {}
    for path in paths:
        for name, table in read_as(DetectionTable, path).items():
            for column in table.columns:
                if isinstance(column, str) and column not in detection_columns.COLUMNS:
                    known = ", ".join(detection_columns.COLUMNS)
                    raise InputError(f"{path.name}: {name}: no column {column!r}; there is {known}")
            tables[name] = table
    return tables


def words(text: str) -> Iterator[str]:
    """The words in braces."""
    return (word for _, word, _, _ in string.Formatter().parse(text) if word)


def filled(text: str, row: DetectionRow) -> str | None:
    """A text with the row's words in it; None if the row has not all of them."""
    return text.format_map(row.fill) if set(words(text)) <= row.fill.keys() else None
