"""The share of a training that is done, as a loss gets it: from 0 to 1, or a `Moment` in a step that is recorded.

A recorded step (captured.py) repeats its operations with the numbers that Python gave them at the time. What a loss
takes from the share must therefore go through `number`, which the repeated step reads from a buffer, or `constant`,
after whose change the step is recorded anew. A Moment is no number: a loss that computes with it by itself fails at its
first step.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import torch
from torch import Tensor

Constant = TypeVar("Constant", bound=Hashable)


class Moment:
    """Where a training is, for one recorded step: the numbers that its loss took from there, and the constants."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.done = 0.0
        self.closed = False  # a step that is being recorded may ask for no new buffer: its filling would be recorded
        self._asked = 0
        self._numbers: list[tuple[Callable[[float], float], Tensor]] = []
        self._constants: list[tuple[Callable[[float], Hashable], Hashable]] = []

    def go_to(self, done: float) -> bool:
        """Fill the buffers for this share. False if a constant is another one now, so that a recording is outdated."""
        self.done, self._asked = done, 0
        if any(of(done) != value for of, value in self._constants):
            return False
        for of, buffer in self._numbers:
            buffer.fill_(of(done))
        return True

    def number(self, of: Callable[[float], float]) -> Tensor:
        """The buffer of a number, a scalar; the same one whenever a step asks in the same order."""
        if self._asked == len(self._numbers):
            if self.closed:
                raise RuntimeError("the recorded step asks for a number that the steps before it did not ask for")
            self._numbers.append((of, torch.full((), of(self.done), device=self.device)))
        self._asked += 1
        return self._numbers[self._asked - 1][1]

    def constant(self, of: Callable[[float], Constant]) -> Constant:
        value = of(self.done)
        self._constants.append((of, value))
        return value


Done = float | Moment


def number(done: Done, of: Callable[[float], float]) -> float | Tensor:
    """A number that may change at every step."""
    return done.number(of) if isinstance(done, Moment) else of(done)


def constant(done: Done, of: Callable[[float], Constant]) -> Constant:
    """A value that rarely changes and that decides on shapes or on which operations there are."""
    return done.constant(of) if isinstance(done, Moment) else of(done)
