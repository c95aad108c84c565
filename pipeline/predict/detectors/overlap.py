"""How much two people's keypoints agree: COCO's object keypoint similarity (OKS), and who is found twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.detection import overlaps
from pipeline.geometry import coco_keypoints

SAME = 0.5  # from this similarity on, two people of one image are the same one found twice


def boxes(keypoints: NDArray) -> NDArray[np.float64]:
    """The box x0 y0 x1 y1 around the keypoints [P, 17, 3] of each person that have a confidence above 0, [P, 4]."""
    there = keypoints[..., 2:] > 0
    low = np.where(there, keypoints[..., :2], np.inf).min(axis=1)
    high = np.where(there, keypoints[..., :2], -np.inf).max(axis=1)
    return np.concatenate((low, high), axis=1).astype(np.float64)


def similarity(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """OKS [P, Q] of people [P, 17, 3] with people [Q, 17, 3], over the keypoints that the second have.

    As with boxes alone, a person's area is half of the box: a person does not fill it.
    """
    around = boxes(second)
    area = np.prod(around[:, 2:] - around[:, :2], axis=1) / 2
    pairs = overlaps.all_pairs(np.zeros(len(first)), np.zeros(len(second)))
    factors = np.array(coco_keypoints.SIGMAS)
    found = overlaps.oks(first[..., :2], second, around, np.maximum(area, 1.0), factors, pairs)
    return found.reshape(len(first), len(second))


def distinct(keypoints: NDArray, score: NDArray) -> NDArray[np.intp]:
    """The rows of people [P, 17, 3] without those who are a surer one found again, by falling score [P]."""
    order = np.argsort(-score, kind="stable")
    alike = similarity(keypoints, keypoints) >= SAME if len(keypoints) else np.zeros((0, 0), bool)
    kept: list[int] = []
    for row in order.tolist():
        if not alike[row, kept].any():
            kept.append(row)
    return np.array(kept, dtype=np.intp)
