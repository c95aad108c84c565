"""What the steps gave, read from the device every few steps: reading makes the host wait until the device is done.

The stop at a value that is not finite stays exact: the values of every step are kept on the device until they are read,
and the first bad one is named. The steps after it have run by then. The loop therefore reads before it saves, validates
or writes a row, so nothing that follows a bad step is ever kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

ON_A_GPU = 25  # steps between two readings; a CPU computes at once, so there every step is read


class NotFiniteError(ArithmeticError):
    """The loss or a gradient is no longer a number."""


def every(device: str) -> int:
    """How many steps lie between two readings."""
    return ON_A_GPU if device.startswith("cuda") else 1


@dataclass(frozen=True)
class Reading:
    """One step: the terms of its loss and, last, its gradient's norm, [len(names)] on the device."""

    step: int
    rate: float
    values: Tensor
    names: tuple[str, ...]


@dataclass
class Readings:
    """The steps that are not read yet."""

    every: int
    waiting: list[Reading] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        self.waiting.append(reading)

    @property
    def due(self) -> bool:
        return len(self.waiting) >= self.every

    def read(self) -> list[float]:
        """The losses of the waiting steps, in order. Raises NotFiniteError at the first value that is not finite."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return []
        values = torch.cat([reading.values for reading in waiting]).tolist()
        losses = []
        for reading in waiting:
            own, values = values[: len(reading.names)], values[len(reading.names) :]
            _check(reading, own)
            losses.append(math.fsum(own[:-1]))
        return losses


def _check(reading: Reading, values: list[float]) -> None:
    for name, value in zip(reading.names, values, strict=True):
        if not math.isfinite(value):
            raise NotFiniteError(
                f"step {reading.step}: {name} is {value} at learning rate {reading.rate:.3g}; lower the variant's "
                "learning rate, or look for extreme values in its data"
            )
