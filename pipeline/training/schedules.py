"""Learning rates as functions of the progress of a training.

A schedule is stated for a full training of `stated_epochs`. A shorter or longer training stretches it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Schedule:
    """The learning rate by the progress of a training."""

    learning_rate: float

    def rate(self, progress: float) -> float:
        """The learning rate at `progress`, from 0 at the first step to 1 at the last: constant unless overridden."""
        return self.learning_rate


@dataclass
class Step(Schedule):
    """Times `factor` after every `every_epochs` (SemGCN's code: x 0.96 every 100,000 steps)."""

    factor: float
    every_epochs: float
    stated_epochs: int

    def rate(self, progress: float) -> float:
        return self.learning_rate * self.factor ** int(progress * self.stated_epochs / self.every_epochs)


@dataclass
class Drops(Schedule):
    """A tenth after each of some epochs (CenterNet's code: after 40 of 50; with DLA-34 after 90 and 120 of 140)."""

    at_epochs: tuple[int, ...]
    stated_epochs: int

    def rate(self, progress: float) -> float:
        return self.learning_rate * 0.1 ** sum(progress * self.stated_epochs >= epoch for epoch in self.at_epochs)


@dataclass
class Cosine(Schedule):
    """Half a cosine from the rate to 0, for short trainings."""

    def rate(self, progress: float) -> float:
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass
class WarmUp(Schedule):
    """A line from 0 to the rate over the first `rise` of a training, then half a cosine to 0.

    Sources: Goyal et al., "Accurate, large minibatch SGD", 2017, Section 2.2 (gradual warm-up); Loshchilov and Hutter,
    "SGDR", 2017, Eq. 5 (cosine).
    """

    rise: float

    def rate(self, progress: float) -> float:
        if progress < self.rise:
            return self.learning_rate * progress / self.rise
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - self.rise) / (1 - self.rise)))


@dataclass
class Exponential(Schedule):
    """Times `factor` per epoch, continuously (GraphMDN, Section 5.2, with 200 kernels)."""

    factor: float
    stated_epochs: int

    def rate(self, progress: float) -> float:
        return float(self.learning_rate * self.factor ** (progress * self.stated_epochs))


@dataclass
class OneCycle(Schedule):
    """A triangle from 0 to the peak rate and back to 0 ("super-convergence"; GraphMDN, Section 4.4)."""

    def rate(self, progress: float) -> float:
        return self.learning_rate * (1 - abs(2 * progress - 1))
