"""How a check puts its numbers into words."""

from __future__ import annotations

from pipeline.report.evidence import Expression
from pipeline.report.metrics import Statistic


def value(found: Statistic) -> str:
    """Four digits and the spread; whole numbers (parameters) in full."""
    spread = f" ± {found.sd:.2g}" if found.sd else ""
    return f"{found.mean:,.0f}{spread}" if abs(found.mean) >= 1e4 else f"{digits(found.mean)}{spread}"


def digits(number: float) -> str:
    """Four digits, zeros too, so that values compared look alike."""
    return f"{number:#.4g}".removesuffix(".")


def unit(expression: Expression) -> str:
    """The quantity's unit with a blank before it, nothing where it has none."""
    return f" {expression.quantity.unit}" if expression.quantity.unit else ""


def bounds(at_least: float | None, at_most: float | None) -> str:
    """`, at least 0.09 asked, at most 0.11 asked`, as far as there are bounds."""
    asked = [(at_least, "at least"), (at_most, "at most")]
    return "".join(f", {words} {bound:g} asked" for bound, words in asked if bound is not None)
