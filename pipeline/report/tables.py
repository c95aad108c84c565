"""Build the tables that tables.yaml defines from a preset's metrics and the published numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.artifacts import InputError
from pipeline.params import Run, read_yaml
from pipeline.report import caption, columns, published
from pipeline.report.columns import Source
from pipeline.report.metrics import Results, action
from pipeline.report.published import ACTION_COLUMNS, AVERAGE, Published
from pipeline.report.render import NONE, Cell, Column, Row, Table

DEFINITIONS = Path(__file__).with_name("tables.yaml")
PROTOCOLS = {"p1": "mpjpe", "p2": "p_mpjpe"}
SPELLED = {"p1": "P1 (MPJPE, mm)", "p2": "P2 (P-MPJPE, mm)"}
HERE, PAPER = "here", "paper"
SPREAD_NOTE = "Where there are several seeds, their standard deviation in each action is in the CSV."


class Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RowDefinition(Definition):
    label: str
    variant: str
    prediction: str | None = None
    paper: str | None = None
    paper_average_only: bool = False  # the printed actions cannot be trusted
    repository: str | None = None


class TableDefinition(Definition):
    title: str
    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[RowDefinition, ...] = Field(min_length=1)
    paper_table: str | None = None
    paper_cells: dict[str, tuple[str, str]] = {}
    per_action: bool = False
    notes: tuple[str, ...] = ()


@cache
def definitions(path: Path = DEFINITIONS) -> dict[str, TableDefinition]:
    """The tables by name. Raises InputError with file and field."""
    tables = {}
    for name, content in read_yaml(path).items():
        try:
            tables[name] = TableDefinition.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(
                f"{path.name}: {name}.{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
            ) from None
        for column in tables[name].columns:
            if column not in columns.COLUMNS:
                raise InputError(f"{path.name}: {name}: no column {column!r}; there is {', '.join(columns.COLUMNS)}")
    return tables


def build(run: Run, results: Results) -> list[Table]:
    """Every table of tables.yaml, those with a column an action after the compact one they belong to."""
    numbers = published.read(run.root)
    return [table for item in definitions().items() for table in _build(run, results, numbers, *item)]


def _build(run: Run, results: Results, numbers: Published, name: str, definition: TableDefinition) -> Iterator[Table]:
    sources = [_source(run, results, numbers, definition, row) for row in definition.rows]
    text = caption.text(run, [source.metrics for source in sources])
    yield Table(
        name,
        definition.title,
        text,
        tuple(columns.heading(column) for column in definition.columns),
        tuple(
            Row(row.label, row.variant, tuple(columns.cell(column, source) for column in definition.columns))
            for row, source in zip(definition.rows, sources, strict=True)
        ),
        columns.legend(definition.columns),
        definition.notes,
    )
    if definition.per_action:
        for protocol in PROTOCOLS:
            yield _per_action(results, numbers, name, definition, sources, text, protocol)


def _source(run: Run, results: Results, numbers: Published, definition: TableDefinition, row: RowDefinition) -> Source:
    run.variant(row.variant)  # an unknown one is an InputError with the nearest name
    if row.repository:
        numbers.require_row(published.REPOSITORIES, row.repository)
    if row.paper:
        assert definition.paper_table, f"{row.label}: a row of which table?"
        numbers.require_row(definition.paper_table, f"{row.paper}{definition.paper_cells['p1'][0]}")
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
    return numbers.cell(definition.paper_table, f"{row.paper}{suffix}", column)


# --- a column an action -----------------------------------------------------------------------------------------------


def _per_action(
    results: Results,
    numbers: Published,
    name: str,
    definition: TableDefinition,
    sources: list[Source],
    text: str,
    protocol: str,
) -> Table:
    """The rows of a compact table, spread out over the preset's actions, each followed by what its paper prints."""
    actions = results.actions
    rows: list[Row] = []
    for row, source in zip(definition.rows, sources, strict=True):
        if protocol == "p1" and row.prediction == "oracle_closest":
            continue  # it differs from the oracle in P2 only
        rows.append(Row(row.label, row.variant, _here(source, actions, PROTOCOLS[protocol])))
        rows += _printed(numbers, definition, row, protocol, actions)
    return Table(
        f"{name}_{protocol}",
        f"{definition.title}, {SPELLED[protocol]} by action",
        text,
        (
            Column("From", ("source",)),
            *(Column(name, (name,), spread=False) for name in actions),
            Column("Average", ("average",)),
            columns.heading("kernels_used"),
        ),
        tuple(rows),
        columns.legend(["p1", "kernels_used"]),
        (_action_note(actions), SPREAD_NOTE, *definition.notes),
    )


def _here(source: Source, actions: list[str], metric: str) -> tuple[Cell, ...]:
    errors: list[Cell] = [(source.error(metric, action(name)),) for name in actions]
    return (HERE,), *errors, (source.error(metric),), columns.kernels_used(source)


def _printed(
    numbers: Published, definition: TableDefinition, row: RowDefinition, protocol: str, actions: list[str]
) -> list[Row]:
    """The published row, where there is one and the data have at least one of its actions."""
    if not row.paper or not definition.paper_table or not set(actions) & set(ACTION_COLUMNS):
        return []
    printed = partial(numbers.cell, definition.paper_table, f"{row.paper}{definition.paper_cells[protocol][0]}")
    average = printed(AVERAGE)
    if average is None:
        return []
    cells = [None if row.paper_average_only else printed(ACTION_COLUMNS.get(name, "")) for name in actions]
    return [Row(row.label, None, ((PAPER,), *((cell or NONE,) for cell in cells), (average,), (NONE,)))]


def _action_note(actions: list[str]) -> str:
    shared = [name for name in actions if name in ACTION_COLUMNS]
    if shared:
        which = "" if len(shared) == len(actions) else f", for the actions that Human3.6M has too: {', '.join(shared)}"
        return f"Rows from `paper` are the published numbers{which}."
    return (
        "None of these actions is one of Human3.6M's 15, so that published numbers have no place here; they stand in "
        "results/published/."
    )
