"""What tables there are: their columns, rows and notes, read from the tables_*.yaml beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.artifacts import InputError
from pipeline.config import read_yaml
from pipeline.report import columns

FILES = tuple(
    Path(__file__).with_name(name)
    for name in ("tables_semgcn.yaml", "tables_graphmdn.yaml", "tables_hgn.yaml", "tables_generalization.yaml")
)

Prediction = Literal[
    "point", "calibrated", "mean", "highest", "oracle", "oracle_closest", "oracle_5", "oracle_200"
]  # fmt: skip


class Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Kind = TypeVar("Kind", bound=Definition)


class RowDefinition(Definition):
    """A row: a variant, the published row beside it, or both."""

    label: str
    variant: str | None = None  # None: published numbers alone, of what cannot be trained here
    prediction: Prediction | None = None
    paper: str | None = None
    paper_column: str | None = None  # where its published P1 stands, if not where the table's others do
    repository: str | None = None

    @model_validator(mode="after")
    def _there_is_something_to_show(self) -> RowDefinition:
        if self.variant is None and self.paper is None:
            raise ValueError("a row needs a variant, or a published row to show in its place")
        return self

    @property
    def shown_label(self) -> str:
        """The label; of a row that is published and not trained here it says so."""
        return self.label if self.variant else f"{self.label} (published)"


class TableDefinition(Definition):
    title: str
    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[RowDefinition, ...] = Field(min_length=1)
    paper_table: str | None = None
    paper_cells: dict[str, tuple[str, str]] = {}
    per_action: tuple[Literal["p1", "p2"], ...] = ()
    notes: tuple[str, ...] = ()


@cache
def read(paths: tuple[Path, ...] = FILES) -> dict[str, TableDefinition]:
    """The tables by name. Raises InputError with file and field."""
    tables = {}
    for path in paths:
        for name, table in read_as(TableDefinition, path).items():
            for column in table.columns:
                if column not in columns.COLUMNS:
                    raise InputError(
                        f"{path.name}: {name}: no column {column!r}; there is {', '.join(columns.COLUMNS)}"
                    )
            tables[name] = table
    return tables


def read_as(kind: type[Kind], path: Path) -> dict[str, Kind]:
    """A file's tables by name, as this kind of definition. Raises InputError with file and field."""
    found = {}
    for name, content in read_yaml(path).items():
        try:
            found[name] = kind.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, (name, *first["loc"])))
            raise InputError(f"{path.name}: {where}: {first['msg'].removeprefix('Value error, ').lower()}") from None
    return found
