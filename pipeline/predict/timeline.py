"""Where the rows of a person are on an even grid of frames, for filters and files that need one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def step(frame: NDArray) -> float:
    """The usual distance between the numbers of neighbouring frames: a file may count every second one, or in ms."""
    apart = np.diff(np.unique(frame))
    return float(np.median(apart)) if len(apart) else 1.0


def ticks(frame: NDArray, usual: float, longest: int) -> NDArray:
    """The places 0, 1, ... of a person's rows on the grid, [F]; `frame` [F] rises, `usual` is its `step`.

    A gap of more than `longest` ticks is shortened to it.
    """
    apart = np.round(np.diff(frame) / usual).astype(int)
    return np.concatenate(([0], np.cumsum(np.clip(apart, 1, longest))))
