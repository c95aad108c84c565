"""Quantities, expressions of them (`P1(graphmdn, mean)`), and the results that they are read from.

A quantity is a number with a name, a unit and a meaning. Tables, claims, captions and MLflow use the same ones; they
are declared in quantities_lifting.py and quantities_detection.py, and quantities.py has all of them by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.config import Run
from pipeline.report.metrics import DetectionMetrics, DetectionResults, Metrics, Results

BySeed = dict[int, float]
Better = Literal["lower", "higher"]
# What decides a number: the trained weights, the annotations alone, the network as it is built, or the machine.
RestsOn = Literal["training", "data", "network", "machine"]


class NotRunError(Exception):
    """A quantity that these results cannot give; the message says why."""


class NoSuchNumberError(NotRunError):
    """The same of a variant that was run: it has no such number, whatever a preset asks for."""


@dataclass(frozen=True)
class Quantity:
    """A number that can be read of a variant, for every seed.

    `read` raises NotRunError where there is none. The minimum gap is what counts as noise where the seeds are too few
    to show their spread: an amount in the quantity's unit, or a share of the values compared. A quantity without one
    has no noise (counts, and what the annotations alone say). The gaps were fixed before any run.
    """

    name: str
    meaning: str  # a sentence without its full stop
    read: Callable[[Evidence, Expression], BySeed] = field(repr=False)
    unit: str = ""
    side: Literal["lifting", "detection", "both"] = "lifting"
    heading: str = ""  # what tables call it; the name if empty
    decimals: int = 1
    higher_is_better: bool = False
    gap: float = 0.0
    relative_gap: float = 0.0
    once: bool = False  # the same for every seed, so that it has no spread over seeds
    rests_on: RestsOn = "training"

    @property
    def better(self) -> Better | None:
        """Which of two values is better. Distances in mm are errors; a share or a count is neither good nor bad."""
        return "higher" if self.higher_is_better else "lower" if self.unit == "mm" else None

    def __call__(self, variant: str, argument: str | None = None) -> Expression:
        return Expression(self, variant, argument or None)

    def of(self, *variants: str, at: str | None = None) -> list[Expression]:
        """The same of several variants."""
        return [self(variant, at) for variant in variants]

    def at(self, variant: str, *arguments: str) -> list[Expression]:
        """The same of one variant with several arguments."""
        return [self(variant, argument) for argument in arguments]

    def minimum_gap(self, *values: float) -> float:
        """What counts as noise in these values of a single seed."""
        return max(self.gap, self.relative_gap * max(map(abs, values), default=0.0))


@dataclass(frozen=True)
class Expression:
    """A quantity of a variant. `argument`: which prediction, mode, component, ... ; `action`: one action's error."""

    quantity: Quantity
    variant: str
    argument: str | None = None
    action: str | None = None

    @property
    def label(self) -> str:
        inside = ", ".join(word for word in (self.variant, self.argument, self.action) if word)
        return f"{self.quantity.name}({inside})"


@dataclass(frozen=True)
class Evidence:
    """A preset's results, and the training records and arrays beside them. Each expression is read once."""

    run: Run
    results: Results
    detection: DetectionResults
    known: dict[Expression, BySeed] = field(default_factory=dict)

    @property
    def variants(self) -> list[Metrics | DetectionMetrics]:
        """All variants, of lifting and then of detection."""
        return [*self.results.variants.values(), *self.detection.variants.values()]

    def __reduce__(self) -> tuple[Any, ...]:
        """Processes that draw figures are given the results alone: what is known can be read again."""
        return Evidence, (self.run, self.results, self.detection)

    def by_seed(self, expression: Expression) -> BySeed:
        """The value for every seed. Raises NotRunError if the variant was not run or has no such number."""
        self.require(expression)
        if expression not in self.known:
            self.known[expression] = _finite(expression, expression.quantity.read(self, expression))
        return self.known[expression]

    def seedless(self, expression: Expression) -> bool:
        """Whether no seed plays a part in a value, so that one value stands for all seeds."""
        return expression.quantity.once or self.require(expression).seedless

    def trained_as_stated(self, expression: Expression) -> bool:
        """Whether a variant had its paper's budget. Raises NotRunError if the variant was not run."""
        return self.require(expression).full_budget

    def require(self, expression: Expression) -> Metrics | DetectionMetrics:
        """The expression's variant. Raises NotRunError unless it was run, InputError if it has no such quantity."""
        variant, side = expression.variant, expression.quantity.side
        found: Metrics | DetectionMetrics
        if side == "detection" or (side == "both" and variant in self.run.detection_variants):
            self.run.detection_variant(variant)
            found = self.detection[variant]
        else:
            self.run.variant(variant)
            found = self.results[variant]
        if not found.ran:
            raise NotRunError(f"{variant} was not run ({found.reason})")
        return found


def _finite(expression: Expression, values: BySeed) -> BySeed:
    """The values. A NaN would be in a table, and would make a claim "within noise", so it is no value."""
    for seed, value in values.items():
        if not math.isfinite(value):
            raise NotRunError(f"{expression.label}: of seed {seed} it is {value:g}, which is no number")
    return values
