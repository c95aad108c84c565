"""Who is who from frame to frame: people of neighbouring frames are matched by how much their keypoints agree.

The best matching of all people of a frame with all people known so far is the assignment problem (Kuhn 1955), which
scipy solves. The agreement is COCO's OKS, as in Xiao et al. (ECCV 2018, Section 3.2, there greedily). scipy is here
anyway; the tracking libraries that were looked at bring a Kalman filter for boxes and several packages more, for a step
of forty lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.predict.detectors import overlap

LEAST_OVERLAP = 0.1  # OKS from which on two poses can be the same person's
PATIENCE = 1.0  # seconds that somebody may be out of sight and still be known
NOBODY = -1


@dataclass
class _Known:
    """Somebody who has been seen: the number, and the last pose [17, 3] with its frame."""

    person: int
    keypoints: NDArray
    frame: int


def follow(frames: Sequence[NDArray], frames_per_second: float) -> list[NDArray[np.int64]]:
    """The number of each person in each frame: keypoints [P, 17, 3] of every frame -> numbers [P], from 0 on."""
    known: list[_Known] = []
    answer, number = [], 0
    for frame, keypoints in enumerate(frames):
        known = [one for one in known if frame - one.frame <= max(PATIENCE * frames_per_second, 1)]
        people = np.full(len(keypoints), NOBODY, np.int64)
        for row, place in _matches(keypoints, known):
            people[row] = known[place].person
            known[place].keypoints, known[place].frame = keypoints[row], frame
        for row in np.flatnonzero(people == NOBODY).tolist():
            people[row] = number
            known.append(_Known(number, keypoints[row], frame))
            number += 1
        answer.append(people)
    return answer


def _matches(keypoints: NDArray, known: Sequence[_Known]) -> list[tuple[int, int]]:
    """Rows of the keypoints with places in `known`, for those that belong together."""
    if not len(keypoints) or not known:
        return []
    alike = overlap.similarity(keypoints, np.stack([one.keypoints for one in known]))
    pairs = zip(*linear_sum_assignment(alike, maximize=True), strict=True)
    return [(int(row), int(place)) for row, place in pairs if alike[row, place] >= LEAST_OVERLAP]


def without_short(people: Sequence[NDArray[np.int64]], least: int) -> list[NDArray[np.int64]]:
    """The same numbers with NOBODY for those who are in fewer than `least` frames; the others count from 0 on."""
    together = np.concatenate([np.zeros(0, np.int64), *people])
    numbers, counts = np.unique(together, return_counts=True)
    stay = numbers[counts >= least]
    return [np.where(np.isin(part, stay), np.searchsorted(stay, part), NOBODY) for part in people]
