"""The columns of tables: of quantities, of other facts about a variant, and of published numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.report import published, render
from pipeline.report.evidence import Quantity
from pipeline.report.metrics import DetectionMetrics, Metrics
from pipeline.report.published import Published
from pipeline.report.quantities_lifting import (
    parameters,
)
from pipeline.report.render import NONE, Cell, Value

BETWEEN = " / "  # the values of one column
COLLAPSED = "collapsed"


@dataclass(frozen=True)
class Column:
    """Values of quantities, and beside them what the paper prints.

    `heading`: `AP`, `AP / AR` or `All: AP / AR`, a name for each value. `values`: a quantity, or the name of one of
    the row's own `values`. `at`: the quantities' argument; `{of}` and `{c[0]}` are filled in by the row. `paper`:
    columns of the published table, `paper_row` its row, where `{paper}` is filled in by the row.
    """

    heading: str
    values: tuple[Quantity | str, ...]
    at: str | tuple[str, ...] = "{of}"  # one for all values, or one for each
    paper: tuple[str, ...] = ()
    paper_row: str = "{paper}"
    names: tuple[str, ...] = ()  # of the values in the CSV, if the heading does not name them
    decimals: int = 1
    spread: bool | None = None  # whether people read the ± too; by default only that of a single value
    server: bool = False  # of images that only COCO's server can judge: nothing is measured here
    form: Callable[[float], Value] | None = None  # how a number without spread is shown

    def __post_init__(self) -> None:
        assert len(self.fields) == len(self.values) >= len(self.paper), f"{self.heading}: as many names as values"

    @property
    def fields(self) -> tuple[str, ...]:
        """A name for each value: `All: AP / AR` gives `All AP` and `All AR`."""
        if self.names or len(self.values) == 1:
            return self.names or (self.heading,)
        start, colon, names = self.heading.rpartition(": ")
        return tuple(f"{start} {name}" if colon else name for name in names.split(BETWEEN))

    @property
    def headings(self) -> tuple[render.Column, ...]:
        """Of what was measured here, and of what is printed."""
        spread = len(self.values) == 1 if self.spread is None else self.spread
        here = render.Column(self.heading, self.fields, self.decimals, spread)
        if not self.paper:
            return (here,)
        words = BETWEEN.join(self.heading.removesuffix(", mm").split(BETWEEN)[: len(self.paper)])
        names = tuple(f"{field} paper" for field in self.fields[: len(self.paper)])
        return here, render.Column(f"{words}, paper", names, source="paper")

    @property
    def places(self) -> tuple[str, ...]:
        """The argument of each value."""
        return self.at if isinstance(self.at, tuple) else (self.at,) * len(self.values)

    def printed(self, *paper: str, row: str = "{paper}") -> Column:
        """The same with what the paper prints beside it."""
        return replace(self, paper=paper, paper_row=row)


@dataclass(frozen=True)
class About:
    """A column of what is no quantity: words, and counts of what was done."""

    heading: str
    names: tuple[str, ...]
    cell: Callable[[Metrics | DetectionMetrics], Cell]
    note: str = ""  # what it means
    stated: bool = False  # known whether the variant was run or not

    @property
    def headings(self) -> tuple[render.Column, ...]:
        return (render.Column(self.heading, self.names),)


@dataclass(frozen=True)
class Repository:
    """What the authors state in their repository."""

    @property
    def headings(self) -> tuple[render.Column, ...]:
        names = ("P1 repository", "P2 repository")
        return (render.Column("P1 / P2, authors' repository", names, source="repository"),)

    def cell(self, numbers: Published, row: str | None) -> Cell:
        if row:
            numbers.require_row(published.REPOSITORIES, row)
        cells = (numbers.cell(published.REPOSITORIES, row, f"Protocol #{number}") for number in (1, 2))
        return tuple(value or NONE for value in cells)


REPOSITORY = Repository()
AnyColumn = Column | About | Repository


# --- in tables of either side -----------------------------------------------------------------------------------------


def _epochs(metrics: Metrics | DetectionMetrics) -> Cell:
    training = metrics.training
    if training is None or not metrics.trained_here:
        return (NONE, NONE)
    return (f"{training.epochs:g}", f"{training.epochs_stated:g}")


def _seeds(metrics: Metrics | DetectionMetrics) -> Cell:
    return (len(metrics.seeds) if metrics.trained_here else NONE,)


def collapsed(count: int, seeds: int) -> str:
    """`, collapsed (2 of 3 seeds)`; nothing if no seed's mixture collapsed."""
    return f", {COLLAPSED}{f' ({count} of {seeds} seeds)' if seeds > 1 else ''}" if count else ""


EPOCHS = About(
    "Epochs, here / stated",
    ("epochs", "epochs stated"),
    _epochs,
    "*Epochs*: trained here / stated by the paper or by its authors' code.",
)
SEEDS = About(
    "Seeds",
    ("n",),
    _seeds,
    "*Seeds*: trainings that differ in nothing but the seed; ± is the standard deviation over them, where there are "
    "several (of cells with two numbers it is in the CSV).",
)
PARAMETERS = Column("Parameters", (parameters,), names=("parameters",), form=int)


# --- what they mean ---------------------------------------------------------------------------------------------------

PAPER_NOTE = (
    "*Paper*: as printed there. `-`: there is no such number. `not run`: the variant was left out, or this was "
)
PAPER_NOTE += "not measured here."
REPOSITORY_NOTE = "*Authors' repository*: what they state in it instead (results/published/repositories.csv)."


def legend(columns: tuple[AnyColumn, ...], quantities: list[Quantity]) -> tuple[str, ...]:
    """What these columns and these quantities mean, each said once."""
    lines = [f"*{quantity.heading or quantity.name}*: {quantity.meaning}." for quantity in quantities]
    lines += [PAPER_NOTE]
    lines += [REPOSITORY_NOTE] if REPOSITORY in columns else []
    lines += [column.note for column in columns if isinstance(column, About) and column.note]
    return tuple(dict.fromkeys(lines))
