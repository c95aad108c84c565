"""What a difference between a paper, its code and this project does, as far as this run measured it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.report import render
from pipeline.report.evidence import Evidence, Expression, NoSuchNumberError, NotRunError
from pipeline.report.metrics import Statistic
from pipeline.report.page.web.tables import signed
from pipeline.report.paper import Difference
from pipeline.report.render import NONE, NOT_RUN, Value


@dataclass(frozen=True)
class Effect:
    words: str
    before: str
    after: str
    gap: str


def of(evidence: Evidence, differences: Iterable[Difference]) -> list[Effect]:
    """Each difference with the number in the tables, the number the other way, and how far they are apart."""
    return [_effect(evidence, difference) for difference in differences]


def _effect(evidence: Evidence, difference: Difference) -> Effect:
    quantity = difference.here.quantity
    column = render.Column(quantity.name, (quantity.name,), quantity.decimals)
    before, after = _value(evidence, difference.here), _value(evidence, difference.instead)
    gap = NONE
    if isinstance(before, Statistic) and isinstance(after, Statistic):
        gap = f"{signed(after.mean - before.mean, column).text} {quantity.unit}"
    words = f"{difference.words} ({quantity.heading or quantity.name} of `{difference.here.variant}`)"
    return Effect(words, render.text((before,), column), render.text((after,), column), gap)


def _value(evidence: Evidence, expression: Expression) -> Value:
    try:
        return Statistic.of(list(evidence.by_seed(expression).values()))
    except NoSuchNumberError:
        return NONE
    except NotRunError:
        return NOT_RUN
