"""The states of claims and of their parts, and how a claim's state follows from those of its parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

State = Literal["held", "indicated", "within noise", "contra-indicated", "not held", "not run"]
HELD: State = "held"
INDICATED: State = "indicated"  # held as far as fewer than SEEDS seeds can say
WITHIN_NOISE: State = "within noise"
CONTRA_INDICATED: State = "contra-indicated"  # not held as far as fewer can say
NOT_HELD: State = "not held"
NOT_RUN: State = "not run"

SEEDS = 3  # from so many seeds on a comparison decides; with fewer it only points somewhere
STATES: tuple[State, ...] = (HELD, INDICATED, WITHIN_NOISE, CONTRA_INDICATED, NOT_HELD, NOT_RUN)
AGREE = (HELD, INDICATED)
AGAINST = (NOT_HELD, CONTRA_INDICATED)

# Beside the words, to find them in a long table: a tick or a cross, in brackets where the seeds are too few to decide.
SYMBOLS: dict[State, str] = {
    HELD: "✓",
    INDICATED: "(✓)",
    WITHIN_NOISE: "≈",
    CONTRA_INDICATED: "(✗)",
    NOT_HELD: "✗",
    NOT_RUN: "–",
}

# Of several things said at once the first of these decides. One that fails is enough against all. What was not run is a
# larger gap than what is within noise.
_ORDER: tuple[State, ...] = (NOT_HELD, CONTRA_INDICATED, NOT_RUN, WITHIN_NOISE, INDICATED, HELD)


def conjunction(states: Iterable[State]) -> State:
    """The state of a claim that says several things at once. It is held only if all were run and are held."""
    return min(states, key=rank, default=HELD)


def rank(state: State) -> int:
    """The lower, the more a part decides about its claim."""
    return _ORDER.index(state)


def as_seeds_allow(state: State, seeds: int) -> State:
    """What so many seeds can say: `indicated` for `held`, `contra-indicated` for `not held`, if they are too few."""
    weaker = {HELD: INDICATED, NOT_HELD: CONTRA_INDICATED}
    return state if seeds >= SEEDS else weaker.get(state, state)


def shown(state: State) -> str:
    """`✓ held`: readable without colour."""
    return f"{SYMBOLS[state]} {state}"
