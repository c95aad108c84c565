"""The papers' analyses of one set of stored predictions, and what each component of a mixture does in them.

MDN offset, Tables 1 to 4; Mixture Dense, Tables 1 and 3 to 6 and Figure 2. Results are plain dicts with the fields of
pipeline/detection/results.py. Statistics of components are of predictions of score 0.5 or more, made by the component
with the largest weight. Shares are in percent. Nothing here runs a network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.metrics import VISIBLE, NothingToFindError, Scores, evaluate, evaluate_keypoints, face_share
from pipeline.detection.overlaps import all_pairs, box_iou
from pipeline.detection.results import SUBSETS
from pipeline.geometry.coco_keypoints import GROUPS, LEFT, RIGHT

DISPLACEMENTS = (1, 2, 3)  # px of the original image
CONFIDENT, STRICT = 0.5, 0.7  # lowest scores (MDN offset, Table 3)
COLLAPSED = 95.0  # percent: a mixture is collapsed if one component makes more of the predictions
USED = 5.0  # percent: a component is in use if it makes at least this share of the predictions
SAME = 0.5  # lowest IoU of a detection with the annotated person that it shows
PERCENTILES = {"low": 5, "first": 25, "median": 50, "third": 75, "high": 95}
Statistics = dict[str, float]
MORE_THAN_FIVE, AT_LEAST_TEN = 6, 10  # annotated keypoints of the people whose faces are counted


def mixture(data: ImageSet, detections: Detections) -> dict[str, Any]:
    """results.Mixture of predictions by the component with the largest weight (mode `plain`).

    Raises NothingToFindError.
    """
    sure = confident(detections)
    portions, strict = shares(sure), shares(confident(detections, STRICT))
    count = detections.components
    pose = data.task == "pose"
    pointing = [directions(sure, k) if pose else None for k in range(count)]
    views = back_views(data, sure) if pose else [None] * count
    size = scales(sure.boxes[:, 2:] - sure.boxes[:, :2])
    rows = [
        {
            "share": portions and portions[k],
            "share_strict": strict and strict[k],
            "sigma": spread(sure, k),
            "directions": pointing[k],
            "scale": None if pose else quartiles(size[sure.component == k], len(sure)),
            "back_views": views[k],
            **_contribution(data, detections, k),
        }
        for k in range(count)
    ]
    front, back = front_and_back(portions, pointing)
    return {
        "components": rows,
        "largest_weight": rounded(sure.weights.max(axis=1).mean()) if len(sure) else None,
        "collapsed": count > 1 and portions is not None and max(portions) > COLLAPSED,
        "front": front,
        "back": back,
        "full": by_subset(data, detections),
        **({} if pose else scale_division(sure)),
    }


def _contribution(data: ImageSet, detections: Detections, component: int) -> dict[str, Any]:
    """AP without a component's predictions, with only these, and with every object predicted by it."""
    own = detections.component == component
    return {
        "without": evaluate(data, detections.rows(~own)),
        "only": by_subset(data, detections.rows(own)),
        "forced": by_subset(data, detections.forced(component)),
    }


def by_subset(data: ImageSet, detections: Detections) -> dict[str, Scores]:
    """Scores on each subset of the annotations that is not empty; boxes have only `all`.

    Raises NothingToFindError if all are empty.
    """
    result: dict[str, Scores] = {"all": evaluate(data, detections)}
    for subset in SUBSETS[1:] if data.task == "pose" else ():
        try:
            result[subset] = evaluate(data, detections, subset)
        except NothingToFindError:
            continue
    return result


def groups(data: ImageSet, detections: Detections) -> dict[str, float]:
    """AP of each group of keypoints that is annotated at all (MDN offset, Table 4)."""
    result = {}
    for name, joints in GROUPS.items():
        try:
            result[name] = evaluate_keypoints(data, detections, joints)["ap"]
        except NothingToFindError:
            continue
    return {name: ap for name, ap in result.items() if ap is not None}


def truth(data: ImageSet, seed: int = 0) -> dict[str, Any]:
    """detection.results.Truth: what the annotations alone say (MDN offset, Tables 3 and 4; Mixture Dense, Figure 2).

    Poses: the annotated keypoints, displaced in random directions, as detections of score 1. A keypoint has the same
    direction at every distance, so that the rows differ only in the distance.
    """
    people = ~data.crowd
    if data.task == "boxes":
        boxes = data.boxes[people]
        return {"scale": quartiles(scales(boxes[:, 2:] - boxes[:, :2]), len(boxes))}
    visibility = data.keypoints[people, :, 2]
    annotated = visibility[visibility > 0]
    faces = {
        name: face_share(visibility, least)
        for name, least in (("visible_face", MORE_THAN_FIVE), ("visible_face_strict", AT_LEAST_TEN))
    }
    return {
        "displaced": {str(distance): groups(data, displaced(data, distance, seed)) for distance in DISPLACEMENTS},
        "visible_keypoints": rounded(100 * (annotated == VISIBLE).mean()) if len(annotated) else None,
        **{name: share if share is None else rounded(share) for name, share in faces.items()},
    }


def displaced(data: ImageSet, distance: float, seed: int = 0) -> Detections:
    """People with keypoints as detections of score 1, with every keypoint `distance` px from the truth."""
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


# --- what each component of a mixture does ----------------------------------------------------------------------------


def rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


def confident(detections: Detections, score: float = CONFIDENT) -> Detections:
    return detections.rows(detections.score >= score)


def shares(detections: Detections) -> list[float] | None:
    """Percentage of the predictions made by each component; None without predictions."""
    if not len(detections):
        return None
    counts = np.bincount(detections.component, minlength=detections.components)
    return [rounded(100 * count / len(detections)) for count in counts]


def spread(detections: Detections, component: int) -> Statistics | None:
    """detection.results.Spread of sigma in cells (Mixture Dense, Table 4)."""
    sigma = detections.sigmas[detections.component == component, component].astype(np.float64)
    if not len(sigma):
        return None
    (mean_x, mean_y), (sd_x, sd_y) = sigma.mean(axis=0), sigma.std(axis=0)
    return {"mean_x": rounded(mean_x), "mean_y": rounded(mean_y), "sd_x": rounded(sd_x), "sd_y": rounded(sd_y)}


def directions(detections: Detections, component: int) -> Statistics | None:
    """detection.results.Directions of offsets from the centre, before any refinement (Mixture Dense, Table 4)."""
    assert detections.component_keypoints is not None, "directions are those of keypoints"
    rows = detections.component == component
    if not rows.any():
        return None
    positive = detections.component_keypoints[rows, component] - detections.center[rows, None] > 0  # [n, 17, 2]
    left, right = (100 * positive[:, list(side)].mean(axis=(0, 1)) for side in (LEFT, RIGHT))
    return {
        "left_x": rounded(left[0]),
        "left_y": rounded(left[1]),
        "right_x": rounded(right[0]),
        "right_y": rounded(right[1]),
    }


def front_and_back(portions: list[float] | None, pointing: list[Statistics | None]) -> tuple[int | None, int | None]:
    """The components that predict people seen from the front and from behind; None, None if they do not differ.

    The left parts of a person who faces the camera are on the image's right (+x). Only components in use count: those
    that make 5 % of the predictions or more.
    """
    facing = {
        index: sides["left_x"] - sides["right_x"]
        for index, (portion, sides) in enumerate(zip(portions or [], pointing, strict=False))
        if portion >= USED and sides is not None
    }
    if not facing:
        return None, None
    front, back = max(facing, key=facing.__getitem__), min(facing, key=facing.__getitem__)
    return (front, back) if facing[front] > 0 > facing[back] else (None, None)


def matched(data: ImageSet, detections: Detections) -> NDArray[np.int64]:
    """The annotated object that each detection [D] shows, or -1.

    Detections are matched by IoU of boxes, at least 0.5, best scores first; each object is matched once, crowds never.
    Boxes decide, not keypoints, so that components are counted even if their pose is wrong.
    """
    image = np.repeat(np.arange(len(data)), np.diff(data.first))
    pairs = all_pairs(detections.image, image)
    iou = box_iou(detections.boxes, data.boxes, data.crowd, pairs)
    iou[data.crowd[pairs.truth] | (data.category[pairs.truth] != detections.category[pairs.detection])] = 0
    result = np.full(len(detections), -1)
    taken = np.zeros(len(data.category), dtype=bool)
    order = np.lexsort((-iou, -detections.score[pairs.detection]))
    for pair in order[iou[order] >= SAME]:
        found, true = pairs.detection[pair], pairs.truth[pair]
        if result[found] < 0 and not taken[true]:
            result[found], taken[true] = true, True
    return result


def back_views(data: ImageSet, detections: Detections) -> list[float | None]:
    """Percentage of people seen from the back among each component's matched predictions; None if unknown."""
    if data.back_view is None:
        return [None] * detections.components
    objects = matched(data, detections)
    seen = [data.back_view[objects[(detections.component == k) & (objects >= 0)]] for k in range(detections.components)]
    return [rounded(100 * views.mean()) if len(views) else None for views in seen]


def scales(sizes: NDArray) -> NDArray[np.float64]:
    """Square root of width times height [..., 2], in px."""
    return np.sqrt(np.asarray(sizes, dtype=np.float64).clip(min=0).prod(axis=-1))


def quartiles(values: NDArray, total: int) -> Statistics | None:
    """detection.results.Quartiles of scales, which are a part of `total` objects (Mixture Dense, Figure 2)."""
    if not len(values):
        return None
    points = {name: rounded(np.percentile(values, percent)) for name, percent in PERCENTILES.items()}
    return {**points, "share": rounded(100 * len(values) / total)}


def scale_division(detections: Detections) -> dict[str, float | None]:
    """How far components of boxes divide by scale and by category (Mixture Dense, Section 4.3.1 and Figure 2).

    `scale_correlation` and `category_correlation`: Pearson's correlation of the chosen component's rank (components
    ordered by median scale) with the predicted scale and with the category's number. That number is arbitrary; the
    paper reports the second correlation to show that there is none. `scale_variance`: of log scale within components,
    weighted by their shares. None where nothing varies.
    """
    size = scales(detections.boxes[:, 2:] - detections.boxes[:, :2])
    present = np.unique(detections.component)
    medians = [np.median(size[detections.component == k]) for k in present]
    rank = np.zeros(detections.components)
    rank[present[np.argsort(medians, kind="stable")]] = np.arange(len(present))
    logs = np.log(size.clip(min=1e-3))
    within = [((part := logs[detections.component == k]) - part.mean()) ** 2 for k in present]
    chosen = rank[detections.component]
    return {
        "scale_correlation": correlation(chosen, size),
        "category_correlation": correlation(chosen, detections.category),
        "scale_variance": rounded(np.concatenate(within).mean()) if within else None,
    }


def correlation(first: NDArray, second: NDArray) -> float | None:
    """Pearson's correlation; None if one of the two is constant."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return rounded(np.corrcoef(first, second)[0, 1])
