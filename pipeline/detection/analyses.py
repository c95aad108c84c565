"""The papers' analyses, from one set of stored predictions: nothing here runs a network.

MDN offset, Tables 1 to 4; Mixture Dense, Tables 1 and 3 to 6 and Figure 2. Results are plain dicts with the fields of
pipeline/detection/results.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.detection import components as parts
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.metrics import NothingToFindError, Scores, evaluate, evaluate_keypoints
from pipeline.detection.results import SUBSETS
from pipeline.detection.subsets import VISIBLE, face_share
from pipeline.geometry.coco_keypoints import GROUPS

DISPLACEMENTS = (1, 2, 3)  # px of the original image
MORE_THAN_FIVE, AT_LEAST_TEN = 6, 10  # annotated keypoints of the people whose faces are counted


def mixture(data: ImageSet, detections: Detections) -> dict[str, Any]:
    """The mixture analyses of predictions by the largest component (mode `plain`). Raises NothingToFindError."""
    sure = parts.confident(detections)
    portions, strict = parts.shares(sure), parts.shares(parts.confident(detections, parts.STRICT))
    count = detections.components
    pose = data.task == "pose"
    pointing = [parts.directions(sure, k) if pose else None for k in range(count)]
    views = parts.back_views(data, sure) if pose else [None] * count
    size = parts.scales(sure.boxes[:, 2:] - sure.boxes[:, :2])
    rows = [
        {
            "share": portions and portions[k],
            "share_strict": strict and strict[k],
            "sigma": parts.spread(sure, k),
            "directions": pointing[k],
            "scale": None if pose else parts.quartiles(size[sure.component == k], len(sure)),
            "back_views": views[k],
            **_contribution(data, detections, k),
        }
        for k in range(count)
    ]
    front, back = parts.front_and_back(portions, pointing)
    return {
        "components": rows,
        "largest_weight": parts.rounded(sure.weights.max(axis=1).mean()) if len(sure) else None,
        "collapsed": count > 1 and portions is not None and max(portions) > parts.COLLAPSED,
        "front": front,
        "back": back,
        "full": by_subset(data, detections),
        **({} if pose else parts.scale_division(sure)),
    }


def _contribution(data: ImageSet, detections: Detections, component: int) -> dict[str, Any]:
    """AP without a component's predictions, with them alone, and with all objects predicted by it."""
    own = detections.component == component
    return {
        "without": evaluate(data, detections.rows(~own)),
        "only": by_subset(data, detections.rows(own)),
        "forced": by_subset(data, detections.forced(component)),
    }


def by_subset(data: ImageSet, detections: Detections) -> dict[str, Scores]:
    """Scores on each subset of the annotations that has somebody in it; boxes have `all` alone.

    Raises NothingToFindError if there is nobody at all.
    """
    result: dict[str, Scores] = {"all": evaluate(data, detections)}
    for subset in SUBSETS[1:] if data.task == "pose" else ():
        try:
            result[subset] = evaluate(data, detections, subset)
        except NothingToFindError:
            continue
    return result


def groups(data: ImageSet, detections: Detections) -> dict[str, float]:
    """AP of each group of keypoints that somebody has annotated (MDN offset, Table 4)."""
    result = {}
    for name, joints in GROUPS.items():
        try:
            result[name] = evaluate_keypoints(data, detections, joints)["ap"]
        except NothingToFindError:
            continue
    return {name: ap for name, ap in result.items() if ap is not None}


def truth(data: ImageSet, seed: int = 0) -> dict[str, Any]:
    """detection.results.Truth: what the annotations alone say (MDN offset, Tables 3 and 4; Mixture Dense, Figure 2).

    Poses: the annotated keypoints, displaced in random directions, taken as detections of score 1. One direction a
    keypoint, whatever the distance, so that the rows differ in nothing else.
    """
    people = ~data.crowd
    if data.task == "boxes":
        boxes = data.boxes[people]
        return {"scale": parts.quartiles(parts.scales(boxes[:, 2:] - boxes[:, :2]), len(boxes))}
    visibility = data.keypoints[people, :, 2]
    annotated = visibility[visibility > 0]
    faces = {
        name: face_share(visibility, least)
        for name, least in (("visible_face", MORE_THAN_FIVE), ("visible_face_strict", AT_LEAST_TEN))
    }
    return {
        "displaced": {str(distance): groups(data, displaced(data, distance, seed)) for distance in DISPLACEMENTS},
        "visible_keypoints": parts.rounded(100 * (annotated == VISIBLE).mean()) if len(annotated) else None,
        **{name: share if share is None else parts.rounded(share) for name, share in faces.items()},
    }


def displaced(data: ImageSet, distance: float, seed: int = 0) -> Detections:
    """People who have keypoints, as detections of score 1 whose every keypoint is `distance` px from the truth."""
    annotated = data.keypoints[..., 2] > 0
    rows = np.flatnonzero(annotated.any(axis=1) & ~data.crowd)
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, annotated.shape)[rows]
    moved = data.keypoints[rows, :, :2] + distance * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    keypoints = moved.astype(np.float32)
    boxes, count = data.boxes[rows], len(rows)
    return Detections(
        image=np.repeat(np.arange(len(data)), np.diff(data.first))[rows],
        score=np.ones(count, np.float32),
        category=data.category[rows],
        center=((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32),
        boxes=boxes,
        component=np.zeros(count, np.int64),
        weights=np.ones((count, 1), np.float32),
        sigmas=np.zeros((count, 1, 2), np.float32),
        sizes=(boxes[:, 2:] - boxes[:, :2])[:, None],
        keypoints=keypoints,
        component_keypoints=keypoints[:, None],
    )
