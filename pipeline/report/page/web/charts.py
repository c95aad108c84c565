"""Small charts as SVG inside the page. They take its colours, print sharply, and say in words what they show."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape
from matplotlib.ticker import LogLocator, MaxNLocator

from pipeline.report.states import STATES, SYMBOLS, State

MOST_POINTS = 200  # of a curve
WIDTH, HEIGHT = 320, 174  # in units of the drawing
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 22, 34
DECADES = 1.3  # from so many on a curve of positive values is drawn over a logarithmic axis

Scale = Callable[[float], float]


# --- curves -----------------------------------------------------------------------------------------------------------


def thinned(curve: pd.Series, most: int = MOST_POINTS) -> pd.Series:
    """A curve of at most so many points. Each is the mean of neighbours, of their places and of their values."""
    if len(curve) <= most:
        return curve
    bins = [number * most // len(curve) for number in range(len(curve))]
    places = pd.Series(curve.index.to_numpy(float)).groupby(bins).mean()
    return pd.Series(curve.to_numpy(float)).groupby(bins).mean().set_axis(places)


def curve(title: str, by_seed: Sequence[pd.Series], below: str = "epoch") -> Markup:
    """The mean over seeds as a line, with shading from the lowest seed to the highest.

    `by_seed`: at least one value each, by its place on the axis below.
    """
    frame = pd.concat([thinned(one) for one in by_seed], axis=1).sort_index()
    mean, low, high = frame.mean(axis=1), frame.min(axis=1), frame.max(axis=1)
    across, up = _across(mean), _up(float(low.min()), float(high.max()))
    places = [across.at(float(place)) for place in frame.index]
    parts = [_axes(across, up, title, below)]
    if frame.shape[1] > 1:
        edge = [*zip(places, map(up.at, high), strict=True), *zip(reversed(places), map(up.at, low[::-1]), strict=True)]
        parts.append(Markup('<path class="band" d="{}Z"/>').format(_path(edge)))
    parts.append(Markup('<path class="curve" d="{}"/>').format(_path(list(zip(places, map(up.at, mean), strict=True)))))
    if len(mean) == 1:
        dot = Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="3"/>')
        parts.append(dot.format(places[0], up.at(mean.iloc[0])))
    words = (
        f"{title} by {below}, {_seeds(frame.shape[1])}: from {mean.iloc[0]:.4g} at {below} {mean.index[0]:g} "
        f"to {mean.iloc[-1]:.4g} at {below} {mean.index[-1]:g}; lowest {mean.min():.4g}, highest {mean.max():.4g}."
    )
    return _svg(title, words, WIDTH, HEIGHT, parts)


@dataclass(frozen=True)
class _Axis:
    at: Scale  # the place of a value in the drawing
    ticks: tuple[float, ...]


def _across(mean: pd.Series) -> _Axis:
    low, high = min(0.0, float(mean.index.min())), float(mean.index.max()) or 1.0
    ticks = MaxNLocator(nbins=5, integer=high >= 2).tick_values(low, high)
    return _Axis(_linear(low, high, LEFT, WIDTH - RIGHT), tuple(float(tick) for tick in ticks if low <= tick <= high))


def _up(low: float, high: float) -> _Axis:
    """From the lowest to the highest value, over powers of ten where they are many."""
    bottom, top = HEIGHT - BOTTOM, TOP
    if low > 0 and math.log10(high / low) >= DECADES:
        scale = _linear(math.log10(low), math.log10(high), bottom, top)
        ticks = LogLocator(numticks=5).tick_values(low, high)
        return _Axis(lambda value: scale(math.log10(value)), tuple(float(t) for t in ticks if low <= t <= high))
    if low == high:
        low, high = low - 0.5, high + 0.5
    ticks = MaxNLocator(nbins=4).tick_values(low, high)
    return _Axis(_linear(low, high, bottom, top), tuple(float(tick) for tick in ticks if low <= tick <= high))


def _linear(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (value - low) / ((high - low) or 1.0) * (end - start)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A line through points, to a tenth of a unit."""
    return "M" + " ".join(f"{round(x, 1):g} {round(y, 1):g}" for x, y in points)


def _axes(across: _Axis, up: _Axis, title: str, below: str) -> Markup:
    parts = [Markup('<text class="heading" x="0" y="11">{}</text>').format(title)]
    for tick in up.ticks:
        y = up.at(tick)
        parts.append(Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(LEFT, y, WIDTH - RIGHT))
        parts.append(Markup('<text class="left" x="{}" y="{:.1f}">{:g}</text>').format(LEFT - 6, y + 3.5, tick))
    for tick in across.ticks:
        parts.append(
            Markup('<text class="below" x="{:.1f}" y="{}">{:g}</text>').format(across.at(tick), HEIGHT - 19, tick)
        )
    parts.append(Markup('<path class="axis" d="M{} {}H{}"/>').format(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT))
    parts.append(Markup('<text class="end" x="{}" y="{}">{}</text>').format(WIDTH - RIGHT, HEIGHT - 4, below))
    return Markup("").join(parts)


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"mean of {count} seeds"


# --- states of claims -------------------------------------------------------------------------------------------------

BAR_WIDTH, BAR_HEIGHT, GAP = 300, 14, 1


def bar(title: str, counts: dict[State, int]) -> Markup:
    """How many claims have each state, as one bar from `held` to `not run`."""
    total = sum(counts.values()) or 1
    shown = [(state, counts.get(state, 0)) for state in STATES if counts.get(state, 0)]
    ends = list(itertools.accumulate((count for _, count in shown), initial=0))
    parts = [
        Markup('<rect class="state-{}" x="{:.1f}" y="0" width="{:.1f}" height="{}"><title>{} {}</title></rect>').format(
            state.replace(" ", "-"),
            BAR_WIDTH * start / total,
            max(BAR_WIDTH * count / total - GAP, 0.5),
            BAR_HEIGHT,
            count,
            state,
        )
        for (state, count), start in zip(shown, ends[:-1], strict=True)
    ]
    words = ", ".join(f"{SYMBOLS[state]} {count} {state}" for state, count in shown)
    return _svg(title, f"Of {sum(counts.values())} claims: {words}.", BAR_WIDTH, BAR_HEIGHT, parts, "bar")


def _svg(title: str, words: str, width: int, height: int, parts: Sequence[Markup], kind: str = "chart") -> Markup:
    head = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>').format(
        kind, width, height, escape(title), escape(words)
    )
    return head + Markup("").join(parts) + Markup("</svg>")
