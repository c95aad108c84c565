"""Learning rates as functions of the progress of a training.

A schedule is stated for a full training of `stated_epochs`. A shorter or longer training stretches it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    def rate(self, progress: float) -> float:
        """The learning rate at `progress`, from 0 at the first step to 1 at the last."""
        ...

    def end_epoch(self, loss: float) -> None:
        """Receive the mean training loss of an epoch that has ended."""
        ...

    def state(self) -> dict[str, float]:
        """What `restore` needs to resume."""
        ...

    def restore(self, state: dict[str, float]) -> None: ...


@dataclass
class _Stateless:
    """A schedule that depends on the progress alone."""

    learning_rate: float

    def end_epoch(self, loss: float) -> None:
        """Nothing to remember."""

    def state(self) -> dict[str, float]:
        return {}

    def restore(self, state: dict[str, float]) -> None:
        """Nothing to restore."""


@dataclass
class Constant(_Stateless):
    def rate(self, progress: float) -> float:
        return self.learning_rate


@dataclass
class Step(_Stateless):
    """Times `factor` after every `every_epochs` (SemGCN's code: x 0.96 every 100,000 steps)."""

    factor: float
    every_epochs: float
    stated_epochs: int

    def rate(self, progress: float) -> float:
        return self.learning_rate * self.factor ** int(progress * self.stated_epochs / self.every_epochs)


@dataclass
class Drops(_Stateless):
    """A tenth after each of some epochs (CenterNet's code: after 40 of 50; with DLA-34 after 90 and 120 of 140)."""

    at_epochs: tuple[int, ...]
    stated_epochs: int

    def rate(self, progress: float) -> float:
        return self.learning_rate * 0.1 ** sum(progress * self.stated_epochs >= epoch for epoch in self.at_epochs)


@dataclass
class Cosine(_Stateless):
    """Half a cosine from the rate to 0, for short trainings."""

    def rate(self, progress: float) -> float:
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass
class Exponential(_Stateless):
    """Times `factor` per epoch, continuously (GraphMDN, Section 5.2, with 200 kernels)."""

    factor: float
    stated_epochs: int

    def rate(self, progress: float) -> float:
        return float(self.learning_rate * self.factor ** (progress * self.stated_epochs))


@dataclass
class OneCycle(_Stateless):
    """A triangle from 0 to the peak rate and back to 0 ("super-convergence"; GraphMDN, Section 4.4)."""

    def rate(self, progress: float) -> float:
        return self.learning_rate * (1 - abs(2 * progress - 1))


@dataclass
class Plateau:
    """Times `factor` when the training loss has not fallen for more than `patience` epochs (SemGCN, Section 5.1).

    The paper watches a validation loss but names no validation set. The training loss does not depend on test subjects.
    """

    learning_rate: float
    factor: float
    patience: int
    lowest: float = float("inf")
    waited: int = 0

    def rate(self, progress: float) -> float:
        return self.learning_rate

    def end_epoch(self, loss: float) -> None:
        if loss < self.lowest:
            self.lowest, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.learning_rate, self.waited = self.learning_rate * self.factor, 0

    def state(self) -> dict[str, float]:
        return {"learning_rate": self.learning_rate, "lowest": self.lowest, "waited": self.waited}

    def restore(self, state: dict[str, float]) -> None:
        self.learning_rate, self.lowest, self.waited = state["learning_rate"], state["lowest"], int(state["waited"])
