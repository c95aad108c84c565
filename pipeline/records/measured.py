"""The numbers of a variant under the names that MLflow shows: those of the papers' tables, and each action's error.

    test/P1                   the main prediction: a pose, or the mean of a mixture or of samples
    test/oracle/P1            another prediction, mode or component, as tables call it
    test/by_action/P1/Sitting one action
    best_on_test/P1           of the epoch that did best on the test subjects
    cost/parameters           what the network or the machine decides
    sd/P1                     over the seeds
    paper/P1, difference/P1   as printed, and the mean less what is printed

One number has one name for a seed and for the mean over seeds, so that both are in one column of MLflow's table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.records.record import metric_name
from pipeline.report import published
from pipeline.report.cells import Cells, expression_of
from pipeline.report.columns import Column
from pipeline.report.evidence import BySeed, Evidence, Expression, NotRunError
from pipeline.report.metrics import Statistic
from pipeline.report.papers import shown
from pipeline.report.published import Published
from pipeline.report.quantities_detection import AP, AP50, AP75, AR
from pipeline.report.quantities_lifting import P1, P2, P1_frames, P2_frames
from pipeline.report.render import NONE
from pipeline.report.tables import Row, Table

# What every variant has, whether a table has a row of it or not.
LIFTING = (P1, P2, P1_frames, P2_frames)
DETECTION = (AP, AP50, AP75, AR)
BY_ACTION = (P1, P2)
BEST = ("_best_on_test", "_best")  # the ends of such quantities' names
MAIN = ("mean", "point", "plain")  # the arguments that ask for the main prediction


@dataclass(frozen=True)
class Number:
    """A number of a variant, for every seed, and what the paper prints of it."""

    group: str  # test, best_on_test or cost
    name: str
    by_seed: BySeed
    printed: float | None = None
    once: bool = False  # the same for every seed

    def over_seeds(self) -> dict[str, float]:
        """Mean, standard deviation, the printed number and the difference, by metric."""
        values = list(self.by_seed.values())
        found = Statistic.of(values[:1] if self.once else values)
        name = self.metric.removeprefix("test/")
        numbers = {self.metric: found.mean}
        if found.sd is not None:
            numbers[f"sd/{name}"] = found.sd
        if self.printed is not None:
            numbers |= {f"paper/{name}": self.printed, f"difference/{name}": found.mean - self.printed}
        return numbers

    @property
    def metric(self) -> str:
        return metric_name(f"{self.group}/{self.name}")


@dataclass(frozen=True)
class Measured:
    """All numbers of a variant, and the rows of tables that it is in."""

    numbers: dict[str, Number]
    rows: dict[str, list[str]] = field(default_factory=dict)  # {table: labels of rows}

    def of_seed(self, seed: int) -> dict[str, float]:
        return {number.metric: number.by_seed[seed] for number in self.numbers.values() if seed in number.by_seed}

    def over_seeds(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for number in self.numbers.values():
            found |= number.over_seeds()
        return found


@dataclass(frozen=True)
class Reader:
    """Reads the numbers of the variants that were measured."""

    evidence: Evidence
    printed: Published
    tables: tuple[Table, ...]

    @classmethod
    def of(cls, run: Run, evidence: Evidence) -> Reader:
        tables = (table for paper in shown(run) for table in paper.tables)
        on_training = run.preset.detection.training_images
        wanted = tuple(table for table in tables if on_training or not table.training_images)
        return cls(evidence, published.read(run.root), wanted)

    def measured(self, variant: str) -> Measured:
        """Where two tables show one number, the first that is printed counts."""
        numbers: dict[str, Number] = {}
        rows: dict[str, list[str]] = {}
        detection = variant in self.evidence.run.detection_variants
        for quantity in DETECTION if detection else LIFTING:
            self._add(numbers, quantity(variant), None)
        for table, row in self._rows(variant):
            rows.setdefault(table.name, []).append(row.label)
            for expression, printed in self._cells(table, row):
                self._add(numbers, expression, printed)
        if not detection:
            for quantity in BY_ACTION:
                for action in self.evidence.results.actions:
                    self._add(numbers, replace(quantity(variant), action=action), None)
        return Measured(numbers, rows)

    def _rows(self, variant: str) -> Iterator[tuple[Table, Row]]:
        return ((table, row) for table in self.tables for row in table.rows if row.variant == variant and not row.over)

    def _cells(self, table: Table, row: Row) -> Iterator[tuple[Expression, float | None]]:
        """What a row's cells show, and what is printed beside them."""
        cells = Cells(self.evidence, self.printed, table)
        for column in table.columns:
            if isinstance(column, Column) and not column.server:
                beside = cells.printed(column, row) if column.paper else ()
                for index in range(len(column.values)):
                    expression = expression_of(column, index, row)
                    if expression:
                        yield expression, as_number(beside[index]) if index < len(beside) else None

    def _add(self, numbers: dict[str, Number], expression: Expression, printed: float | None) -> None:
        group, name = place_of(expression)
        known = numbers.get(f"{group}/{name}")
        if known:
            numbers[f"{group}/{name}"] = replace(known, printed=printed if known.printed is None else known.printed)
            return
        try:
            values = self.evidence.by_seed(expression)
        except (NotRunError, InputError):  # it has no such number; where that is an error, the tables say so
            return
        if values:
            numbers[f"{group}/{name}"] = Number(group, name, values, printed, self.evidence.seedless(expression))


def place_of(expression: Expression) -> tuple[str, str]:
    """Group and name: `test` and `oracle/P1` or `by_action/P1/Sitting`, `best_on_test` and `P1`."""
    quantity = expression.quantity
    group = "cost" if quantity.rests_on in ("network", "machine") else "test"
    name = quantity.name
    for end in BEST:
        if name.endswith(end):
            group, name = "best_on_test", name.removesuffix(end)
    argument = None if expression.argument in MAIN or group == "cost" else expression.argument
    place = "by_action" if expression.action else argument
    return group, "/".join(filter(None, (place, name, expression.action)))


def as_number(printed: object) -> float | None:
    """A printed cell as a number; None for `-` and for words."""
    try:
        return None if printed == NONE else float(str(printed).replace(",", ""))
    except ValueError:
        return None
