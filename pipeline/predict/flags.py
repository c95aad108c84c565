"""Names for what makes a prediction doubtful: input unlike the training data, and hypotheses that contradict it.

Three numbers are compared with the training data's own: the size of a person in the image, how far the trunk leans in
the image, and how far the hypotheses disagree where the 2D joints leave no doubt. Weights bring their ranges in the
card. A checkpoint has none, and then USUAL is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.uncertainty import Poses

ABSENT = "absent joints"
UNIT, SIGNED_UNIT = "coordinates in [0, 1]", "coordinates in [-1, 1]"
OUTSIDE = "outside the image"
SMALL, LARGE = "smaller than in training", "larger than in training"
LEANING = "leans further than in training"
DISAGREE = "hypotheses disagree in the image plane"
MISFIT = "does not fit its picture"
MEANING = {
    ABSENT: "joints that were not found are put where the nearest joint is; those beside them are doubtful too",
    UNIT: "pixels are expected; multiply by the image's width and height",
    SIGNED_UNIT: "pixels are expected; these look like normalised coordinates",
    OUTSIDE: "a joint is further outside the image than the image is large; check --width and --height",
    SMALL: "the person is smaller in the image than all people in training; cut the image out around the person",
    LARGE: "the person is larger in the image than all people in training",
    LEANING: "the person lies or bends further than those in training, or the image is turned",
    DISAGREE: "the network's poses differ sideways, where the 2D joints leave no doubt",
    MISFIT: "the pose does not resemble its 2D joints, at whatever size it is drawn",
}

Ranges = Mapping[str, tuple[float, float]]
# Size and lean: the extremes of 80,718 poses of CMU motion capture and of 8,998 made ones, seen by Human3.6M's cameras.
# The disagreement is a guess; a card has the measured one.
USUAL: Ranges = {"size": (0.12, 0.75), "lean_degrees": (0.0, 85.0), "disagreement_mm": (0.0, 60.0)}
INNER = (0.1, 99.9)  # percentiles of the training data that a card has as its ranges

_HIP, _THORAX = HUMAN36M_17.names.index("Hip"), HUMAN36M_17.names.index("Thorax")


def sizes(joints: NDArray, there: NDArray, width: NDArray) -> NDArray:
    """The longer side of the box around the joints [N, 17, 2] that are `there` [N, 17], in image widths, [N]."""
    low = np.where(there[..., None], joints, np.inf).min(axis=1)
    high = np.where(there[..., None], joints, -np.inf).max(axis=1)
    return (high - low).max(axis=1) / width


def leans(joints: NDArray) -> NDArray:
    """The angle in the image between the trunk of joints [N, 17, 2] and upright, in degrees, [N]."""
    trunk = joints[:, _THORAX] - joints[:, _HIP]
    return np.degrees(np.arctan2(np.abs(trunk[:, 0]), -trunk[:, 1]))


def disagreements(poses: Poses) -> NDArray:
    """The standard deviation of the hypotheses along the image plane, root mean square over joints, in mm, [N]."""
    away = (poses.hypotheses - poses.mean[:, None])[..., :2]
    return np.sqrt(np.einsum("nk,nkjc->n", poses.weights, away**2) / away.shape[2])


def ranges(joints: NDArray, width: NDArray, poses: Poses) -> dict[str, list[float]]:
    """The ranges of training data for a card: joints [N, 17, 2] px, image widths [N], and what is predicted of them."""
    there = np.ones(joints.shape[:2], dtype=bool)
    found = {
        "size": sizes(joints, there, width),
        "lean_degrees": leans(joints),
        "disagreement_mm": disagreements(poses),
    }
    return {name: [round(float(value), 3) for value in np.percentile(values, INNER)] for name, values in found.items()}


def of_card(card: Mapping[str, Any], path: object) -> Ranges:
    """The ranges that a card has, else USUAL. Raises InputError for a card with ranges of another form."""
    if "ranges" not in card:
        return USUAL
    try:
        return {name: (float(card["ranges"][name][0]), float(card["ranges"][name][1])) for name in USUAL}
    except (KeyError, TypeError, ValueError, IndexError):
        raise InputError(f"{path}: ranges: expected two numbers for each of {', '.join(USUAL)}") from None


def find(joints: NDArray, there: NDArray, size: NDArray, poses: Poses, fits: NDArray, usual: Ranges) -> list[list[str]]:
    """The flags of each of N poses.

    `joints` [N, 17, 2] px with `there` [N, 17] saying which were found; `size` [N, 2] px; `fits` [N] says whether the
    pose could be placed in its picture.
    """
    seen = joints[there]
    inside = np.abs(joints - size[:, None] / 2) <= 1.5 * size[:, None]
    measured = sizes(joints, there, size[:, 0])
    marks: dict[str, NDArray] = {
        ABSENT: np.asarray(~there.all(axis=1)),
        UNIT: np.full(len(joints), bool((seen >= 0).all() and (seen <= 1).all())),
        SIGNED_UNIT: np.full(len(joints), bool((np.abs(seen) <= 1).all() and (seen < 0).any())),
        OUTSIDE: np.asarray((~inside.all(axis=2) & there).any(axis=1)),
        SMALL: measured < usual["size"][0],
        LARGE: measured > usual["size"][1],
        LEANING: np.asarray(leans(joints) > usual["lean_degrees"][1]),
        DISAGREE: np.asarray(disagreements(poses) > usual["disagreement_mm"][1]),
        MISFIT: ~fits,
    }
    return [[name for name, marked in marks.items() if marked[row]] for row in range(len(joints))]
