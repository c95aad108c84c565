"""Smooth curves over time, along which everything in the synthetic data set moves.

A curve is a function of time alone. Nothing is accumulated frame by frame, so the same moment has the same value at
every frame rate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def ease(share: Array) -> Array:
    """From 0 to 1 and at rest at both ends: the minimum-jerk profile of human reaching; flat outside [0, 1].

    Source: Flash and Hogan, "The coordination of arm movements" (1985), the position profile of their equation 1.
    """
    u = np.clip(share, 0.0, 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u**2)


def hump(share: Array) -> Array:
    """From 0 up to 1 (halfway) and back, with no velocity or acceleration at the ends; 0 outside [0, 1]."""
    u = np.clip(share, 0.0, 1.0)
    return 64.0 * (u * (1.0 - u)) ** 3


@dataclass(frozen=True)
class Timeline:
    """When key poses change: move i leads from key i to key i + 1 between `starts[i]` and `ends[i]` seconds.

    Moves do not overlap, and between two of them the key is held.
    """

    starts: Array  # [moves]
    ends: Array  # [moves]

    def shares(self, times: Array, window: ArrayLike = (0.0, 1.0)) -> tuple[NDArray[np.intp], Array]:
        """At each time [T], the move that began last [T], and the share of its `window` that has passed [T].

        A window is a part of a move, such as (0, 0.6), one for all [2] or one for each [moves, 2]; the share is below 0
        before it and above 1 after it.
        """
        move = np.clip(np.searchsorted(self.starts, times, side="right") - 1, 0, len(self.starts) - 1)
        length = (self.ends - self.starts)[move]
        share = (times - self.starts[move]) / length
        opens, closes = np.broadcast_to(window, (len(self.starts), 2))[move].T
        return move, (share - opens) / (closes - opens)

    def follow(self, times: Array, keys: Array, window: ArrayLike = (0.0, 1.0)) -> Array:
        """Keys [moves + 1, ...] blended over time: [T, ...]."""
        move, share = self.shares(times, window)
        weight = ease(share).reshape(-1, *[1] * (keys.ndim - 1))
        return keys[move] + (keys[move + 1] - keys[move]) * weight


def wander(times: Array, channels: int, random: np.random.Generator, fastest: float = 0.4) -> Array:
    """Aimless drift [T, channels] with unit variance over long times and no frequency above `fastest` hertz."""
    waves = 6
    frequency = random.uniform(0.05, fastest, (waves, channels))
    phase = random.uniform(0.0, 2 * np.pi, (waves, channels))
    turns = 2 * np.pi * frequency * times[:, None, None] + phase
    return np.sin(turns).sum(axis=1) * np.sqrt(2.0 / waves)


def cycle(turns: Array, samples: tuple[float, ...]) -> Array:
    """The smooth periodic curve through evenly spaced samples of one cycle, at `turns` cycles (any shape).

    Trigonometric interpolation, so every derivative is continuous.
    """
    spectrum = np.fft.rfft(samples) / len(samples)
    value = np.full(np.shape(turns), spectrum[0].real)
    for order, coefficient in enumerate(spectrum[1:], start=1):
        weight = 1.0 if 2 * order == len(samples) else 2.0  # the highest frequency of an even count has no partner
        value += weight * (coefficient * np.exp(2j * np.pi * order * turns)).real
    return value


def confine(values: Array, low: Array | float, high: Array | float) -> Array:
    """Values held strictly between two limits: untouched in the inner 80 %, then bent smoothly towards the limit."""
    middle, half = (np.asarray(high) + low) / 2, (np.asarray(high) - low) / 2
    offset = (values - middle) / half
    margin = 0.2
    beyond = np.maximum(np.abs(offset) - (1 - margin), 0.0)
    inner = np.minimum(np.abs(offset), 1 - margin)
    return middle + half * np.sign(offset) * (inner + margin * np.tanh(beyond / margin))


def smooth_minimum(first: Array, second: Array | float, width: float) -> Array:
    """The smaller of two values, its corner rounded over about `width`; never above the true minimum."""
    return -width * np.logaddexp(-first / width, -second / width)
