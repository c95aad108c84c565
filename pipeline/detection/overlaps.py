"""Overlap of detections and annotated objects: OKS of poses and IoU of boxes, of all pairs of a set at once.

COCO's definitions, in float64. A pair is a detection and an object of the same image and category.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PAIRS_AT_ONCE = 65_536  # arrays [P, 17, 2] of this many pairs roughly fit a processor's cache


@dataclass(frozen=True)
class Pairs:
    """All pairs, sorted by detection: those of detection d are rows first[d]:first[d + 1]."""

    detection: NDArray[np.int64]  # [P]
    truth: NDArray[np.int64]  # [P]
    first: NDArray[np.int64]  # [D + 1]


def all_pairs(detections: NDArray, truths: NDArray) -> Pairs:
    """Pairs of detections and objects with equal keys, [D] and [G]; the objects' keys are sorted."""
    start, end = np.searchsorted(truths, detections, "left"), np.searchsorted(truths, detections, "right")
    first = np.concatenate([[0], np.cumsum(end - start)])
    detection = np.repeat(np.arange(len(detections)), end - start)
    truth = np.arange(first[-1]) - first[detection] + start[detection]
    return Pairs(detection, truth, first)


def box_iou(detections: NDArray, truths: NDArray, crowd: NDArray, pairs: Pairs) -> NDArray[np.float64]:
    """Intersection over union [P] of boxes x0 y0 x1 y1 [D, 4] and [G, 4].

    For a crowd [G] the union is the detection alone, because everything inside a crowd is a part of it.
    """
    found, true = (
        boxes.astype(np.float64)[rows] for boxes, rows in ((detections, pairs.detection), (truths, pairs.truth))
    )
    low, high = np.maximum(found[:, :2], true[:, :2]), np.minimum(found[:, 2:], true[:, 2:])
    common = (high - low).clip(min=0).prod(axis=1)
    area, true_area = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (found, true))
    union = np.where(crowd[pairs.truth], area, area + true_area - common)
    return np.divide(common, union, out=np.zeros_like(common), where=common > 0)


def oks(
    detections: NDArray, truths: NDArray, boxes: NDArray, area: NDArray, factors: NDArray, pairs: Pairs
) -> NDArray[np.float64]:
    """Object keypoint similarity [P] of poses [D, J, 2] and annotated poses [G, J, 3] (x, y, visibility), in px.

    The mean over annotated keypoints (visibility above 0) of exp(-distance^2 / (2 area (2 factor)^2)), with `area` [G]
    of the object and `factors` [J] from COCO. For an object without keypoints the distances are those to its box [G, 4]
    extended by its own width and height on every side; they are 0 inside.
    """
    parts = [
        _similarity(detections, truths, boxes, area, factors, pairs.detection[part], pairs.truth[part])
        for start in range(0, len(pairs.truth), PAIRS_AT_ONCE)
        for part in [slice(start, start + PAIRS_AT_ONCE)]
    ]
    return np.concatenate([np.zeros(0), *parts])


def _similarity(
    detections: NDArray,
    truths: NDArray,
    boxes: NDArray,
    area: NDArray,
    factors: NDArray,
    rows: NDArray,
    true_rows: NDArray,
) -> NDArray[np.float64]:
    found = detections.astype(np.float64)[rows]  # [P, J, 2]
    annotated = truths[true_rows, :, 2] > 0  # [P, J]
    distance = found - truths[true_rows, :, :2].astype(np.float64)
    without = ~annotated.any(axis=1)
    if without.any():
        box = boxes[true_rows[without]].astype(np.float64)
        size = box[:, 2:] - box[:, :2]
        low, high = (box[:, :2] - size)[:, None], (box[:, 2:] + size)[:, None]
        outside = found[without]
        distance[without] = (low - outside).clip(min=0) + (outside - high).clip(min=0)
        annotated[without] = True
    scale = (2 * factors) ** 2 * 2 * (area.astype(np.float64) + np.spacing(1))[true_rows, None]
    similarity = np.exp(-np.square(distance).sum(axis=2) / scale)
    return np.where(annotated, similarity, 0).sum(axis=1) / annotated.sum(axis=1)
