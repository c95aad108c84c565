"""2D joints of a video, smoothed over time before they are lifted.

A median over five frames takes out joints that are far off in one or two frames: missed, or on the wrong limb. Then a
polynomial of second degree is fitted to each window (Savitzky and Golay, "Smoothing and differentiation of data by
simplified least squares procedures", 1964), which keeps turning points of fast movements better than a mean does. Both
see the frames before and after, so that nothing lags behind, as it would with a filter for live video such as One-Euro.
docs/predict.md has what this does to detections of motion capture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import savgol_filter

from pipeline.artifacts import InputError
from pipeline.predict import timeline
from pipeline.predict.keypoints import Keypoints

SECONDS = 0.3  # the usual window
MEDIAN = 5  # frames
DEGREE = 2


def smooth(keypoints: Keypoints, seconds: float, frames_per_second: float, path: object) -> Keypoints:
    """The same rows with smoothed places; joints that were not found stay absent.

    Raises InputError if the rows are no video, or if people have no numbers that follow them through it.
    """
    table, places = keypoints.table, keypoints.places.copy()
    _check(keypoints, path)
    window = max(MEDIAN, 2 * round(seconds * frames_per_second / 2 - 0.5) + 1)  # the next odd number
    for rows, ticks in _pieces(table.frame, table.person, window):
        if len(rows) >= MEDIAN:
            places[rows] = _smoothed(places[rows], keypoints.absent[rows], ticks, window)
    values = np.concatenate((places, table.values[..., 2:]), axis=-1)
    values[keypoints.absent] = table.values[keypoints.absent]
    return replace(keypoints, table=replace(table, values=values))


def _check(keypoints: Keypoints, path: object) -> None:
    table = keypoints.table
    if not table.sequence:
        raise InputError(f"--smooth: {path}: {table.source} are no video; leave --smooth out")
    _, people = np.unique(np.stack((table.frame, table.person)), axis=1, return_counts=True)
    if people.max() > 1:
        raise InputError(
            f"--smooth: {path}: several people in a frame have no numbers that follow them over time; track them first"
        )


def _pieces(frame: NDArray, person: NDArray, window: int) -> Iterator[tuple[NDArray, NDArray]]:
    """The rows of each person, and their ticks, in pieces between gaps of more than a window."""
    step = timeline.step(frame)
    for number in np.unique(person):
        rows = np.flatnonzero(person == number)
        rows = rows[np.argsort(frame[rows], kind="stable")]
        ticks = timeline.ticks(frame[rows], step, window + 1)
        starts = np.flatnonzero(np.diff(ticks) > window) + 1
        for piece, places in zip(np.split(rows, starts), np.split(ticks, starts), strict=True):
            yield piece, places - places[0]


def _smoothed(places: NDArray, absent: NDArray, ticks: NDArray, window: int) -> NDArray:
    """A piece [F, L, 2] on an even grid of frames: gaps are filled by straight lines before it is smoothed."""
    grid = np.arange(ticks[-1] + 1)
    even = np.zeros((len(grid), *places.shape[1:]))
    for joint in range(places.shape[1]):
        there = ~absent[:, joint]
        if there.any():
            for axis in range(2):
                even[:, joint, axis] = np.interp(grid, ticks[there], places[there, joint, axis])
    fitting = min(window, len(grid) - 1 + len(grid) % 2)  # odd, and not longer than the piece
    clean = median_filter(even, size=(MEDIAN, 1, 1), mode="nearest")
    return savgol_filter(clean, fitting, DEGREE, axis=0)[ticks]
