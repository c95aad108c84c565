"""People of a video who exchange their numbers from one frame to the next, which would mix their movements."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.predict.keypoints.table import Table

FAR = 0.2  # of a person's size: the mean way of the joints in one frame, beyond which nobody moves
NEARER = 4.0  # times nearer to each other's place than to their own
LEAST_JOINTS = 5  # that all four have


def check(table: Table, absent: NDArray, path: object) -> None:
    """Raise InputError if two people of a video each jump to where the other was; `absent` [N, L]."""
    if not table.sequence:
        return
    places = np.where(absent[..., None], np.nan, table.values[..., :2])
    rows_of = _rows_of(table)
    for first, second in _together({number: table.frame[rows] for number, rows in rows_of.items()}):
        frames, a, b = np.intersect1d(table.frame[rows_of[first]], table.frame[rows_of[second]], return_indices=True)
        if len(frames) < 2:
            continue
        found = _jumps(places[rows_of[first][a]], places[rows_of[second][b]])
        if found.any():
            row = rows_of[first][a][1 + found.argmax()]
            raise InputError(
                f"{path}: {table.images[row]}: people {first} and {second} have exchanged their numbers, each is where "
                "the other was before; give each person the same number, or the same place in every frame"
            )


def _rows_of(table: Table) -> dict[int, NDArray]:
    """The rows of each person who is in two frames or more."""
    order = np.argsort(table.person, kind="stable")
    numbers, starts = np.unique(table.person[order], return_index=True)
    parts = zip(numbers.tolist(), np.split(order, starts[1:]), strict=True)
    return {number: rows for number, rows in parts if number >= 0 and len(rows) > 1}


def _together(frames: dict[int, NDArray]) -> Iterator[tuple[int, int]]:
    """Pairs of people whose times overlap. Thousands of people come and go in a long video, and few meet."""
    spans = sorted((int(of.min()), int(of.max()), number) for number, of in frames.items())
    open_: list[tuple[int, int]] = []
    for start, end, number in spans:
        open_ = [(until, other) for until, other in open_ if until > start]
        yield from ((min(other, number), max(other, number)) for _, other in open_)
        open_.append((end, number))


def _jumps(first: NDArray, second: NDArray) -> NDArray:
    """Whether two people [F, L, 2] change places between frames, [F - 1]."""
    there = np.isfinite(first).all(axis=-1) & np.isfinite(second).all(axis=-1)
    there = there[1:] & there[:-1]  # [F - 1, L]
    count = there.sum(axis=1)

    def way(before: NDArray, after: NDArray) -> NDArray:
        apart = np.where(there, np.linalg.norm(after[1:] - before[:-1], axis=-1), 0.0)
        return apart.sum(axis=1) / np.maximum(count, 1)

    own = way(first, first) + way(second, second)
    exchanged = way(first, second) + way(second, first)
    size = _size(first)[:-1] + _size(second)[:-1]
    return (count >= LEAST_JOINTS) & (own > FAR * size) & (own > NEARER * exchanged)


def _size(places: NDArray) -> NDArray:
    """The longer side of the box around a person's joints [F, L, 2] in each frame, [F]; 0 where there are none."""
    found = np.isfinite(places)
    high, low = (np.where(found, places, sign * np.inf) for sign in (-1, 1))
    return np.where(found.any(axis=(1, 2)), (high.max(axis=1) - low.min(axis=1)).max(axis=-1), 0.0)
