"""The kinds of comparison that a claim consists of: `rising(P1("hgn"), P1("semgcn_17"))`. judge.py judges them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.report.evidence import Expression, Quantity
from pipeline.report.quantities_lifting import P1, P2

Kind = Literal["rising", "below", "ratio", "bounded", "close", "no_gain", "gain", "spread", "unavailable"]
Pair = tuple[Expression, Expression]
Actions = Literal["count", "every"]  # say how many actions agree, or ask it of every action


@dataclass(frozen=True)
class Part:
    """One comparison of a claim, made by one of the functions below."""

    kind: Kind
    values: tuple[Expression, ...] = ()
    others: tuple[Expression, ...] = ()
    name: str = ""
    at_least: float | None = None
    at_most: float | None = None
    actions: Actions | None = None
    relative: bool = False  # differences in percent of the value before
    stated_epochs: bool = False  # means something only if every variant had its paper's budget
    reason: str = ""  # why nothing can run it


def rising(
    *values: Expression,
    name: str = "",
    at_least: float | None = None,
    actions: Actions | None = None,
    stated_epochs: bool = False,
) -> Part:
    """Each value is below the next, by `at_least` where that is given."""
    return Part("rising", values, (), name, at_least, actions=actions, stated_epochs=stated_epochs)


def below(
    values: Expression | Sequence[Expression],
    others: Expression | Sequence[Expression],
    name: str = "",
    at_least: float | None = None,
    actions: Actions | None = None,
) -> Part:
    """Every value is below every other, by `at_least` where that is given."""
    return Part("below", _several(values), _several(others), name, at_least, actions=actions)


def ratio(
    first: Expression,
    second: Expression,
    name: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
) -> Part:
    """The first value over the second lies within the bounds."""
    return Part("ratio", (first, second), (), name, at_least, at_most)


def bounded(*values: Expression, name: str = "", at_least: float | None = None, at_most: float | None = None) -> Part:
    """Every value lies within the bounds."""
    return Part("bounded", values, (), name, at_least, at_most)


def close(first: Expression, second: Expression, at_most: float, name: str = "", relative: bool = False) -> Part:
    """Two values differ by no more than allowed."""
    return Part("close", (first, second), (), name, at_most=at_most, relative=relative)


def no_gain(first: Expression, second: Expression, at_most: float, name: str = "") -> Part:
    """The second value is better than the first by no more than allowed; it may be worse."""
    return Part("no_gain", (first, second), (), name, at_most=at_most)


def gain(
    pairs: Pair | Sequence[Pair],
    others: Pair | Sequence[Pair],
    name: str = "",
    at_least: float | None = None,
    relative: bool = False,
) -> Part:
    """From before to after, every pair gains more than every other pair does, or a factor `at_least` more.

    Errors gain when they fall, precision when it rises.
    """
    ours, theirs = (tuple(itertools.chain(*_pairs(some))) for some in (pairs, others))
    return Part("gain", ours, theirs, name, at_least, relative=relative)


def steps(quantity: Quantity, before: str, after: str, *arguments: str) -> list[Pair]:
    """The pairs from one variant to another, one per argument."""
    return [(quantity(before, argument), quantity(after, argument)) for argument in arguments or ("",)]


def spread(first: Expression, second: Expression, at_least: float, name: str = "") -> Part:
    """The second value varies over seeds at least so many times as much as the first."""
    return Part("spread", (first, second), (), name, at_least)


def unavailable(reason: str, name: str = "") -> Part:
    """Nothing here can run it."""
    return Part("unavailable", name=name, reason=reason)


P = replace(P1, name="P")  # in a claim: P1 and P2, judged apart


def by_protocol(part: Part) -> tuple[Part, ...]:
    """The part itself; if it is of P, once for P1 and once for P2."""
    if all(one.quantity is not P for one in (*part.values, *part.others)):
        return (part,)
    return tuple(
        replace(
            part,
            values=_with(protocol, part.values),
            others=_with(protocol, part.others),
            name=", ".join(word for word in (part.name, protocol.name) if word),
        )
        for protocol in (P1, P2)
    )


def _with(protocol: Quantity, values: tuple[Expression, ...]) -> tuple[Expression, ...]:
    return tuple(replace(one, quantity=protocol) if one.quantity is P else one for one in values)


def _several(values: Expression | Sequence[Expression]) -> tuple[Expression, ...]:
    return (values,) if isinstance(values, Expression) else tuple(values)


def _pairs(pairs: Pair | Sequence[Pair]) -> list[Pair]:
    return [pairs] if isinstance(pairs[0], Expression) else list(pairs)  # type: ignore[list-item, arg-type]
